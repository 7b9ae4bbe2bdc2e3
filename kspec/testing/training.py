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
from kspec.testing.numbers import restored
from kspec.testing.subject import Subject, require, require_equal, require_finite

EPOCHS = 3


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


# "The state of a callback survives snapshot and restore" stands here once runs can be resumed.


def _fitted(subject: Subject, callback: Any) -> tuple[dict[str, Any], list[Any]]:
    """History and final weights of a small training with validation, the same for every call."""
    import keras

    keras.utils.set_random_seed(0)
    optimizer = subject.example.optimizer
    name, arguments = (optimizer, {}) if isinstance(optimizer, str) else next(iter(optimizer.items()))
    model = _model(catalog.instantiate("optimizer", name, {"learning_rate": 0.5, **arguments}))
    x, y = _data(subject)
    history = model.fit(
        *(x, y),
        validation_data=(x, -y),
        epochs=EPOCHS,
        batch_size=2,
        steps_per_epoch=2,
        shuffle=False,
        verbose=0,
        callbacks=[callback],
    )
    return dict(history.history), [variable.numpy() for variable in model.weights]


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
