"""What counts as a number, a pair and a pattern."""

from fractions import Fraction

import numpy as np
import pytest

from kspec.parts.pruning import arguments


def test_plain_values():
    assert [arguments.number(one, "x") for one in (1, np.float32(0.5), np.int8(3), Fraction(1, 4))] == [1, 0.5, 3, 0.25]
    assert [arguments.whole(one, "x") for one in (2, 2.0, np.float64(4), np.int64(5))] == [2, 2, 4, 5]
    assert arguments.pair([2.0, np.int32(4)], "x") == (2, 4)
    assert arguments.patterns("a/*", "x") == ("a/*",)
    assert arguments.patterns(["a/*", "b"], "x") == ("a/*", "b")
    assert arguments.shares(None, "x") == {}
    assert arguments.shares({"a": 0, "b": np.float16(0.5)}, "x") == {"a": 0.0, "b": 0.5}


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: arguments.number(True, "x"), TypeError, "x must be a number, not True"),
        (lambda: arguments.whole(float("inf"), "x"), ValueError, "x must be a whole number, not inf"),
        (lambda: arguments.share(1.0, "x"), ValueError, "x must be at least 0 and below 1, not 1.0"),
        (lambda: arguments.pair("24", "x"), TypeError, "x must be two whole numbers, e.g. (2, 4), not '24'"),
        (lambda: arguments.pair((1, 2, 3), "x"), ValueError, "x must be two whole numbers, e.g. (2, 4), not (1, 2, 3)"),
        (
            lambda: arguments.shares({1: 0.5}, "x"),
            TypeError,
            "a pattern in x must be a string such as '*/kernel', not 1",
        ),
    ],
)
def test_what_is_refused(call, kind, said):
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == said
