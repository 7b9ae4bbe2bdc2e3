"""The first real steps and epochs of a training: the compiled step of the spec, on its pipeline, with its callbacks."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass
from typing import Any

import keras

from kspec.builders.experiment import Experiment

BUDGET = 8.0
"""Seconds of training after which it is ended, if two steps after the first are timed by then, or one long one."""
EPOCHS = 4
"""Epochs at most: short ones cost more around their steps than in them."""
PREDICTIONS = {"mirror": 2, "shift": 3}
"""Test-time view -> how many predictions it makes of one; see kspec.parts.views."""


@dataclass(frozen=True)
class Timing:
    """Seconds.

    first: up to the end of the first step, which compiles. step: median of the steps after it. validation: median of a
    batch of validation, None without a validation split. epoch: median of whole epochs after the first, with their
    validation; None where they are longer than the check. loss: after the first step.
    """

    first: float
    step: float
    validation: float | None
    epoch: float | None
    loss: float


class Stopwatch(keras.callbacks.Callback):
    """Times steps, epochs and batches of validation, and ends the training when the budget is spent."""

    def __init__(self) -> None:
        super().__init__()
        self.start = self._before = 0.0
        self._done = 0
        self.firsts: list[float] = []
        self.steps: list[float] = []
        self.tests: list[float] = []
        self.epochs: list[float] = []
        self.loss = math.nan
        self.is_cut = False

    def on_train_begin(self, logs: Any = None) -> None:
        """Starts."""
        self.start = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Starts the steps of an epoch."""
        self._before, self._done = time.perf_counter(), 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Reads the loss, which waits for the step on a GPU, and the time."""
        loss = float(logs["loss"])
        (self.steps if self._done else self.firsts).append(self._lap(batch))
        if len(self.firsts) + len(self.steps) == 1:
            self.loss = loss
        enough = 1 if self.steps and self.steps[-1] > BUDGET / 2 else 2
        if len(self.steps) >= enough and self._before - self.start > BUDGET:
            self.model.stop_training = self.is_cut = True

    def on_test_begin(self, logs: Any = None) -> None:
        """Starts the validation of an epoch."""
        self._before, self._done = time.perf_counter(), 0
        self._began = self._before

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """The time of batches of validation; the first of all compiles."""
        self.tests.append(self._lap(batch))
        if self._before - self._began > BUDGET / 4 and len(self.tests) > 1:
            self.model.stop_evaluating = self.is_cut = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keeps when a whole epoch ended."""
        if not self.is_cut:
            self.epochs.append(time.perf_counter())
        if self.is_cut or time.perf_counter() - self.start > BUDGET:
            self.model.stop_training = True

    def _lap(self, batch: int) -> float:
        """Seconds a batch since the last call; with `steps_per_execution` several batches pass between two."""
        now, before = time.perf_counter(), self._before
        each = (now - before) / max(1, batch + 1 - self._done)
        self._before, self._done = now, batch + 1
        return each


def measure(experiment: Experiment) -> Timing:
    """Trains for the first seconds; the experiment is used up by it.

    Callbacks of the spec write below the folder that the experiment was built with.
    """
    watch = Stopwatch()
    experiment.fit([watch], epochs=min(EPOCHS, experiment.spec.training.epochs))
    whole = [end - start for start, end in zip(watch.epochs, watch.epochs[1:], strict=False)]
    return Timing(
        first=watch.firsts[0],
        step=statistics.median(watch.steps or watch.firsts[1:] or watch.firsts),
        validation=statistics.median(watch.tests[1:] or watch.tests) if watch.tests else None,
        epoch=statistics.median(whole) if whole else None,
        loss=watch.loss,
    )


def whole(timing: Timing, experiment: Experiment) -> float:
    """Seconds of the whole training, all epochs with their validation, if no callback ends it before.

    The measuring of the finished model on validation and test is in it; reading the data is not.
    """
    epochs, steps = experiment.spec.training.epochs, experiment.steps_per_epoch
    batch = timing.step / 3 if timing.validation is None else timing.validation
    tests = [int(one.cardinality()) for one in (experiment.validation, experiment.test) if one is not None]
    validating = 0 if experiment.validation is None else int(experiment.validation.cardinality()) * batch
    views = math.prod(PREDICTIONS[view] for view in experiment.spec.evaluate.views)
    ending = sum(tests) * batch * (1 + views if experiment.spec.evaluate.views else 1)
    each = steps * timing.step + validating if timing.epoch is None else timing.epoch
    return timing.first + epochs * each + ending
