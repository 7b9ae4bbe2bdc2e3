"""Descriptions of arguments, from docstrings in Keras' and in kspec's form."""

import pytest

from kspec import catalog
from kspec.catalog.docstrings import arguments, in_paragraphs, in_sections, sentence

KERAS = """Does a thing.

    Args:
        rate: Float. The rate of the thing, e.g. 0.1. Defaults to
            `0.1`.
        seed (int): Boolean, whether to seed.
            - a list of words: not an argument
        `mode`: One of `"a"`, `"b"`.

    Call arguments:
        inputs: A tensor.

    Example:
        name: not an argument
    """


class Parent:
    """A parent.

    Args:
        rate: The parent's word.
        size: How large it is.
    """


class Child(Parent):
    __doc__ = KERAS


def test_keras_form():
    assert arguments(Child, ["rate", "seed", "mode", "size", "name", "unknown"]) == {
        "rate": "The rate of the thing, e.g. 0.1",
        "seed": "Whether to seed. - a list of words: not an argument",
        "mode": 'One of `"a"`, `"b"`',
        "size": "How large it is",
    }


def test_sections_end_where_the_text_goes_back():
    assert list(in_sections("Args:\n    a: one\n\nReturns:\n    b: two")) == ["a"]


def test_kspec_form():
    text = "Pads.\n\npadding: pixels a side, 4 by default. mode: how\n    it pads.\nRaises ValueError.\n\nmode: no"
    found = in_paragraphs(text, ("padding", "mode"))
    assert {name: sentence(said) for name, said in found.items()}["padding"] == "Pixels a side, 4 by default"
    assert in_paragraphs(text, ()) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Float. The rate. More.", "The rate"),
        ("Boolean, defaults to `False`. If `True`, it is on.", "If `True`, it is on"),
        ("Optional list of int.", ""),
        ("d at the end", "d at the end"),  # a symbol keeps its case
        ("word " * 100, ("Word " + "word " * 99)[:237].rsplit(" ", 1)[0] + "..."),
    ],
)
def test_the_first_sentence_that_says_more_than_a_type(text, expected):
    assert sentence(text) == expected


@pytest.mark.parametrize(
    ("kind", "name", "argument", "about"),
    [
        ("optimizer", "SGD", "nesterov", "Whether to apply Nesterov momentum"),
        ("layer", "Dense", "units", "Positive integer, dimensionality of the output space"),
        ("model", "ResNet", "depth", "6n + 2 layers with weights"),
        ("keras_hub", "BertTextClassifier", "preset", "A built-in preset identifier, a Kaggle Models handle,"),
    ],
)
def test_the_index_holds_them(kind, name, argument, about):
    assert catalog.entry(kind, name).arguments[argument].about.startswith(about)


def test_most_arguments_are_described():
    found = [one for kind in catalog.kinds() for name in catalog.names(kind)
             for one in catalog.entry(kind, name).arguments.values()]  # fmt: skip
    assert sum(bool(one.about) for one in found) > 0.75 * len(found)
