"""How a child file, or an override, changes what it builds on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kspec.errors import Problem
from kspec.text.address import GRAMMAR, Step, parse, remove
from kspec.text.nodes import Node, Path

# The keys of `data:` that say where the data comes from: a child that names one replaces its parent's.
EXCLUSIVE = ("tfds", "keras", "sklearn", "image_folder", "text_folder", "csv", "parquet", "npz")
# The same in `model:`, besides names of components.
MODEL_SOURCES = ("layers", "file")


def merge(base: Node | None, new: Node, problems: list[Problem], path: Path = ()) -> Node:
    """`new` laid over `base`: mappings merge deeply, all else replaces.

    A key `~name` of `new` removes `name` from `base` first (`~a.b` works as on the command line). A component
    replaces another one, see `survivors`.
    """
    if not isinstance(new.value, dict):
        return new
    removals = [key for key in new.value if key.startswith("~")]
    base = opened(base, path)
    if base is None or not isinstance(base.value, dict):
        base = replace(new, value={})
    for key in removals:
        base = _removed(base, key, new.value[key], problems, path)
    added = {key: node for key, node in new.value.items() if key not in removals}
    value = survivors(base.value, added, path) if isinstance(base.value, dict) else {}
    for key, node in added.items():
        value[key] = merge(value.get(key), node, problems, (*path, key))
    return replace(new, value=value)


def survivors(base: Mapping[str, Node], added: Mapping[str, Node], path: Path) -> dict[str, Node]:
    """What stays of the mapping `base` at `path` when `added` is merged into it.

    - `{SGD: ...}` and then `{Adam: ...}`: one component replaces the other.
    - in `model:` a new component (or MODEL_SOURCES) replaces the old one; other keys (`regularizer:`) stay.
    - in `data:` a new source (EXCLUSIVE) replaces the old one. `csv: null` names no source.
    """
    if path in (("data",), ("model",)):
        is_source = _is_data_source if path == ("data",) else _is_model_source
        if any(is_source(key, node) for key, node in added.items()):
            return {key: node for key, node in base.items() if key in added or not is_source(key, node)}
    elif len(base) == len(added) == 1 and all(map(is_component, (*base, *added))):
        return {key: node for key, node in base.items() if key in added}
    return dict(base)


def _is_data_source(key: str, node: Node) -> bool:
    return key in EXCLUSIVE and node.value is not None


def _is_model_source(key: str, node: Node) -> bool:
    return is_component(key) or (key in MODEL_SOURCES and node.value is not None)


def opened(node: Node | None, path: Path) -> Node | None:
    """`node`, with `model: ResNet` written as `model: {ResNet: {}}`, so that other keys can join it."""
    if node and path == ("model",) and isinstance(node.value, str) and is_component(node.value):
        return replace(node, value={node.value: Node({}, node.mark, node.mark)})
    return node


def is_component(key: str) -> bool:
    """Names of components, and only they, begin with an upper-case letter."""
    return key[:1].isupper()


def _removed(base: Node, key: str, node: Node, problems: list[Problem], path: Path) -> Node:
    mark = node.key or node.mark
    if node.value is not None:
        hint = f"write '{key}:' alone, and the new value under '{key[1:]}:'"
        problems.append(Problem((*path, key), "a '~' key removes and takes no value", hint=hint, mark=node.mark))
        return base
    if isinstance(base.value, dict) and key[1:] in base.value:
        steps = [Step(key[1:], 0)]
    else:
        try:
            steps, end = parse(key[1:])
            if end < len(key) - 1:
                raise ValueError("'=' cannot stand here")
        except ValueError as error:
            problems.append(Problem((*path, key), str(error), GRAMMAR, mark=mark, on_key=True))
            return base
    return remove(base, steps, [mark] * len(steps), problems, path)
