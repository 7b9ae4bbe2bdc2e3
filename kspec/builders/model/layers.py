"""`layers`: a list of Keras layers, with names and skip inputs."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from kspec import catalog
from kspec.builders.examples import Datasets
from kspec.builders.targets import Targets
from kspec.errors import Problem, SpecError, did_you_mean
from kspec.spec.model import Layer

HEAD = ("output", "predictions")
"""Names of a last layer that is the network's own output."""


def build_layers(layers: tuple[Layer, ...], datasets: Datasets, targets: Targets) -> keras.Model:
    """The functional model of a list of layers.

    Each layer reads the one before it, or what its `inputs` names: `previous`, `input`, or the name of an earlier
    layer. A dense layer that fits the targets is added unless the last layer is named `output` or `predictions`.

    Raises:
        SpecError: an unknown name, or what Keras says of the arguments or shapes, at the item of the list; an own
            output layer of the wrong width, or a last layer that is no vector.
    """
    inputs = keras.Input(datasets.input_shape, dtype=datasets.input_dtype, name="input")
    tensors: dict[str, Any] = {"input": inputs, "previous": inputs}
    for number, entry in enumerate(layers):
        path = ("model", "layers", number)
        layer = catalog.instantiate("layer", entry.layer.name, entry.layer.arguments, path)
        if layer.name in tensors:
            message = f"a second layer named '{layer.name}'"
            raise SpecError(Problem((*path, entry.layer.name, "name"), message, "another name"))
        sources = [_source(name, tensors, path, entry) for name in entry.inputs or ("previous",)]
        tensors["previous"] = tensors[layer.name] = _called(layer, sources, path, entry)
    path, last = ("model", "layers", len(layers) - 1), tensors["previous"]
    own = any(tensors.get(name) is last for name in HEAD)
    outputs = last if own else _head(last, targets, path)
    if outputs.shape[1:] != (targets.units,):
        message = "the output layer does not fit the data"
        raise SpecError(Problem(path, message, f"({targets.units},)", str(outputs.shape[1:])))
    return keras.Model(inputs, outputs, name="layers")


def _source(name: str, tensors: dict[str, Any], path: tuple[str | int, ...], entry: Layer) -> Any:
    if name not in tensors:
        known = f"one of {', '.join(tensors)}"
        place = (*path, entry.layer.name, "inputs")
        raise SpecError(Problem(place, f"no earlier layer is named '{name}'", known, "", did_you_mean(name, tensors)))
    return tensors[name]


def outputs_of(layer: Any, sources: list[Any]) -> Any:
    """The layer's output; several inputs go in as a list, or one by one where `call` asks for it (attention)."""
    required = [
        one
        for one in inspect.signature(layer.call).parameters.values()
        if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
    ]
    if len(sources) == 1 and len(required) == 1:
        return layer(sources[0])
    return layer(*sources) if len(required) > 1 else layer(sources)


def _called(layer: Any, sources: list[Any], path: tuple[str | int, ...], entry: Layer) -> Any:
    try:
        output = outputs_of(layer, sources)
    except Exception as error:
        # Keras raises ValueError, TypeError and its backends' own errors for shapes that do not fit.
        # Of an error inside of `call`, the first line says only that there was one.
        lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("Exception encount")]
        lines = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in lines] or [type(error).__name__]
        shapes = ", ".join(str(source.shape[1:]) for source in sources)
        raise SpecError(Problem(path, f"{entry.layer.name}: {lines[0]}", found=f"inputs of shape {shapes}")) from error
    if not keras.ops.is_tensor(output) and not isinstance(output, keras.KerasTensor):
        found = f"{len(output)} of them" if isinstance(output, list | tuple | dict) else type(output).__name__
        raise SpecError(Problem(path, f"{entry.layer.name} does not put out one tensor", "one tensor", found))
    return output


def _head(last: Any, targets: Targets, path: tuple[str | int, ...]) -> Any:
    if len(last.shape) != 2:
        raise SpecError(
            Problem(
                path,
                "the last layer must put out a vector for each example",
                "(features,)",
                str(last.shape[1:]),
                "end with Flatten or GlobalAveragePooling2D",
            )
        )
    return keras.layers.Dense(targets.units, activation=targets.activation, dtype="float32", name="predictions")(last)
