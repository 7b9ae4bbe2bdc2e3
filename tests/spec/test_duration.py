"""Lengths of training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kspec.spec.duration import Span, as_tree, parse


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("2 epochs", 200),
        ("1 epoch", 100),
        ("0.5 epochs", 50),
        ("30 steps", 30),
        ("1 step", 1),
        ("10%", 100),
        (0.25, 250),
        (0, 0),
    ],
)
def test_in_steps(text, steps):
    assert parse(text).steps(steps_per_epoch=100, epochs=10) == steps


@pytest.mark.parametrize("text", ["2", 2, "two epochs", "-1 epochs", "2 weeks", "", "101%", 1.5, True, None, [1]])
def test_refused(text):
    with pytest.raises(ValidationError):
        parse(text)


@given(st.floats(0, 1e6), st.sampled_from(["epochs", "steps"]))
def test_round_trip(value, unit):
    span = Span(value=value, unit=unit)
    assert parse(as_tree(span)) == span
