"""A pruned training that is left after any step goes on to the same bits."""

import numpy as np
import pytest

from kspec import PolynomialDecay, PruneLowMagnitude
from tests.parts.resume.test_resumable import EPOCHS, STEPS, Training


class Pruned(Training):
    def __init__(self):
        super().__init__()
        # Renewed at every second step, so that states fall before, on and after a renewal.
        self.pruning = PruneLowMagnitude(PolynomialDecay(0.0, 0.8, 0, 14, frequency=2))
        self.listed.insert(1, self.pruning)


@pytest.fixture(scope="module")
def alone():
    training = Pruned()
    training.fit(seconds=0)
    assert [one.zeros for one in training.pruning.report()] == [19, 6]  # of 24 and 8
    return training


@pytest.mark.parametrize("number", range(0, EPOCHS * STEPS + 1, 2))
def test_goes_on_from_any_state_to_the_same_bits(alone, number):
    training = Pruned()
    training.fit(alone.states[number])
    for ours, theirs in zip(training.result(), alone.result(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert training.pruning.report()[0].zeros == 19


def test_a_state_holds_the_masks(alone):
    state = alone.states[3]
    kernels, optimizer = 2, 2 + 2 * 4
    assert sum(name.startswith("optimizer/") for name in state.arrays) == optimizer + kernels
    assert state.callbacks[1][1]["step"] == 3
