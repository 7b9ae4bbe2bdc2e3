"""Everything that a training goes on from: weights, optimizer, metrics, random state, callbacks, epoch and step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kspec.parts.resume import callback_state


@dataclass(frozen=True)
class TrainingState:
    """The state between two steps of `model.fit`.

    epoch: the epoch to go on with, from 0. step: how many of its steps are done; 0 at the end of an epoch.
    stopped: a callback has ended the training (early stopping): no epoch is left to run.
    arrays: every variable and every array of a callback, by name.
    callbacks: what each callback remembers: [class name, state], in their order.
    """

    epoch: int
    step: int
    stopped: bool
    arrays: Mapping[str, np.ndarray]
    callbacks: tuple[tuple[str, dict[str, Any]], ...]


class OtherTrainingError(ValueError):
    """A state of another model, or of other callbacks."""


class NotFiniteError(ArithmeticError):
    """A weight is NaN or infinite. `path`: which."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the weight {path} is not finite")
        self.path = path


def take(
    model: keras.Model, callbacks: Sequence[keras.callbacks.Callback], *, epoch: int, step: int, stopped: bool = False
) -> TrainingState:
    """The state of a training, copied.

    `model.variables` holds the weights and the state of every seed generator (dropout), which `model.weights` does not;
    the optimizer's variables hold its slots, iterations, rate, moving average, loss scale and accumulated gradients.
    Metrics are taken within an epoch only, since `fit` resets them when one begins.

    Raises:
        NotFiniteError: a weight is NaN or infinite: nobody wants to go on from there.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    arrays = {}
    for name, variable in variables(model, within=step > 0).items():
        arrays[name] = np.array(keras.ops.convert_to_numpy(variable))  # a copy: the training goes on
        if name.startswith("model/") and not is_finite(arrays[name]):
            raise NotFiniteError(variable.path)
    states = []
    for number, callback in enumerate(callbacks):
        state = callback_state.take(callback, f"callbacks/{number}", arrays)
        states.append((type(callback).__name__, state))
    return TrainingState(epoch, step, stopped, arrays, tuple(states))


def put_variables(model: keras.Model, state: TrainingState) -> None:
    """Gives a built and compiled model the variables of a state.

    Raises:
        OtherTrainingError: the state is that of another model.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    wanted = variables(model, within=state.step > 0)
    stored = {name for name in state.arrays if not name.startswith("callbacks/")}
    if set(wanted) != stored:
        raise OtherTrainingError(f"the state holds {len(stored)} variables, and the model has {len(wanted)}")
    for name, variable in wanted.items():
        array = state.arrays[name]
        if tuple(variable.shape) != array.shape:
            raise OtherTrainingError(
                f"{variable.path} has shape {tuple(variable.shape)}, and {array.shape} in the state"
            )
        variable.assign(array)


def put_callbacks(callbacks: Sequence[keras.callbacks.Callback], state: TrainingState) -> None:
    """Gives the callbacks of a `fit` the states of their likes.

    Raises:
        OtherTrainingError: the state is that of other callbacks.
    """
    found, stored = [type(one).__name__ for one in callbacks], [name for name, _ in state.callbacks]
    if found != stored:
        raise OtherTrainingError(f"the state is of the callbacks {', '.join(stored)}, and there are {', '.join(found)}")
    for callback, (_, kept) in zip(callbacks, state.callbacks, strict=True):
        callback_state.put(callback, kept, dict(state.arrays))


def cut_files(callbacks: Sequence[keras.callbacks.Callback], state: TrainingState) -> None:
    """Before `on_train_begin`: files that callbacks append to lose what was written after the state was taken."""
    for callback, (_, kept) in zip(callbacks, state.callbacks, strict=False):  # `put_callbacks` compares them
        callback_state.cut_file(callback, kept)


def variables(model: keras.Model, *, within: bool) -> dict[str, Any]:
    """Every variable of a training by its name in a state; with those of the metrics where it is within an epoch."""
    groups = {"model": model.variables, "optimizer": model.optimizer.variables}
    if within:
        groups["metrics"] = model.metrics_variables
    return {f"{group}/{number:04d}": one for group, ones in groups.items() for number, one in enumerate(ones)}


def is_finite(array: np.ndarray) -> bool:
    """Whether all numbers are finite; integers are. bfloat16 goes through float32, which NumPy can test."""
    if array.dtype.kind == "V" or array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
