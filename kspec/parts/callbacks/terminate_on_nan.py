"""Stops a training whose loss is no number any more, and remembers where that was."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Stop:
    """Where a training stopped.

    step: 1-based, counted over all epochs of this `fit`; epoch: 1-based. loss: NaN or infinite.
    last_finite_loss: the mean over the epoch up to a step before, as Keras logs it; None where there was none.
    learning_rate: of the step, as the optimizer has it after the step.
    """

    step: int
    epoch: int
    loss: float
    last_finite_loss: float | None
    learning_rate: float

    def __str__(self) -> str:
        before = "none" if self.last_finite_loss is None else f"{self.last_finite_loss:.6g}"
        return (
            f"the loss became {self.loss} at step {self.step} (epoch {self.epoch}); last finite loss {before}, "
            f"learning rate {self.learning_rate:.6g}"
        )


class TerminateOnNaN(keras.callbacks.Callback):
    """Stops training at the first step whose loss is NaN or infinite, and says which step that was.

    `keras.callbacks.TerminateOnNaN` prints the number of the batch within its epoch; this one keeps, in `stopped`, the
    step over all epochs, the last finite loss and the learning rate, and ends the training without an exception. With
    `steps_per_execution` of n Keras shows the loss every n steps, and the step is the last of them.

    stopped: None, or a `Stop`; None again when another training begins.

    Example:
        guard = TerminateOnNaN()
        model.fit(x, y, callbacks=[guard])
        if guard.stopped:
            raise SystemExit(str(guard.stopped))
    """

    def __init__(self) -> None:
        super().__init__()
        self.stopped: Stop | None = None
        self._last_finite_loss: float | None = None
        self._epoch = self._step = self._before = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets the training before."""
        self.stopped, self._last_finite_loss = None, None
        self._epoch = self._step = self._before = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the steps of earlier epochs."""
        self._epoch, self._before = epoch, self._step

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the loss."""
        if self.stopped or not logs or "loss" not in logs:
            return
        self._step = self._before + batch + 1
        loss = float(logs["loss"])
        if math.isfinite(loss):
            self._last_finite_loss = loss
            return
        rate = float(self.model.optimizer.learning_rate)
        self.stopped = Stop(self._step, self._epoch + 1, loss, self._last_finite_loss, rate)
        self.model.stop_training = True
