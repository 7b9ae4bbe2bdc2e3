"""`model`: a family of kspec, a network of keras.applications, a task of KerasHub, a list of layers, or a saved file.

model: MLP
model:
  ResNet: {depth: 20}
  regularizer: {L2: {l2: 1.0e-4}}
model:
  layers:
    - Dense: {units: 64, activation: relu, name: first}
    - Dense: {units: 64, activation: relu}
    - Add: {inputs: [first, previous]}
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_serializer,
    model_validator,
)

from kspec import catalog
from kspec.catalog.types import quoted
from kspec.errors import Problem, did_you_mean
from kspec.spec.base import FilePath, Listed, ListedOrSingle, Section, collected, refuse, stated
from kspec.spec.component import Component, as_tree, component_of, parse, split
from kspec.spec.forms import NULL, TEXT, component, written
from kspec.spec.lora import Lora

KINDS = ("model", "application", "keras_hub")
WANTED = "a family, a network of keras.applications, a KerasHub task, `layers` or `file`"


class Layer(Section):
    """One entry of `model.layers`: a Keras layer, and the names of the layers it reads."""

    layer: component_of("layer")  # type: ignore[valid-type]
    """The layer; its argument `name` names it for others to read."""
    inputs: Listed[str] | None = None
    """Names of the layers whose outputs it takes: `previous`, `input`, or a `name`. By default the layer before it."""


def _layer(value: Any) -> Any:
    """`{Add: {inputs: [a, b]}}`: `inputs` is kspec's, all other arguments are the layer's own."""
    if isinstance(value, Layer):
        return value
    name, arguments = split("layer", value)
    own = {key: inner for key, inner in arguments.items() if key != "inputs"}
    inputs = arguments.get("inputs")
    if inputs is not None and not (isinstance(inputs, list) and inputs and all(isinstance(one, str) for one in inputs)):
        raise refuse(Problem((name, "inputs"), "not a list of layer names", "[name, ...]", quoted(inputs)), value)
    return Layer.model_construct(layer=parse("layer", {name: own}), inputs=None if inputs is None else tuple(inputs))


def _layer_tree(layer: Layer) -> Any:
    if layer.inputs is None:
        return as_tree(layer.layer)
    return {layer.layer.name: {**layer.layer.arguments, "inputs": list(layer.inputs)}}


_INPUTS = {
    "type": ["array", "null"],
    "items": TEXT,
    "minItems": 1,
    "description": "Names of the layers whose outputs it takes: `previous`, `input`, or the `name` of a layer before.",
}
LayerEntry = Annotated[
    Layer, PlainSerializer(_layer_tree), BeforeValidator(_layer), written(component("layer", inputs=_INPUTS))
]


def _patterned(kind: str) -> Any:
    """One component for all kernels, or a mapping from patterns over weight paths to a component or null."""

    def read(value: Any) -> Any:
        if isinstance(value, dict) and value and all(isinstance(item, Component | None) for item in value.values()):
            return value
        is_patterns = isinstance(value, dict) and any("*" in key or "/" in key for key in value)
        if value is None or not is_patterns:
            return value if value is None else {"*/kernel": parse(kind, value)}
        found: dict[str, Component | None] = {}
        problems: list[Problem] = []
        for pattern, inner in value.items():
            try:
                found[pattern] = None if inner is None else parse(kind, inner)
            except ValidationError as error:
                problems += [replace(one, path=(pattern, *one.path)) for one in stated(error)]
        if problems:
            raise refuse(problems, value)
        return found

    def write(value: dict[str, Component | None] | None) -> Any:
        return value and {key: None if inner is None else as_tree(inner) for key, inner in value.items()}

    one = component(kind)
    by_pattern = {
        "type": "object",
        "additionalProperties": {"anyOf": [one, NULL]},
        "not": {"propertyNames": {"not": {"pattern": "[*/]"}}},  # at least one key is a pattern
    }
    form = written(one, by_pattern, NULL)
    return Annotated[dict[str, Component | None] | None, PlainSerializer(write), BeforeValidator(read), form]


def _named_network(schema: dict[str, Any]) -> None:
    """A network stands as its own name, which is a key beside the others; or the name alone."""
    whole = dict(schema)
    del whole["properties"]["network"]
    others = [key for key in whole["properties"] if key not in ("layers", "file")]
    whole["names"] = list(KINDS)
    whole["not"] = {"type": "object", "propertyNames": {"enum": others}}  # a network, `layers` or `file` is needed
    whole["maxProperties"] = len(others) + 1
    description = whole["description"]
    schema.clear()
    schema.update({"anyOf": [{"component": list(KINDS), "bare": True}, whole], "description": description})


class Model(Section):
    """What is trained. Input shape and number of classes come from the data."""

    model_config = ConfigDict(json_schema_extra=_named_network)

    network: component_of(KINDS) | None = None  # type: ignore[valid-type]
    """A family (`kspec list model`), a network of keras.applications, or a KerasHub task; written as its own name:
    `ResNet: {depth: 20}`."""
    layers: Annotated[Listed[LayerEntry], Field(min_length=1)] | None = Field(
        default=None, examples=[[{"Dense": {"units": 64, "activation": "relu"}}, {"Dropout": {"rate": 0.2}}]]
    )
    """A list of Keras layers; the output layer that fits the data is added unless the last layer has `name: output`."""
    file: FilePath | None = Field(default=None, examples=["base.keras"])
    """A saved `.keras` file to train on."""
    regularizer: _patterned("regularizer") = Field(  # type: ignore[valid-type]
        default=None, examples=[{"L2": {"l2": 0.0001}}, {"head/*": None, "*/kernel": {"L2": {"l2": 0.0001}}}]
    )
    """A regularizer for every kernel, or by pattern over weight paths: the first match wins, null means none."""
    constraint: _patterned("constraint") = Field(  # type: ignore[valid-type]
        default=None, examples=[{"MaxNorm": {"max_value": 3.0}}]
    )
    """A constraint such as MaxNorm, for every kernel or by pattern."""
    lora: Lora | None = Field(default=None, examples=[8, {"rank": 8, "match": ["*/query", "*/value"]}])
    """Low-rank updates train in place of the pretrained weights."""
    freeze: ListedOrSingle[str] = Field(default=(), examples=["base", ["stage1*"]])
    """Patterns over layer paths that do not train; `base` is the pretrained part of an application or KerasHub task."""

    @model_validator(mode="wrap")
    @classmethod
    def _named(cls, value: Any, handler: Any) -> Any:
        """Moves the one key that names a network to `network`."""
        if isinstance(value, str):
            value = {value: {}}
        if not isinstance(value, dict) or isinstance(value.get("network"), Component):
            return handler(value)  # refused, or made in Python
        own = {key: inner for key, inner in value.items() if key in cls.model_fields and key != "network"}
        given = [key for key in ("layers", "file") if own.get(key) is not None]
        named = {key: inner for key, inner in value.items() if key not in own}
        known = [key for key in named if catalog.find(KINDS, key) is not None]
        chosen = known[:1] or list(named)[:1]
        problems = [_surplus(key, cls, key in known) for key in named if key not in chosen]
        if len(chosen) + len(given) != 1:
            found = ", ".join([*chosen, *given]) or "none"
            problems.append(Problem((), "exactly one model is needed", WANTED, found))
        if chosen:
            own["network"] = {key: named[key] for key in chosen}
        return collected(handler, own, problems)

    @model_serializer(mode="wrap")
    def _written(self, handler: Any) -> dict[str, Any]:
        tree = self._said(handler(self))
        network = tree.pop("network", {})
        return {**({network: {}} if isinstance(network, str) else network), **tree}


def _surplus(key: str, section: type[Section], is_model: bool) -> Problem:
    if is_model:
        return Problem((key,), "a second model", "exactly one", key, on_key=True)
    known = [
        *(key for key in section.model_fields if key != "network"),
        *(name for kind in KINDS for name in catalog.names(kind)),
    ]
    return Problem((key,), "unknown key", "", "", did_you_mean(key, known), on_key=True)
