"""How much memory a training needs, as a fixed part and a part for each example of a batch. Pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass

EIGHTS = 8
"""A batch is a power of two up to this, and a multiple of it above: what processors' vectors and tensor cores like."""


@dataclass(frozen=True)
class Estimate:
    """Bytes that a training step holds at its fullest moment.

    weights: of the model. optimizer: its moments and counters. gradients: what does not grow with the batch beside
    these: gradients, and weights cast to a lower precision. per_example: what grows with it: activations kept for the
    backward pass, and the gradients of activations.
    """

    weights: int
    optimizer: int
    gradients: int
    per_example: int

    @property
    def fixed(self) -> int:
        """What is needed whatever the batch."""
        return self.weights + self.optimizer + self.gradients

    def activations(self, batch: int) -> int:
        """What the examples of a batch need."""
        return self.per_example * batch

    def total(self, batch: int) -> int:
        """Everything."""
        return self.fixed + self.activations(batch)


def between(weights: int, optimizer: int, small: tuple[int, int], large: tuple[int, int]) -> Estimate:
    """The estimate from what a step of a small and of a large batch hold beside weights and optimizer.

    small, large: (examples, bytes). The straight line through both.
    """
    (few, low), (many, high) = small, large
    each = max(0, math.ceil((high - low) / (many - few)))
    return Estimate(weights, optimizer, max(0, high - each * many), each)


def largest_batch(estimate: Estimate, available: int) -> int:
    """The largest batch that fits in `available` bytes: a power of two up to 8, a multiple of 8 above; 0 if none.

    Example:
        largest_batch(Estimate(weights=100, optimizer=200, gradients=100, per_example=10), available=700)  # 24
    """
    left = available - estimate.fixed
    fits = left // max(estimate.per_example, 1)
    if fits < 1:
        return 0
    return int(fits // EIGHTS * EIGHTS) if fits >= EIGHTS else int(2 ** (int(fits).bit_length() - 1))
