"""The model section: the network by its family, its constructor or its layers, and what is done to every network."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

import keras
import numpy as np

from kspec import catalog
from kspec.builders.model.application import CAFFE_MEAN, PIXELS, TORCH_DEVIATION, TORCH_MEAN
from kspec.builders.model.build import MOST_EXAMPLES, MOST_VALUES
from kspec.builders.model.freeze import layer_paths
from kspec.builders.model.layers import HEAD
from kspec.eject.code import WIDTH, Call, Name, flat, quoted, statement
from kspec.eject.component import call
from kspec.eject.known import Known, unable
from kspec.eject.preset import preset, reads_tokens
from kspec.spec.component import Component


def model(known: Known, *, explicit: bool = False) -> list[str]:
    """The paragraphs that make `model`, not compiled yet.

    explicit: see kspec.eject.component.call.
    """
    start = [
        "keras.config.set_dtype_policy(PRECISION)",
        "keras.utils.set_random_seed(SEED)  # the initial weights and all dropout follow from it",
    ]
    return ["\n".join([*start, *_network(known, explicit), *_adapted(known)]), *_by_pattern(known), *_frozen(known)]


def _network(known: Known, explicit: bool) -> list[str]:
    spec = known.spec.model
    if spec.layers is not None:
        return _layers(known, explicit)
    network = cast(Component, spec.network)
    if catalog.knows("application", network.name):
        return _application(known, network)
    if catalog.knows("keras_hub", network.name):
        return _hub(known, network)
    return [statement("model = ", _family(known, network))]


def _family(known: Known, network: Component) -> Call | Name:
    takes = inspect.signature(catalog.resolve("model", network.name)).parameters
    filled = {
        "input_shape": tuple(known.datasets.input_shape),
        "units": known.targets.units,
        "output_activation": known.targets.activation,
        "vocabulary_size": known.datasets.vocabulary_size,
    }
    chosen = {key: value for key, value in filled.items() if key in takes and value is not None}
    made = call("model", network.name, network.arguments)
    assert isinstance(made, Call)  # noqa: S101
    return Call(made.function, (), {**chosen, **made.keywords})


def _layers(known: Known, explicit: bool) -> list[str]:
    entries = known.spec.model.layers or ()
    shape, dtype = known.datasets.input_shape, known.datasets.input_dtype
    kind = {} if dtype == "float32" else {"dtype": dtype}
    lines = [statement("inputs = ", Call("keras.Input", (tuple(shape),), {**kind, "name": "input"}))]
    read = {name for entry in entries for name in entry.inputs or ()}
    variables = {"input": "inputs", "previous": "inputs"}
    for number, entry in enumerate(entries):
        layer = entry.layer
        name = layer.arguments.get("name")
        path = ("model", "layers", number, layer.name, "inputs")
        for source in entry.inputs or ():
            if source not in variables:
                raise unable(path, f"an input by the name that Keras gave it, '{source}',", "give that layer a `name`")
        variable = re.sub(r"\W", "_", f"x_{name}") if name in read else "x"
        sources = [variables[source] for source in entry.inputs or ("previous",)]
        made = call("layer", layer.name, layer.arguments, explicit=explicit)
        line = f"{variable} = {flat(made)}({_fed(layer, sources)})"
        if len(line) <= WIDTH:
            lines.append(line)
        else:
            lines += [statement("layer = ", made), f"{variable} = layer({_fed(layer, sources)})"]
        variables["previous"] = variable
        if name is not None:
            variables[name] = variable
    last = entries[-1].layer.arguments.get("name")
    if last not in HEAD:
        lines.append(statement("x = ", _head(known)) + f"({variables['previous']})")
    return [*lines, f'model = keras.Model(inputs, {"x" if last not in HEAD else variables["previous"]}, name="layers")']


def _fed(layer: Component, sources: list[str]) -> str:
    """What a layer is called with: one tensor, a list, or several where its `call` asks for them."""
    required = [
        one
        for one in inspect.signature(catalog.resolve("layer", layer.name).call).parameters.values()
        if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD and one.name != "self"
    ]
    if len(required) > 1:
        return ", ".join(sources)
    return sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"


def _head(known: Known) -> Call:
    activation = {} if known.targets.activation == "linear" else {"activation": known.targets.activation}
    keywords = {**activation, "dtype": "float32", "name": "predictions"}
    return Call("keras.layers.Dense", (known.targets.units,), keywords)


def _application(known: Known, network: Component) -> list[str]:
    own = {key: value for key, value in network.arguments.items() if key not in ("pooling", "dropout")}
    height, width, channels = known.datasets.input_shape
    made = call("application", network.name, own)
    assert isinstance(made, Call)  # noqa: S101
    base = Call(made.function, (), {"include_top": False, "input_shape": (height, width, 3), **made.keywords})
    frozen = "base" in known.spec.model.freeze
    lines = [statement("base = ", base)]
    if frozen:
        lines.append("base.trainable = False")
    lines.append(statement("image = ", Call("keras.Input", ((height, width, channels),), {"name": "image"})))
    x = "image"
    if channels != 3:
        lines.append('x = keras.layers.Concatenate(name="to_rgb")([image] * 3)')
        x = "x"
    lines += _read_pixels(network.name, x)
    x = "x" if len(lines) > (2 + frozen) else x
    lines.append(f"x = base({x}{', training=False' if frozen else ''})")
    pool = "Max" if network.arguments.get("pooling") == "max" else "Average"
    lines.append(f'x = keras.layers.Global{pool}Pooling2D(name="pool")(x)')
    if network.arguments.get("dropout"):
        lines.append(f'x = keras.layers.Dropout({network.arguments["dropout"]}, name="dropout")(x)')
    lines.append(statement("x = ", _head(known)) + "(x)")
    return [*lines, f"model = keras.Model(image, x, name={quoted(network.name.lower())})"]


def _read_pixels(name: str, x: str) -> list[str]:
    """See kspec.builders.model.application.read_pixels."""
    mode = PIXELS.get(name)
    if mode is None:
        return []
    options = {"dtype": "float32", "name": "preprocess"}
    if mode == "caffe":
        layer = Call("keras.layers.Rescaling", (1.0, [-mean for mean in CAFFE_MEAN]), options)
        return [f"x = keras.ops.flip({x}, axis=-1)  # RGB to BGR", statement("x = ", layer) + "(x)"]
    if mode == "torch":
        scale = [1 / (255 * deviation) for deviation in TORCH_DEVIATION]
        offset = [-mean / deviation for mean, deviation in zip(TORCH_MEAN, TORCH_DEVIATION, strict=True)]
        return [statement("x = ", Call("keras.layers.Rescaling", (scale, offset), options)) + f"({x})"]
    return [statement("x = ", Call("keras.layers.Rescaling", (1 / 127.5, -1.0), options)) + f"({x})"]


def _hub(known: Known, network: Component) -> list[str]:
    arguments = {key: value for key, value in network.arguments.items() if value is not None and key != "preset"}
    if arguments.get("load_weights", True):
        arguments.pop("load_weights", None)
    arguments |= {"num_classes": known.targets.units, "activation": known.targets.activation}
    if not reads_tokens(known):
        arguments.setdefault("head_dtype", "float32")
    made = call("keras_hub", network.name, arguments)
    assert isinstance(made, Call)  # noqa: S101
    lines = [statement("model = ", Call(made.function, (Name("PRESET"),), made.keywords))]
    lines = [*lines, "model.preprocessor = preprocessor"] if reads_tokens(known) else [preset(known), *lines]
    if hasattr(known.model, "output_dense") and known.experiment.settings.precision != "float32":
        lines.append('model.output_dense.dtype_policy = keras.DTypePolicy("float32")  # probabilities need its digits')
    return lines


def _adapted(known: Known) -> list[str]:
    """Lines that let layers such as Normalization learn from train."""
    layers = [layer for layer in known.model.layers if callable(getattr(layer, "adapt", None))]
    layers = [
        layer for layer in layers if not isinstance(layer, keras.layers.Normalization) or layer.input_mean is None
    ]
    if not layers:
        return []
    x = np.asarray(known.datasets.train.x)
    count = min(len(x), MOST_EXAMPLES, max(1, MOST_VALUES // int(np.prod(x.shape[1:]))))
    lines = []
    sample = "x_train"
    if count < len(x):
        lines.append(f"sample = x_train[np.linspace(0, len(x_train) - 1, {count}).astype(int)]  # at equal distances")
        sample = "sample"
    for layer in layers:
        found = f"model.get_layer({quoted(layer.name)})"
        if layer.input is known.model.inputs[0]:
            lines.append(f"{found}.adapt({sample})")
        else:
            lines.append(f"before = keras.Model(model.inputs, {found}.input)")
            lines.append(f"{found}.adapt(before.predict({sample}, batch_size=256, verbose=0))")
    return lines


def _by_pattern(known: Known) -> list[str]:
    """Regularizers and constraints: Keras reads both from the weight itself."""
    found = []
    for kind in ("regularizer", "constraint"):
        patterns: Mapping[str, Component | None] | None = getattr(known.spec.model, kind)
        if patterns is not None:
            found.append("\n".join(_loop(kind, patterns)))
    return found


def _loop(kind: str, patterns: Mapping[str, Component | None]) -> list[str]:
    lines = ["for weight in model.trainable_variables:"]
    for number, (pattern, component) in enumerate(patterns.items()):
        word = "elif" if number else "if"
        made: Any = None if component is None else call(kind, component.name, component.arguments)
        lines.append(f"    {word} fnmatch.fnmatchcase(weight.path, {quoted(pattern)}):")
        lines.append(statement(f"weight.{kind} = ", made, 8))
    return lines


def _frozen(known: Known) -> list[str]:
    lines: list[str] = []
    network = known.spec.model.network
    for pattern in known.spec.model.freeze:
        if pattern == "base":
            if network is not None and catalog.knows("keras_hub", network.name):
                lines.append("model.backbone.trainable = False")
            continue
        paths = [path for path, _ in layer_paths(known.model) if fnmatchcase(path, pattern)]
        nested = any("/" in path for path in paths)
        loop = "for path, layer in layer_paths(model):" if nested else "for layer in model.layers:"
        lines += [
            loop,
            f"    if fnmatch.fnmatchcase({'path' if nested else 'layer.name'}, {quoted(pattern)}):",
            "        layer.trainable = False",
        ]
    return ["\n".join(lines)] if lines else []
