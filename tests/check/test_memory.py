"""Arithmetic of batches and bytes."""

from hypothesis import given
from hypothesis import strategies as st

from kspec.check.memory import Estimate, between, largest_batch

sizes = st.integers(0, 10**12)
estimates = st.builds(Estimate, sizes, sizes, sizes, st.integers(1, 10**9))


def test_parts():
    estimate = Estimate(weights=100, optimizer=200, gradients=50, per_example=10)
    assert (estimate.fixed, estimate.activations(8), estimate.total(8)) == (350, 80, 430)


def test_a_line_through_two_points():
    estimate = between(1, 2, (4, 140), (8, 180))
    assert estimate == Estimate(weights=1, optimizer=2, gradients=100, per_example=10)


def test_largest_batch():
    estimate = Estimate(weights=100, optimizer=200, gradients=100, per_example=10)
    assert [largest_batch(estimate, bytes_) for bytes_ in (399, 409, 410, 439, 440, 479, 480, 700)] == [
        0, 0, 1, 2, 4, 4, 8, 24,
    ]  # fmt: skip


@given(estimates, st.integers(0, 10**13))
def test_the_largest_that_fits(estimate, available):
    batch = largest_batch(estimate, available)
    following = 1 if batch == 0 else 2 * batch if batch < 8 else batch + 8
    assert batch == 0 or estimate.total(batch) <= available
    assert estimate.total(following) > available
    assert batch % 8 == 0 or batch in (1, 2, 4)
