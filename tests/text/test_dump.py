"""Canonical YAML text, and that it reads back as it was."""

import math
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kspec.text import dump, read_text

TREE = {
    "name": "digits",
    "data": {"tfds": "cifar10", "train": "train[:45000]", "clean": ["drop_duplicates"], "augment": []},
    "model": {"ResNet": {"depth": 20, "dropout": 0.1}, "regularizer": None},
    "training": {"learning_rate": 1e-05, "augment": [{"RandomCrop": {"padding": 4}}, "MixUp"], "jit": False},
    "words": ["no", "1e-3", "010", "1:30", "", "~", "true", "<<", "a: b", "é", "- x"],
}
TEXT = """\
name: digits
data:
  tfds: cifar10
  train: train[:45000]
  clean: [drop_duplicates]
  augment: []
model:
  ResNet: {depth: 20, dropout: 0.1}
  regularizer: null
training:
  learning_rate: 1e-05
  augment:
    - RandomCrop: {padding: 4}
    - MixUp
  jit: false
words: ['no', '1e-3', '010', '1:30', '', '~', 'true', '<<', 'a: b', é, '- x']
"""


def test_the_text_is_what_a_person_would_write() -> None:
    assert dump(TREE) == TEXT
    assert read_text(TEXT).tree == TREE


def test_what_does_not_fit_a_line_stands_in_block_style() -> None:
    assert dump({"a": ["x" * 50, "y" * 50]}) == f"a:\n  - {'x' * 50}\n  - {'y' * 50}\n"
    assert dump({"a": "one\ntwo\n"}) == "a: |\n  one\n  two\n"


def test_tuples_become_lists_and_other_things_are_refused() -> None:
    assert dump({"a": (1, 2)}) == "a: [1, 2]\n"
    with pytest.raises(TypeError, match="YAML has no form for a object"):
        dump({"a": object()})
    with pytest.raises(TypeError, match="a key must be a str, not 1"):
        dump({1: "a"})


def exactly(value: Any) -> Any:
    """`value` with floats as their bits, so that == tells 1 from 1.0, 0.0 from -0.0, and finds nan equal."""
    if isinstance(value, dict):
        return {key: exactly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exactly(item) for item in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("d", value)
    return type(value), value


TRICKY = st.sampled_from(
    ["no", "1e-3", "010", "0x1F", ".5", "1:30", "~", "null", "<<", "=", "|", " a", "a ", "#", "a #b"]
)
TEXTS = st.text(max_size=20) | TRICKY | st.text(st.sampled_from("ab \n:#-'\"\\\t"), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(TEXTS.filter(lambda key: key != "extends"), VALUES, max_size=5))
@example({"a" * 2000: {"b" * 2000: "c" * 3000}})
@example({})
@example({"a": "\n\n", "b": " x\ny", "c": "x \ny", "d": "\x85\u2028\ufeff\x00\x7f"})
def test_any_tree_reads_back_as_it_was(tree: dict[str, Any]) -> None:
    again = read_text(dump(tree)).tree
    assert exactly(again) == exactly(tree)
    assert list(again) == list(tree)
