"""Lengths of training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kspec.spec.base import stated
from kspec.spec.duration import Span, as_tree, interval, parse


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


@pytest.mark.parametrize(("value", "hint"), [(3, "did you mean '3 epochs'?"), (-3, "")])
def test_a_whole_number_is_asked_for_its_unit_and_a_negative_one_is_not(value, hint):
    with pytest.raises(ValidationError) as caught:
        parse(value)
    assert [problem.hint for problem in stated(caught.value)] == [hint]


@pytest.mark.parametrize("value", [0, 0.0, "0%", "0 epochs", -1])
def test_an_interval_is_more_than_nothing(value):
    with pytest.raises(ValidationError):
        interval(value)


def test_an_interval_is_a_span():
    assert interval("5 steps") == Span(value=5, unit="steps")


@given(st.floats(0, 1e6), st.sampled_from(["epochs", "steps"]))
def test_round_trip(value, unit):
    span = Span(value=value, unit=unit)
    assert parse(as_tree(span)) == span
