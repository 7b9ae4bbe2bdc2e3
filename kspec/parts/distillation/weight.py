"""The weight of a part of the loss: a number, or a function of the step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from keras import ops

Weight = float | Callable[[Any], Any]
"""A number, or a function of the step (a float32 scalar tensor, from 0), such as a Keras LearningRateSchedule."""


def check_weight(name: str, weight: Weight) -> None:
    """Raises ValueError unless a weight is a function or a finite number of at least 0."""
    if callable(weight):
        return
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
        raise ValueError(f"{name} must be a number of at least 0 or a function of the step, not {weight!r}")


def weight_at(weight: Weight, step: Any) -> Any:
    """The weight at a step: float32 scalar, or the number itself. step: integer scalar tensor, from 0."""
    return ops.cast(weight(ops.cast(step, "float32")), "float32") if callable(weight) else weight
