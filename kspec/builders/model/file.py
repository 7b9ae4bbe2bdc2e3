"""`file`: a saved `.keras` model to train on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from kspec.builders.examples import Datasets
from kspec.builders.saved import RefusedModel, load_model, taken_apart
from kspec.builders.targets import Targets
from kspec.errors import Problem, SpecError

PATH = ("model", "file")


def load_file(file: str, datasets: Datasets, targets: Targets) -> keras.Model:
    """The saved model, checked against the data. A file that holds code is refused.

    Of the model of an earlier run, the network; what prepared the data for it is `saved_preprocessor`. A last layer
    without activation is taken to put out logits and gets the activation of the targets.

    Raises:
        SpecError: no such file, not a Keras model, or its input or output does not fit the data.
    """
    model: keras.Model = taken_apart(_read(file))[1]
    _check_input(model, datasets)
    if len(model.outputs) != 1 or model.output_shape[1:] != (targets.units,):
        message = "the model's output does not fit the data"
        raise SpecError(Problem(PATH, message, f"({targets.units},)", str(model.output_shape[1:])))
    if targets.activation != "linear" and _is_linear(model.layers[-1]):
        outputs = keras.layers.Activation(targets.activation, dtype="float32", name="predictions")(model.output)
        return keras.Model(model.input, outputs, name=model.name)
    return model


def saved_preprocessor(file: str) -> keras.Model | None:
    """What an earlier run fitted on its train split to make features of raw data; None where the file holds none.

    Raises:
        SpecError: as `load_file`.
    """
    preprocessor: keras.Model | None = taken_apart(_read(file))[0]
    return preprocessor


def _read(file: str) -> keras.Model:
    if not Path(file).is_file():
        raise SpecError(Problem(PATH, "no such file", "a .keras file", file))
    try:
        model: keras.Model = load_model(file, compile=False)
    except RefusedModel as error:
        raise SpecError(Problem(PATH, error.message, "a .keras file", file, error.hint)) from error
    return model


def _check_input(model: keras.Model, datasets: Datasets) -> None:
    if hasattr(model, "backbone") and datasets.kind in ("text", "image"):
        return  # a KerasHub task tokenizes or resizes by itself
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    if len(shapes) == 1 and _agree(shapes[0], datasets.input_shape):
        return
    message = "the model's input does not fit the data"
    raise SpecError(Problem(PATH, message, str(datasets.input_shape), ", ".join(map(str, shapes))))


def _agree(ours: tuple[int | None, ...], data: tuple[int | None, ...]) -> bool:
    return len(ours) == len(data) and all(a == b or None in (a, b) for a, b in zip(ours, data, strict=True))


def _is_linear(layer: Any) -> bool:
    return getattr(layer, "activation", None) is keras.activations.linear
