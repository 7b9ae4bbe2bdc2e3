"""The weight of a part of the loss: a number, or a function of the step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

from keras import ops

Weight = float | Callable[[Any], Any]
"""A number, or a function of the step (a float32 scalar tensor, from 0), such as a Keras LearningRateSchedule."""


@dataclass(frozen=True)
class Ramp:
    """A weight that goes from `initial` to `final` between two steps, as a function of the step.

    Steps count from 0: it is `initial` up to step `begin` and `final` from step `end` on.

    curve: "linear" (default), or "cosine", half a cosine. Raises ValueError for an argument out of range.

    Example:
        DecoupledDistillation(weight=Ramp(0.0, 1.0, begin=0, end=20 * steps_per_epoch))
    """

    initial: float
    final: float
    begin: int
    end: int
    curve: Literal["linear", "cosine"] = "linear"

    def __post_init__(self) -> None:
        check_weight("initial", self.initial)
        check_weight("final", self.final)
        if not 0 <= self.begin < self.end:
            raise ValueError(f"begin must be at least 0 and below end, not {self.begin} and {self.end}")
        if self.curve not in ("linear", "cosine"):
            raise ValueError(f"curve must be 'linear' or 'cosine', not {self.curve!r}")

    def __call__(self, step: Any) -> Any:
        """The weight at a step, a float32 scalar."""
        done = ops.clip((ops.cast(step, "float32") - self.begin) / (self.end - self.begin), 0.0, 1.0)
        if self.curve == "cosine":
            done = 0.5 * (1.0 - ops.cos(math.pi * done))
        return self.initial + (self.final - self.initial) * done


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, of NumPy too; a bool is none."""
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)


def check_weight(name: str, weight: Weight) -> None:
    """Raises ValueError unless a weight is a function or a finite number of at least 0."""
    if not callable(weight) and not (is_number(weight) and weight >= 0):
        raise ValueError(f"{name} must be a number of at least 0 or a function of the step, not {weight!r}")


def weight_at(weight: Weight, step: Any) -> Any:
    """The weight at a step: float32 scalar, or the number itself. step: integer scalar tensor, from 0."""
    # A number of NumPy would make the loss float64.
    return ops.cast(weight(ops.cast(step, "float32")), "float32") if callable(weight) else float(weight)
