"""The list of callbacks of a `fit` that can be left at any step and gone on with, to the same bits."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras

from kspec.parts.callbacks.terminate_on_nan import TerminateOnNaN
from kspec.parts.resume.training_state import (
    NotFiniteError,
    TrainingState,
    cut_files,
    put_callbacks,
    put_variables,
    take,
)

Save = Callable[[TrainingState], object]


class StopAsked(KeyboardInterrupt):
    """The training was asked to stop, and stopped between two steps."""


class ResumableCallbacks(keras.callbacks.CallbackList):
    """A `CallbackList` that takes the state of the training after all its callbacks have run, and puts one back.

    Keras' `fit` takes it in place of a list of callbacks. Together with data whose order is a function of the epoch,
    and whose first batch can be chosen (`kspec.builders.data.pipeline`), a training that was killed and resumed ends
    with the same weights, the same history and the same files of its callbacks as one that never was.

    A state is taken when a new training begins, at the end of every epoch, within an epoch when `seconds` have passed
    since the last one, and at the next step after `asked()` has become true; then `StopAsked` is raised. In the
    validation at the end of an epoch, `asked` waits for the end of the validation. Within an epoch states are taken
    only where `steps_per_execution` divides the steps of an epoch: otherwise Keras ends an epoch with a shorter
    execution, which is not repeated after a start in the middle.

    callbacks: in order; what they remember is part of the state. model: built and compiled.
    epochs, steps: of the whole training, and of an epoch.
    save: is given each state; what it raises ends the training.
    seconds: between two states within an epoch. asked: whether to stop.
    state: what to go on from, or None. Then `fit` needs `initial_epoch=callbacks.initial_epoch`, and its data must
        begin with batch `callbacks.first_step` of that epoch.
    saved_at: the time of the last state, by `time.monotonic`.
    not_finite: after the training, the path of a weight that was NaN or infinite at the end of an epoch; "" otherwise.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Model,
        *,
        epochs: int,
        steps: int,
        save: Save,
        seconds: float,
        asked: Callable[[], bool] = lambda: False,
        state: TrainingState | None = None,
    ) -> None:
        super().__init__(list(callbacks), add_history=True, model=model, epochs=epochs, steps=steps, verbose=0)
        self._async_train = self._async_test = False  # a state is of the step that has just ended
        self.epochs, self.steps = epochs, steps
        self.save, self.seconds, self.asked, self.state = save, seconds, asked, state
        self.not_finite = ""
        self._is_divided = steps % model.steps_per_execution == 0
        self._offset = self._epoch = 0
        self._cut = self.repeats = False
        self.saved_at = 0.0

    @property
    def initial_epoch(self) -> int:
        """The epoch that `fit` has to begin with: all of them are done where the training was stopped."""
        if self.state is None:
            return 0
        return self.epochs if self.state.stopped else self.state.epoch

    @property
    def first_step(self) -> int:
        """The batch that the first epoch has to begin with."""
        return 0 if self.state is None else self.state.step

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Puts the state back, after the callbacks have made themselves new."""
        if self.state is not None:
            cut_files(self.callbacks, self.state)
        super().on_train_begin(logs)
        if self.state is None:
            self._take(0, 0)
            return
        self.saved_at = time.monotonic()
        put_variables(self.model, self.state)
        if self.state.step == 0:
            put_callbacks(self.callbacks, self.state)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Within an epoch the state of callbacks and metrics is that after the beginning of the epoch."""
        super().on_epoch_begin(epoch, logs)
        self._epoch, self._offset = epoch, 0
        if self.state is not None and self.state.step > 0 and epoch == self.state.epoch:
            self._offset = self.state.step
            put_variables(self.model, self.state)  # `fit` has just reset the metrics
            put_callbacks(self.callbacks, self.state)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts from the beginning of the epoch, wherever in it the training began."""
        super().on_train_batch_begin(batch + self._offset, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Lets the callbacks see the step, then takes a state if it is time or if somebody asked to stop."""
        done = batch + self._offset + 1
        super().on_train_batch_end(batch + self._offset, logs)
        if self.repeats and (self._model.stop_training or done >= self.steps):
            raise StopAsked  # before the end of the epoch, where callbacks write files
        if self._model.stop_training:
            return
        if done >= self.steps:
            # The data go on into the next epoch where this one began in the middle: leave the loop of `fit` here.
            self._cut = self._model.stop_training = self._offset > 0
            return
        asked = self.asked()
        if self._is_divided and (asked or time.monotonic() - self.saved_at >= self.seconds):
            self._take(self._epoch, done)
        if asked:
            raise StopAsked

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes the state after all callbacks have seen the epoch."""
        if self._cut:
            self._cut = self._model.stop_training = False
        super().on_epoch_end(epoch, logs)
        if any(isinstance(one, TerminateOnNaN) and one.stopped for one in self.callbacks):
            return
        self._take(epoch + 1, 0)
        if self.asked():
            raise StopAsked

    def _take(self, epoch: int, step: int) -> None:
        """Hands the state on; weights that are no numbers end the training and are not handed on."""
        try:
            # `self.model`, not `self._model`: on JAX, reading it writes the trained state back into the variables.
            state = take(self.model, self.callbacks, epoch=epoch, step=step, stopped=self._model.stop_training)
        except NotFiniteError as error:
            self.not_finite = error.path
            self._model.stop_training = True
            return
        self.save(state)
        self.saved_at = time.monotonic()

    def repeated(self, state: TrainingState) -> ResumableCallbacks:
        """The same callbacks once more, to repeat the steps from a state to a stop, or to the end of the epoch.

        `fit` then ends with `StopAsked`, before the callbacks see the end of an epoch; nothing is saved.
        """
        again = ResumableCallbacks(
            self.callbacks,
            self._model,
            epochs=self.epochs,
            steps=self.steps,
            save=lambda _: None,
            seconds=math.inf,
            asked=self.asked,
            state=state,
        )
        again.repeats = True
        return again
