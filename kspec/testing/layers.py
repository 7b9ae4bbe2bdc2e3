"""Contracts of layers and model families: shapes that hold, and files that give back the same network."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from kspec.builders.model.layers import outputs_of
from kspec.builders.saved import load_model
from kspec.testing.subject import Broken, Subject, as_array, require, require_equal, require_finite


def keeps_shape_contract(subject: Subject) -> None:
    """The shape it promises (`compute_output_shape`) is the one it gives, for any batch."""
    layer, values = subject.make(), subject.inputs()
    promised = _flat(outputs_of(layer, _symbols(values)))
    given = _flat(outputs_of(layer, _tensors(values)))
    require(len(promised) == len(given), f"it promises {len(promised)} outputs and gives {len(given)}")
    for one, other in zip(promised, given, strict=True):
        shape = as_array(other).shape
        fits = len(one.shape) == len(shape) and all(a in (None, b) for a, b in zip(one.shape, shape, strict=True))
        require(fits, f"it promises the shape {tuple(one.shape)} and gives {shape}")
        require_finite(other, "it gives NaN or infinity on plain input")


def survives_file(subject: Subject) -> None:
    """A model with it gives the same predictions after it was saved and loaded."""
    import keras

    layer, values = subject.make(), subject.inputs()
    symbols = _symbols(values)
    model = keras.Model(symbols, outputs_of(layer, symbols))
    before = model(_tensors(values), training=False)
    _same_after_loading(model, _tensors(values), before)


def family_fits(subject: Subject) -> None:
    """It puts out `units` numbers in float32 with the asked activation, also under mixed precision."""
    import keras

    for policy, activation, units in (("float32", "softmax", 3), ("mixed_bfloat16", "sigmoid", 1)):
        keras.config.set_dtype_policy(policy)
        try:
            model = _family(subject, units, activation)
        finally:
            keras.config.set_dtype_policy("float32")
        require(model.output_shape == (None, units), f"it puts out {model.output_shape}, not (None, {units})")
        require(model.output.dtype == "float32", f"under {policy} it puts out {model.output.dtype}, not float32")
        last = getattr(model.layers[-1], "activation", None)
        require(last is keras.activations.get(activation), f"it does not end in the activation {activation}")


def family_trains(subject: Subject) -> None:
    """A step of training gives a finite loss and moves weights, and its file gives the same predictions."""
    import numpy as np

    model = _family(subject, 3, "softmax")
    values = subject.inputs()
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    before = [variable.numpy() for variable in model.trainable_variables]
    loss = model.train_on_batch(values[0], np.arange(len(values[0])) % 3)
    require_finite(loss, f"the loss of its first step is {loss}")
    moved = any((old != new.numpy()).any() for old, new in zip(before, model.trainable_variables, strict=True))
    require(moved, "a step of training moves none of its weights")
    _same_after_loading(model, values[0], model(values[0], training=False))


def _family(subject: Subject, units: int, activation: str) -> Any:
    example = subject.example
    shape = subject.inputs()[0].shape[1:]
    filled = {"input_shape": shape, "units": units, "output_activation": activation}
    if example.vocabulary_size is not None:
        filled["vocabulary_size"] = example.vocabulary_size
    return subject.target(**{**example.arguments, **filled})


def _same_after_loading(model: Any, values: Any, before: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
            again = load_model(path, compile=False)
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            raise Broken(f"it cannot be saved and loaded: {type(error).__name__}: {lines[0]}") from error
    require_equal(_flat(again(values, training=False)), _flat(before), "the saved model predicts something else")


def _symbols(values: list[Any]) -> list[Any]:
    import keras

    return [keras.Input(one.shape[1:], dtype="string" if one.dtype.kind in "OSU" else one.dtype.name) for one in values]


def _tensors(values: list[Any]) -> list[Any]:
    import tensorflow as tf

    return [tf.convert_to_tensor(one) for one in values]


def _flat(outputs: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(outputs))
