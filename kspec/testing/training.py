"""Contracts of what takes part in `fit`: optimizers and callbacks."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kspec import catalog
from kspec.builders.saved import load_model
from kspec.parts.resume.resumable import ResumableCallbacks
from kspec.parts.resume.training_state import TrainingState
from kspec.testing.numbers import restored
from kspec.testing.subject import Subject, require, require_equal, require_finite

EPOCHS, STEPS = 3, 2


def optimizer_steps(subject: Subject) -> None:
    """Three steps move a weight to finite numbers; its form in JSON takes the same steps."""
    results = []
    for optimizer in (subject.make(), restored(subject.make())):
        weight = _variable(subject)
        optimizer.build([weight])
        for number in range(3):
            optimizer.apply([weight.value * 0.5 + number + 1.0])
        results.append(weight.numpy())
    require_finite(results[0], "its steps lead to NaN or infinity")
    require(bool((results[0] != _variable(subject).numpy()).any()), "its steps leave the weight where it was")
    require_equal(results[1], results[0], "its serialised form takes other steps")


def optimizer_survives_file(subject: Subject) -> None:
    """A saved model gives back its state: moments, iterations and all."""
    model = _model(subject.make())
    model.train_on_batch(*_data(subject))
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        again = load_model(Path(folder) / "model.keras")
    before = [variable.numpy() for variable in model.optimizer.variables]
    after = [variable.numpy() for variable in again.optimizer.variables]
    require_equal(after, before, "the saved model has another state of the optimizer")


def callback_is_reusable(subject: Subject) -> None:
    """A second `fit` with the same callback, of the same new model, ends as the first: nothing is left of it."""
    callback = subject.make()
    with _elsewhere():
        first, second = _fitted(subject, callback), _fitted(subject, callback)
    require_equal(second[0], first[0], f"a second fit logs {second[0]}, the first {first[0]}")
    require_equal(second[1], first[1], "a second fit ends with other weights than the first")


def callback_resumes(subject: Subject) -> None:
    """A training that goes on from a state, with a new callback that is given the old one's memory, ends the same.

    From the end of an epoch, and from within one. A callback remembers what its attributes hold, as far as they are
    data (see kspec.parts.resume.callback_state), or what its `get_state` and `set_state` say.
    """
    states: list[TrainingState] = []
    with _elsewhere():
        whole = _resumed(subject, None, states.append)
    for state in states:
        if (state.epoch, state.step) in ((1, 0), (EPOCHS - 1, 1)):
            with _elsewhere():
                found = _resumed(subject, state, lambda _: None)
            where = f"resumed from epoch {state.epoch + 1}, step {state.step},"
            require_equal(found[0], whole[0], f"{where} it logs {found[0]}, and {whole[0]} when it is not stopped")
            require_equal(found[1], whole[1], f"{where} it ends with other weights than when it is not stopped")


def _resumed(subject: Subject, state: TrainingState | None, save: Any) -> tuple[dict[str, Any], list[Any]]:
    """History and final weights of `_fitted`'s training, from a state on; every state of it is saved."""
    import keras

    model, (x, y) = _trained_model(subject), _data(subject)
    model.compute_metrics(None, y, y)
    history = keras.callbacks.History()
    callbacks = ResumableCallbacks(
        [subject.make(), history], model, epochs=EPOCHS, steps=STEPS, save=save, seconds=0.0, state=state
    )
    begin = callbacks.first_step * len(x) // STEPS  # within an epoch only in the last one
    data = np.roll(x, -begin, axis=0), np.roll(y, -begin, axis=0)
    model.fit(*data, callbacks=callbacks, initial_epoch=callbacks.initial_epoch, **_arguments(x, y))
    return dict(history.history), [variable.numpy() for variable in model.weights]


def _fitted(subject: Subject, callback: Any) -> tuple[dict[str, Any], list[Any]]:
    """History and final weights of a small training with validation, the same for every call."""
    model, (x, y) = _trained_model(subject), _data(subject)
    history = model.fit(x, y, callbacks=[callback], **_arguments(x, y))
    return dict(history.history), [variable.numpy() for variable in model.weights]


def _arguments(x: Any, y: Any) -> dict[str, Any]:
    fixed = {"epochs": EPOCHS, "batch_size": len(x) // STEPS, "steps_per_epoch": STEPS, "shuffle": False, "verbose": 0}
    return {"validation_data": (x, -y), **fixed}


def _trained_model(subject: Subject) -> Any:
    """The model of a callback's training, with the optimizer that the example names."""
    import keras

    keras.utils.set_random_seed(0)
    optimizer = subject.example.optimizer
    name, arguments = (optimizer, {}) if isinstance(optimizer, str) else next(iter(optimizer.items()))
    return _model(catalog.instantiate("optimizer", name, {"learning_rate": 0.5, **arguments}))


def _model(optimizer: Any) -> Any:
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, kernel_initializer="ones")])
    # Eagerly: tracing a graph for each of these steps would take most of the time.
    model.compile(optimizer, "mse", run_eagerly=True)
    optimizer.build(model.trainable_variables)
    return model


def _data(subject: Subject) -> tuple[Any, Any]:
    [x] = subject.inputs()
    return x, np.asarray(x[:, :2])


def _variable(subject: Subject) -> Any:
    import keras

    return keras.Variable(subject.inputs()[0], name="kernel")


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """An empty folder as the current one, for callbacks that write files."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
