"""Learning-rate schedules that Keras lacks. They are computed in the graph, so they are exact at every step.

All of them count steps from 0: `schedule(0)` is the rate of the first update and `schedule(total_steps - 1)` that of
the last one. With an optimizer's `gradient_accumulation_steps` Keras counts every batch as a step, and so do they.
Cosine, polynomial, exponential and piecewise decays, and cosines with restarts, are in keras.optimizers.schedules;
`Warmup` puts a rise in front of any of them.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kspec")
class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    """A rise from `initial` to where another schedule starts, then that schedule.

    At step s < warmup_steps the rate is initial + (peak - initial) * s / warmup_steps (linear, Goyal et al. 2017,
    arXiv:1706.02677, section 2.2) or initial * (peak / initial) ** (s / warmup_steps) (exponential), where
    peak = after(0); from step warmup_steps on it is after(s - warmup_steps).

    after: a rate, or a schedule, which counts its steps from the end of the warmup.
    warmup_steps: length of the rise in steps; 0 means none.
    initial: rate of the first step, 0 by default; above 0 for an exponential rise.
    warmup_curve: "linear" (default) or "exponential".
    Raises ValueError for an argument out of range.

    Example:
        decay = keras.optimizers.schedules.PolynomialDecay(0.1, decay_steps=900, end_learning_rate=0.001)
        keras.optimizers.SGD(Warmup(decay, warmup_steps=100))
    """

    def __init__(
        self,
        after: Any,
        warmup_steps: int,
        initial: float = 0.0,
        warmup_curve: Literal["linear", "exponential"] = "linear",
    ) -> None:
        super().__init__()
        if warmup_steps < 0:
            raise ValueError(f"warmup_steps must be at least 0, not {warmup_steps}")
        if warmup_curve not in ("linear", "exponential"):
            raise ValueError(f"warmup_curve must be 'linear' or 'exponential', not {warmup_curve!r}")
        if initial < 0 or (warmup_curve == "exponential" and not initial):
            raise ValueError(f"initial must be at least 0, and above 0 for an exponential rise, not {initial}")
        self.after = after if isinstance(after, keras.optimizers.schedules.LearningRateSchedule) else float(after)
        self.warmup_steps, self.initial, self.warmup_curve = warmup_steps, float(initial), warmup_curve

    def __call__(self, step: Any) -> Any:
        """The rate at a step, a float32 scalar."""
        step = ops.cast(step, "float32")
        steps = float(self.warmup_steps)
        after = self._after(ops.maximum(step - steps, 0.0))
        if not self.warmup_steps:
            return after
        peak, done = self._after(ops.zeros_like(step)), ops.minimum(step / steps, 1.0)
        linear = self.warmup_curve == "linear"
        rise = self.initial + (peak - self.initial) * done if linear else self.initial * (peak / self.initial) ** done
        return ops.where(step < steps, rise, after)

    def _after(self, step: Any) -> Any:
        rate = self.after(step) if callable(self.after) else self.after
        return ops.cast(rate, "float32")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        after = keras.saving.serialize_keras_object(self.after) if callable(self.after) else self.after
        return {
            "after": after,
            "warmup_steps": self.warmup_steps,
            "initial": self.initial,
            "warmup_curve": self.warmup_curve,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Warmup:
        """The schedule with the arguments that `get_config` gave."""
        return cls(**{**config, "after": keras.saving.deserialize_keras_object(config["after"])})


@keras.saving.register_keras_serializable(package="kspec")
class WarmupCosineDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A linear rise to `peak`, then half a cosine that reaches `final` at the last step.

    The same as `keras.optimizers.schedules.CosineDecay` with its warmup (Loshchilov & Hutter 2017, arXiv:1608.03983,
    equation 5), told in the length of the training and the rate at its end.

    peak: the highest rate, reached at step warmup_steps.
    total_steps: steps of the whole training, at least warmup_steps + 1.
    warmup_steps: length of the rise, 0 by default. initial: rate of the first step of the rise, 0 by default.
    final: rate of step total_steps - 1 and after, 0 by default.
    Raises ValueError for an argument out of range.

    Example:
        keras.optimizers.SGD(WarmupCosineDecay(peak=0.4, total_steps=1000, warmup_steps=100, final=0.001))
    """

    def __init__(
        self, peak: float, total_steps: int, warmup_steps: int = 0, initial: float = 0.0, final: float = 0.0
    ) -> None:
        super().__init__()
        self.peak, self.initial, self.final = _rates(peak, initial, final)
        self.total_steps, self.warmup_steps = total_steps, warmup_steps
        self._schedule = keras.optimizers.schedules.CosineDecay(
            self.initial if warmup_steps else self.peak,
            decay_steps_after(warmup_steps, total_steps),
            alpha=self.final / self.peak,
            warmup_target=self.peak if warmup_steps else None,
            warmup_steps=warmup_steps,
        )

    def __call__(self, step: Any) -> Any:
        """The rate at a step, a float32 scalar."""
        return self._schedule(step)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
            "initial": self.initial,
            "final": self.final,
        }


@keras.saving.register_keras_serializable(package="kspec")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Up to `peak` by half a cosine and down to `final` by half a cosine.

    Source: Smith & Topin 2018, arXiv:1708.07120, with the cosines of fastai and of PyTorch's OneCycleLR, whose
    `three_phase=False` this is; the momentum is left alone.

    peak: the highest rate, reached after the share `up` of the training.
    total_steps: steps of the whole training, at least 2.
    up: share of the training spent on the way up, in (0, 1), 0.3 by default.
    divide: the first rate is peak / divide, 25 by default, above 1.
    final: rate of step total_steps - 1 and after, 0 by default.
    Raises ValueError for an argument out of range.

    Example:
        keras.optimizers.SGD(OneCycle(peak=0.1, total_steps=1000), momentum=0.9)
    """

    def __init__(
        self, peak: float, total_steps: int, up: float = 0.3, divide: float = 25.0, final: float = 0.0
    ) -> None:
        super().__init__()
        self.peak, _, self.final = _rates(peak, 0.0, final)
        if not 0 < up < 1 or divide <= 1:
            raise ValueError(f"up must lie between 0 and 1 and divide above 1, not {up} and {divide}")
        if total_steps < 2:
            raise ValueError(f"total_steps must be at least 2, not {total_steps}")
        self.total_steps, self.up, self.divide = total_steps, up, divide

    def __call__(self, step: Any) -> Any:
        """The rate at a step, a float32 scalar."""
        last = self.total_steps - 1
        top = min(max(round(self.up * last), 1), last)
        step = ops.minimum(ops.cast(step, "float32"), float(last))
        rising = _half_cosine(self.peak / self.divide, self.peak, step / top)
        falling = _half_cosine(self.peak, self.final, (step - top) / max(last - top, 1))
        return ops.where(step < top, rising, falling)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "up": self.up,
            "divide": self.divide,
            "final": self.final,
        }


@keras.saving.register_keras_serializable(package="kspec")
class InverseSqrt(keras.optimizers.schedules.LearningRateSchedule):
    """peak * sqrt(scale / (step + scale)): the decay of the Transformer, from its peak on.

    With a linear warmup of `scale` steps in front, it is d_model**-0.5 * min(step**-0.5, step * scale**-1.5) of
    Vaswani et al. 2017, arXiv:1706.03762, equation 3, up to the constant factor.

    peak: rate of the first step. scale: after 3 * scale steps the rate has halved; above 0.
    Raises ValueError for an argument out of range.

    Example:
        keras.optimizers.Adam(Warmup(InverseSqrt(peak=1e-3, scale=4000), warmup_steps=4000))
    """

    def __init__(self, peak: float, scale: float) -> None:
        super().__init__()
        self.peak, _, _ = _rates(peak, 0.0, 0.0)
        if scale <= 0:
            raise ValueError(f"scale must be above 0, not {scale}")
        self.scale = scale

    def __call__(self, step: Any) -> Any:
        """The rate at a step, a float32 scalar."""
        return self.peak * ops.sqrt(self.scale / (ops.cast(step, "float32") + self.scale))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"peak": self.peak, "scale": self.scale}


def decay_steps_after(warmup_steps: int, total_steps: int) -> int:
    """The `decay_steps` with which a Keras decay behind a warmup ends at the last step, total_steps - 1.

    Raises ValueError where no step is left after the warmup.

    Example:
        Warmup(keras.optimizers.schedules.PolynomialDecay(0.1, decay_steps_after(100, 1000), 0.0), warmup_steps=100)
    """
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(f"warmup_steps must lie between 0 and total_steps - 1, not {warmup_steps} of {total_steps}")
    return max(total_steps - 1 - warmup_steps, 1)


def _rates(peak: float, initial: float, final: float) -> tuple[float, float, float]:
    if not peak > 0 or initial < 0 or final < 0:
        raise ValueError(f"peak must be above 0, initial and final at least 0, not {peak}, {initial} and {final}")
    return float(peak), float(initial), float(final)


def _half_cosine(start: float, end: float, done: Any) -> Any:
    return end + (start - end) * 0.5 * (1.0 + ops.cos(math.pi * done))
