"""Gates: a comparison and a small sum of numbers and `base`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kspec.spec.require import batch_size, impossible, parse, unknown


@pytest.mark.parametrize(
    ("text", "base", "bound"),
    [
        (">= 0.98", 0.5, 0.98),
        (">= base - 0.005", 0.985, 0.98),
        ("<= base / 4", 100, 25),
        ("< 2 * (base + 1) - 3", 10, 19),
        ("> -base + 1_000", 1, 999),
        ("<= 8 / 2 / 2", 0, 2),
        ("<= 8 - 2 - 1", 0, 5),
        ("<=1e-3", 0, 0.001),
        (">= .5*base", 3, 1.5),
        ("<= 2 + 3 * 4", 0, 14),
    ],
)
def test_bounds(text, base, bound):
    assert parse(text).bound(base) == pytest.approx(bound, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    ["0.98", "= 1", "== 1", ">=", ">= ", "<= base /", "<= (1", "<= 1)", "<= foo", "<= basement", "<= 1 2", "<= 2base",
     "<= 1 // 2", "<= 2 ** 3", "<= base.real", "<= __import__('os')", "<= 1/0", "<= 1e999", "", "<= " + "(" * 300,
     "<= base / 0", "<= base / (base - base)", "<= base / (0 * base)"],
)  # fmt: skip
def test_what_is_no_gate(text):
    with pytest.raises(ValidationError):
        parse(text)


def test_a_number_alone_is_no_gate():
    with pytest.raises(ValidationError):
        parse(0.98)


def test_a_bound_that_divides_by_zero_for_one_base_only():
    assert parse(">= 1 / (base - 1)").bound(3) == 0.5
    assert parse("<= 2 / (base - 0.37)").bound(1.37) == pytest.approx(2)


@pytest.mark.parametrize(
    ("name", "gate", "message", "hint"),
    [
        ("test_accuracy", ">= 97", "an accuracy is never above 1", "did you mean '>= 0.97'?"),
        ("validation_views_accuracy", "> 150", "an accuracy is never above 1", ""),
        ("test_accuracy", ">= -0.5", "it is never below 0", ""),
        ("size_mb", "<= -1", "it is never below 0", ""),
        ("latency_1_ms", "< 0.5 - 2", "it is never below 0", ""),
    ],
)
def test_bounds_that_tell_nothing(name, gate, message, hint):
    found = impossible(name, parse(gate))
    assert (found.path, found.message, found.hint, found.found) == ((name,), message, hint, gate)


@pytest.mark.parametrize(
    ("name", "gate"),
    [("test_accuracy", ">= 1"), ("test_loss", "<= 97"), ("test_r2_score", ">= -1"), ("test_accuracy", ">= base - 2"),
     ("size_mb", "<= 0"), ("latency_64_ms", "<= 3"), ("test_mean_absolute_percentage_error", "<= 12")],
)  # fmt: skip
def test_bounds_that_tell_something(name, gate):
    assert impossible(name, parse(gate)) is None


def test_which_values_hold():
    assert [parse(f"{sign} 1").holds(1, 0) for sign in (">=", "<=", ">", "<")] == [True, True, False, False]
    assert not parse(">= 0").holds(math.nan, 0)
    assert not parse("<= 1 / base").holds(0, 0)


numbers = st.floats(0, 1e6).map(lambda value: f"{value:.6f}")
sums = st.recursive(
    numbers | st.just("base"),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join) | inner.map(lambda one: f"({one})"),
    max_leaves=6,
)


@given(sums, st.floats(-1e3, 1e3))
def test_bounds_are_pythons(text, base):
    if len(text) < 190:
        assert parse(f"<= {text}").bound(base) == pytest.approx(eval(text, {"base": base}), rel=1e-12)


def test_names():
    assert unknown("macs") is unknown("test_accuracy") is unknown("validation_views_loss") is None
    assert unknown("accuracy").hint == "did you mean 'test_accuracy'?"
    assert unknown("test_") is not None


def test_names_of_latencies():
    assert unknown("latency_1_ms") is unknown("latency_4096_ms") is None
    assert [batch_size(one) for one in ("latency_64_ms", "macs", "latency_01_ms")] == [64, None, None]
    for name in ("latency_0_ms", "latency_ms", "latency_1", "latency_1_ms_", "latency_-1_ms", "latency_1.5_ms"):
        assert unknown(name) is not None
