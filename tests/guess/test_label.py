"""Which column is the label, by the evidence, and what other columns are."""

import numpy as np
import pandas
import pytest

from kspec.errors import UsageError
from kspec.guess.label import given, is_id, is_text, likely

RANDOM = np.random.default_rng(0)
COUNT = 60


def table(**columns):
    return pandas.DataFrame(columns)


FLOATS = RANDOM.normal(0, 1, COUNT)
CLASSES = np.array(["a", "b", "c"] * (COUNT // 3))
NUMBERS = np.arange(COUNT) % 7


@pytest.mark.parametrize(
    ("columns", "label", "sure"),
    [
        ({"target": FLOATS, "x": FLOATS}, "target", True),
        ({"x": FLOATS, " Class ": CLASSES, "z": CLASSES}, " Class ", True),
        ({"x": FLOATS, "house_price": FLOATS, "z": FLOATS}, "house_price", True),
        ({"label_1": CLASSES, "x": FLOATS, "label_2": CLASSES}, "label_2", False),
        ({"x": FLOATS, "kind": CLASSES}, "kind", False),
        ({"x": FLOATS, "level": NUMBERS}, "level", False),
        ({"kind": CLASSES, "x": FLOATS}, "kind", False),
        ({"level": NUMBERS, "x": FLOATS}, "x", False),  # a first column of numbers is a feature more often
        ({"x": FLOATS, "z": FLOATS, "id": np.arange(COUNT)}, "z", False),
    ],
)
def test_the_likely_label(columns, label, sure):
    found = likely(table(**columns))
    assert (found.columns, found.sure) == ((label,), sure)
    assert found.why


def test_no_column_looks_like_a_label():
    names = [f"person {number}" for number in range(COUNT)]
    with pytest.raises(UsageError, match="name it with --label COLUMN, one of name, other"):
        likely(table(name=names, other=names))


def test_the_users_word_counts():
    assert given(["a", "b", "c"], ["c", "a"]).columns == ("c", "a")
    with pytest.raises(UsageError, match="did you mean 'price'"):
        given(["price"], ["prise"])


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("customer_id", RANDOM.permutation(COUNT), True),
        ("userId", RANDOM.permutation(COUNT), True),
        ("Unnamed: 0", np.arange(COUNT), True),
        ("anything", np.arange(1, COUNT + 1), True),  # a sequence numbers the rows
        ("name", [f"person{number}" for number in range(COUNT)], True),
        ("x", FLOATS, False),
        ("paid", RANDOM.permutation(COUNT) * 3, False),
        ("customer_id", NUMBERS, False),  # many rows of one customer
        ("valid", CLASSES, False),
    ],
)
def test_columns_that_name_the_rows(name, values, expected):
    assert is_id(pandas.Series(values), name) is expected


def test_sentences_are_texts_and_names_are_not():
    sentences = [f"this is sentence number {number}" for number in range(COUNT)]
    assert is_text(pandas.Series(sentences))
    assert not is_text(pandas.Series(CLASSES))
    assert not is_text(pandas.Series(FLOATS))
    assert not is_text(pandas.Series(["one of a few long texts"] * COUNT))
