import ast

import pytest

from kspec.catalog.kinds import OWN
from kspec.eject.needs import PARTS
from kspec.eject.source import names_in, take

CROP, FLIP = PARTS["RandomCrop"], PARTS["RandomFlip"]


def names(taken):
    return [name for _, name in taken.sources]


def test_a_part_comes_with_what_it_needs_and_nothing_else():
    taken = take([PARTS["InverseSqrt"]])
    assert names(taken) == ["_rates", "InverseSqrt"]
    assert taken.imports == {"Any": ("typing", "Any"), "keras": ("keras", ""), "ops": ("keras", "ops")}


def test_what_is_needed_stands_first_and_once():
    found = names(take([FLIP, CROP]))
    assert found.index("PerSampleAugmentation") < found.index("RandomFlip") < found.index("RandomCrop")
    assert found.count("gather_pixels") == 1


def test_docstrings_decorators_and_comments_come_along():
    source = take([FLIP]).sources
    assert source[FLIP].startswith('@keras.saving.register_keras_serializable(package="kspec")\nclass RandomFlip(')
    assert "Worth about 0.1 points on CIFAR-10" in source[FLIP]
    constants = "\n".join(source.values())
    assert constants.count("_ROWS, _COLUMNS = ") == 1 and "# Odd constants near 2^64/golden ratio" in constants


def test_two_things_of_one_name_are_told_apart():
    sources = take([CROP, FLIP]).sources
    text = "\n".join(sources.values())
    assert "\nCROP_MODES = " in text and "\nFLIP_MODES = " in text and " MODES" not in text
    assert "if mode not in CROP_MODES:" in sources[CROP] and "if mode not in FLIP_MODES:" in sources[FLIP]
    assert 'f"mode must be one of {CROP_MODES}, not {mode!r}"' in sources[CROP]


OWN_NAMES = [name for found in OWN.values() for name in found]


@pytest.mark.parametrize("wanted", [*([name] for name in OWN_NAMES), OWN_NAMES], ids=lambda wanted: wanted[0])
def test_parts_stand_on_their_own(wanted):
    """Each name that the sources use is defined there, imported, or a local one."""
    taken = take([PARTS[name] for name in wanted])
    text = "\n".join(taken.sources.values())
    tree = ast.parse(text)
    known = {name for node in tree.body for name in _defined(node)} | set(taken.imports)
    for node in ast.walk(tree):
        known |= _local(node)
    assert set(names_in(tree)) - known == set()
    assert "kspec." not in text


def _local(node):
    if isinstance(node, ast.arguments):
        extra = [one for one in (node.vararg, node.kwarg) if one is not None]
        return {one.arg for one in [*node.posonlyargs, *node.args, *node.kwonlyargs, *extra]}
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name for alias in node.names}
    if isinstance(node, ast.Name):
        return {node.id} if _stored(node) else set()
    return {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) else set()


def _defined(node):
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    return [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and _stored(inner)]


def _stored(node):
    return isinstance(node.ctx, ast.Store)
