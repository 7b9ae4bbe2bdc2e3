"""When masks are renewed, and how sparse they are, worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kspec.parts.pruning.schedules import ConstantSparsity, PolynomialDecay, known, last_update, next_due, read


def due(schedule, steps):
    return [step for step in range(1, steps + 1) if schedule(step)[0]]


def test_constant():
    schedule = ConstantSparsity(0.5, begin_step=2, end_step=8, frequency=3)
    assert due(schedule, 20) == [2, 5, 8]
    assert due(ConstantSparsity(0.5, 0, frequency=4), 12) == [4, 8, 12]
    assert read(schedule, 1) == (False, np.float32(0.5))
    assert (schedule.final, last_update(schedule), last_update(ConstantSparsity(0.5, 0))) == (0.5, 8, None)


def test_polynomial():
    schedule = PolynomialDecay(0.0, 0.8, begin_step=10, end_step=20, power=3, frequency=5)
    assert due(schedule, 30) == [10, 15, 20]
    # Half of the way: 0.8 - 0.8 * 0.5 ** 3.
    np.testing.assert_allclose([schedule(step)[1] for step in (1, 10, 15, 20, 30)], [0, 0, 0.7, 0.8, 0.8], atol=1e-7)
    assert last_update(PolynomialDecay(0.0, 0.8, 0, 20, frequency=7)) == 14


def test_another_final_sparsity():
    assert ConstantSparsity(0.5, 3).with_final(0.2) == ConstantSparsity(0.2, 3)
    assert PolynomialDecay(0.5, 0.9, 0, 9).with_final(0.2) == PolynomialDecay(0.2, 0.2, 0, 9)


@given(
    begin=st.integers(0, 20),
    length=st.one_of(st.none(), st.integers(1, 20)),
    frequency=st.integers(1, 9),
    step=st.integers(0, 50),
)
def test_the_next_step_that_renews(begin, length, frequency, step):
    if length is None:
        schedule = ConstantSparsity(0.5, begin, frequency=frequency)
    else:
        schedule = PolynomialDecay(0.1, 0.5, begin, begin + length, frequency=frequency)
    later = [one for one in range(step + 1, step + 40) if schedule(one)[0]]
    assert next_due(schedule, step) == (later[0] if later else math.inf)


def test_a_function_is_asked_at_every_step():
    assert next_due(lambda step: (step == 9, 0.5), 3) == 4


def test_a_function_is_a_schedule_of_its_own():
    assert known(lambda step: (step == 3, 0.5)) is None
    assert read(lambda step: (step == 3, 0.5), 3) == (True, np.float32(0.5))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ConstantSparsity(1.0, 0), "target_sparsity"),
        (lambda: ConstantSparsity(0.5, -1), "begin_step"),
        (lambda: ConstantSparsity(0.5, 5, 4), "end_step"),
        (lambda: ConstantSparsity(0.5, 0, frequency=0), "frequency"),
        (lambda: PolynomialDecay(0.0, 0.5, 0, -1), "arrive somewhere"),
        (lambda: PolynomialDecay(0.0, 0.5, 3, 3), "after begin_step"),
        (lambda: PolynomialDecay(-0.1, 0.5, 0, 3), "initial_sparsity"),
        (lambda: PolynomialDecay(0.0, 1.5, 0, 3), "final_sparsity"),
    ],
)
def test_what_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_numbers_of_numpy_and_whole_floats_are_numbers():
    given = PolynomialDecay(np.float32(0.25), np.float64(0.5), 0.0, np.int64(8), np.float32(3), frequency=2.0)
    assert given == PolynomialDecay(0.25, 0.5, 0, 8, 3, 2)
    assert {type(one) for one in vars(given).values()} == {int, float}
    assert due(given, 9) == [2, 4, 6, 8]
    assert ConstantSparsity(np.float32(0.5), 0) == ConstantSparsity(0.5, 0)


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (lambda: PolynomialDecay(0.0, "0.8", 0, 10), TypeError, "^final_sparsity must be a number, not '0.8'"),
        (lambda: ConstantSparsity(None, 0), TypeError, "^target_sparsity must be a number, not None"),
        (lambda: ConstantSparsity(float("nan"), 0), ValueError, "^target_sparsity must be at least 0 and below 1"),
        (lambda: ConstantSparsity(0.5, "0"), TypeError, "^begin_step must be a number, not '0'"),
        (lambda: PolynomialDecay(0.0, 0.8, 0, 9.5), ValueError, "^end_step must be a whole number, not 9.5"),
        (lambda: ConstantSparsity(0.5, 0, frequency=2.5), ValueError, "^frequency must be a whole number, not 2.5"),
        (lambda: PolynomialDecay(0.0, 0.8, 0, 9, "3"), TypeError, "^power must be a number, not '3'"),
        (lambda: PolynomialDecay(0.0, 0.8, 0, 9, 0), ValueError, "^power must be above 0, not 0"),
        (lambda: read(lambda step: (True, 1.5), 3), ValueError, "the schedule gives 1.5 at step 3"),
        (lambda: read(lambda step: (True, float("nan")), 3), ValueError, "the schedule gives nan at step 3"),
        (lambda: read(lambda step: 0.5, 3), TypeError, r"must give \(renew, sparsity\), not 0.5"),
        (lambda: read(lambda step: (True, "x"), 3), TypeError, r"not \(True, 'x'\), as it does at step 3"),
    ],
)
def test_what_is_no_number_is_named(make, kind, said):
    with pytest.raises(kind, match=said):
        make()
