"""A warmup for an optimizer whose rate is a plain number."""

from __future__ import annotations

from typing import Any

import keras


class LinearWarmup(keras.callbacks.Callback):
    """Raises the learning rate in a straight line to the optimizer's own, then leaves it alone.

    Step s of the first `warmup_steps` runs with initial + (rate - initial) * s / warmup_steps, where rate is what the
    optimizer has when training begins; after them it has that rate again, for ReduceLROnPlateau or anybody else to
    change. The rate is set between steps, so with `steps_per_execution` of n it moves every n steps; the schedule
    `Warmup` moves at every step. Source: Goyal et al. 2017, arXiv:1706.02677, section 2.2.

    warmup_steps: length of the rise in steps (batches), at least 1. initial: rate of the first step, 0 by default.
    Raises ValueError for an argument out of range, and when training begins with a schedule for a rate.

    Example:
        model.compile("sgd", "mse")
        model.fit(x, y, callbacks=[LinearWarmup(warmup_steps=100), keras.callbacks.ReduceLROnPlateau()])
    """

    def __init__(self, warmup_steps: int, initial: float = 0.0) -> None:
        super().__init__()
        if warmup_steps < 1:
            raise ValueError(f"warmup_steps must be at least 1, not {warmup_steps}")
        if initial < 0:
            raise ValueError(f"initial must be at least 0, not {initial}")
        self.warmup_steps, self.initial = warmup_steps, initial
        self._peak: float = 0.0
        self._step = self._before = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the optimizer's rate and sets the first one."""
        optimizer = self._optimizer()
        if isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            raise ValueError("LinearWarmup needs an optimizer whose rate is a number; it has a schedule: use Warmup")
        self._peak, self._step = float(optimizer.learning_rate), 0
        optimizer.learning_rate = self.initial

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Sets the rate of the next step, as long as the warmup lasts."""
        if self._step >= self.warmup_steps:
            return
        # With steps_per_execution > 1 `batch` is the last one of several.
        self._step = self._before + batch + 1
        done = min(self._step / self.warmup_steps, 1.0)
        self._optimizer().learning_rate = self.initial + (self._peak - self.initial) * done

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the steps of earlier epochs."""
        self._before = self._step

    def _optimizer(self) -> Any:
        optimizer = self.model.optimizer
        # Under mixed_float16 `compile` wraps the optimizer in a LossScaleOptimizer.
        return optimizer.inner_optimizer if hasattr(optimizer, "inner_optimizer") else optimizer
