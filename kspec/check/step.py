"""The first real steps and epochs of a training: the compiled step of the spec, on its pipeline, with its callbacks."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from kspec.builders.data.tokens import MASK, is_tokens
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
    batch of validation, None without a validation split. test: a batch of test by that of validation, or a third of a
    step. epoch: median of whole epochs after the first, with their validation; None where they are longer than the
    check. loss: after the first step.

    length: mean length of the batches in tokens, where each is as long as its longest text; else None. Step and batches
    are then of mean length: what was measured is taken to grow with the length.
    """

    first: float
    step: float
    validation: float | None
    test: float
    epoch: float | None
    loss: float
    length: float | None


def columns(dataset: Any) -> list[int]:
    """The tokens of an example in each batch, padding included; [] for data whose batches are all of one shape."""
    if dataset is None or not is_tokens(dataset.element_spec[0]):
        return []
    return [int(count) for count in dataset.map(lambda x, y: tf.shape(x[MASK])[1]).as_numpy_iterator()]


class Stopwatch(keras.callbacks.Callback):
    """Times steps, epochs and batches of validation, and ends the training when the budget is spent.

    lengths, test_lengths: of the batches of the first epoch, and of validation; [] where all are the same.
    """

    def __init__(self, lengths: Sequence[int] = (), test_lengths: Sequence[int] = ()) -> None:
        super().__init__()
        self._lengths, self._test_lengths = lengths, test_lengths
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
        (self.steps if self._done else self.firsts).append(self._lap(batch, () if self.epochs else self._lengths))
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
        self.tests.append(self._lap(batch, self._test_lengths))
        if self._before - self._began > BUDGET / 4 and len(self.tests) > 1:
            self.model.stop_evaluating = self.is_cut = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keeps when a whole epoch ended."""
        if not self.is_cut:
            self.epochs.append(time.perf_counter())
        if self.is_cut or time.perf_counter() - self.start > BUDGET:
            self.model.stop_training = True

    def _lap(self, batch: int, lengths: Sequence[int]) -> float:
        """Seconds a batch of mean length since the last call; `steps_per_execution` batches pass between two."""
        now, before, done = time.perf_counter(), self._before, self._done
        self._before, self._done = now, batch + 1
        passed = lengths[done : batch + 1]
        relative = statistics.fmean(passed) / statistics.fmean(lengths) if passed else 1.0
        return (now - before) / max(1, batch + 1 - done) / relative


def measure(experiment: Experiment) -> Timing:
    """Trains for the first seconds; the experiment is used up by it.

    Callbacks of the spec write below the folder that the experiment was built with.
    """
    lengths = {role: columns(getattr(experiment, role)) for role in ("train", "validation", "test")}
    mean = {role: statistics.fmean(found) if found else 1.0 for role, found in lengths.items()}
    watch = Stopwatch(lengths["train"], lengths["validation"])
    experiment.fit([watch], epochs=min(EPOCHS, experiment.spec.training.epochs))
    whole = [end - start for start, end in zip(watch.epochs, watch.epochs[1:], strict=False)]
    step = statistics.median(watch.steps or watch.firsts[1:] or watch.firsts)
    validation = statistics.median(watch.tests[1:] or watch.tests) if watch.tests else None
    per_length = step / 3 / mean["train"] if validation is None else validation / mean["validation"]
    return Timing(
        first=watch.firsts[0],
        step=step,
        validation=validation,
        test=per_length * mean["test"],
        epoch=statistics.median(whole) if whole else None,
        loss=watch.loss,
        length=mean["train"] if lengths["train"] else None,
    )


def whole(timing: Timing, experiment: Experiment) -> float:
    """Seconds of the whole training, all epochs with their validation, if no callback ends it before.

    The measuring of the finished model on validation and test is in it; reading the data is not.
    """
    epochs, steps = experiment.spec.training.epochs, experiment.steps_per_epoch
    batch = timing.test if timing.validation is None else timing.validation
    validating = 0.0 if experiment.validation is None else int(experiment.validation.cardinality()) * batch
    testing = 0.0 if experiment.test is None else int(experiment.test.cardinality()) * timing.test
    views = math.prod(PREDICTIONS[view] for view in experiment.spec.evaluate.views)
    ending = (validating + testing) * (1 + views if experiment.spec.evaluate.views else 1)
    each = steps * timing.step + validating if timing.epoch is None else timing.epoch
    return timing.first + epochs * each + ending
