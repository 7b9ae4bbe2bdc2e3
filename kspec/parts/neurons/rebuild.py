"""A model rebuilt without the channels of a cut: a stock Keras model with sliced weights."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from kspec.parts.neurons.encoder import Unrolled, is_encoder
from kspec.parts.neurons.hub import as_hub_model
from kspec.parts.neurons.initializers import fitted
from kspec.parts.neurons.structure import Cut, Edit, Structure
from kspec.parts.neurons.transfer import Transfer
from kspec.parts.neurons.walk import graph_of, is_graph, nodes_of


def rebuild(structure: Structure, cut: Cut, drop: frozenset[int] = frozenset()) -> Any:
    """A new model without the channels of the cut; it shares nothing with the old one.

    Names, graph, `trainable` and dtypes stay. A Sequential stays one; a KerasHub backbone or task stays one where its
    class can express the new sizes, and becomes a functional model otherwise; other subclasses become functional. The
    new model is not compiled. drop: ids of layers to leave out; their first input takes the place of their output.
    Raises ValueError naming the layer that cannot be made anew or built.
    """
    builder = _Builder(structure, cut, drop)
    new = builder.model(structure.model)
    builder.transfer.run()
    return new


def copied(structure: Structure) -> tuple[Any, dict[int, Any]]:
    """A copy of the whole model, and the copy's variable for each of the model's, by its id."""
    builder = _Builder(structure, Cut(structure.channels, set()), frozenset())
    new = builder.model(structure.model)
    builder.transfer.run()
    return new, builder.transfer.twins()


class _Builder:
    def __init__(self, structure: Structure, cut: Cut, drop: frozenset[int]) -> None:
        self._structure, self._cut, self._drop = structure, cut, drop
        self.transfer = Transfer(structure, cut)
        self._slots = structure.slots_of()
        self._made: dict[int, Any] = {}

    def model(self, model: Any) -> Any:
        if id(model) not in self._made:
            self._made[id(model)] = self._sequential(model) if self._stays_sequential(model) else self._graph(model)
            if not model.trainable:
                self._made[id(model)].trainable = False
        return self._made[id(model)]

    def _stays_sequential(self, model: Any) -> bool:
        if type(model) is not keras.Sequential:
            return False
        return not any(is_encoder(layer) and self._loses_heads(layer) for layer in model.layers)

    def _sequential(self, model: Any) -> Any:
        new = keras.Sequential([self._input(graph_of(model).inputs[0])], name=model.name)
        for layer in model.layers:
            if id(layer) not in self._drop:
                made = self._operation(layer)
                with _named(layer):
                    new.add(made)
        return new

    def _graph(self, model: Any) -> Any:
        graph = graph_of(model)
        tensors: dict[int, Any] = {id(tensor): self._input(tensor).output for tensor in graph.inputs}
        for node in nodes_of(graph):
            args, kwargs = node.arguments.fill_in(tensors)
            if id(node.operation) in self._drop:
                outputs = [tensors[id(node.input_tensors[0])]]
            else:
                made = self._operation(node.operation)
                with _named(node.operation):
                    outputs = keras.tree.flatten(made(*args, **kwargs))
            tensors.update((id(old), new) for old, new in zip(node.outputs, outputs, strict=True))

        def renewed(struct: Any) -> Any:
            return keras.tree.map_structure(lambda tensor: tensors[id(tensor)], struct)

        new = keras.Model(renewed(graph.input), renewed(graph.output), name=model.name)
        return as_hub_model(model, new, self._made, self.transfer)

    def _input(self, tensor: Any) -> Any:
        """The input layer, with as many channels as stay (those of a nested model may shrink)."""
        layer, flow = tensor._keras_history.operation, self._structure.inputs[id(tensor)]
        shape = list(tensor.shape)
        if flow.axis is not None:
            shape[flow.axis] = self._cut.count(flow.tokens)
        return keras.layers.InputLayer(
            batch_shape=tuple(shape), dtype=tensor.dtype, sparse=tensor.sparse, name=layer.name, optional=layer.optional
        )

    def _operation(self, operation: Any) -> Any:
        """The new one for a layer or function; a shared layer stays shared."""
        if id(operation) not in self._made:
            self._made[id(operation)] = self._new(operation)
        return self._made[id(operation)]

    def _new(self, operation: Any) -> Any:
        if is_graph(operation):
            return self.model(operation)
        if not isinstance(operation, keras.Layer):
            new = object.__new__(type(operation))  # copy.copy writes it to a file, which an array in it forbids
            vars(new).update(vars(operation))
            new._inbound_nodes, new._outbound_nodes = [], []
            return new
        if is_encoder(operation) and self._loses_heads(operation):
            inner = self._structure.inner[id(operation)]
            unrolled = Unrolled(operation, self._cut.count(inner["heads"]), self._cut.count(inner["units"]))
            self.transfer.add_all(unrolled.pairs)
            return unrolled
        new = self._copied(operation)
        self.transfer.add(operation, new)
        return new

    def _loses_heads(self, encoder: Any) -> bool:
        heads = self._structure.inner[id(encoder)]["heads"]
        return self._cut.count(heads) < len(heads)

    def _copied(self, layer: Any) -> Any:
        edits, config = self._structure.edits.get(id(layer), []), {}
        try:
            config = layer.get_config()
            new = type(layer).from_config(edited(fitted(layer, config, self._slots, self._cut), edits, self._cut))
        except (TypeError, NotImplementedError) as error:
            raise ValueError(
                f"the layer '{layer.name}' ({type(layer).__name__}) cannot be made anew from its configuration: "
                f"{_lambda(config) or _brief(error)}"
            ) from error
        new.name = layer.name  # where the layer's own get_config leaves it out
        return new


@contextmanager
def _named(layer: Any) -> Iterator[None]:
    """Gives what goes wrong inside the name of the layer."""
    try:
        yield
    except Exception as error:  # Keras and its backends raise many types while a layer is built
        raise ValueError(
            f"the layer '{layer.name}' ({type(layer).__name__}) cannot be built in the smaller model: {_brief(error)}"
        ) from error


def _lambda(value: Any, key: str = "configuration") -> str:
    """Says which part of a configuration is a lambda, of which Keras stores the bytes and does not read them."""
    if isinstance(value, Mapping) and value.get("class_name") == "__lambda__":
        return f"its {key} is a lambda; give it a function registered with keras.saving.register_keras_serializable"
    items = value.items() if isinstance(value, Mapping) else []
    return next(filter(None, (_lambda(inner, name) for name, inner in items)), "")


def _brief(error: Exception) -> str:
    """The cause that Keras puts after a layer's whole configuration, in one short line."""
    cause = str(error).rpartition("Exception encountered: ")[2] or type(error).__name__
    return textwrap.shorten(cause, 300, placeholder=" ...")


def edited(config: Mapping[str, Any], edits: list[Edit], cut: Cut) -> dict[str, Any]:
    """A layer's configuration with the new numbers of channels."""
    new: Any = _unbuilt(dict(config))
    for edit in edits:
        kept = cut.count(edit.tokens)
        if kept < len(edit.tokens):
            new = _replaced(new, edit.path, kept)
    result: dict[str, Any] = new
    return result


def _unbuilt(value: Any) -> Any:
    """A configuration whose inner layers (of Bidirectional) do not know the old shapes."""
    if isinstance(value, Mapping):
        return {key: _unbuilt(inner) for key, inner in value.items() if key != "build_config"}
    return type(value)(map(_unbuilt, value)) if isinstance(value, (list, tuple)) else value


def _replaced(value: Any, path: tuple[str | int, ...], new: int) -> Any:
    """The nested value with the item at the path replaced; tuples stay tuples."""
    if not path:
        return new
    if isinstance(value, Mapping):
        return {**value, path[0]: _replaced(value[path[0]], path[1:], new)}
    if isinstance(value, (list, tuple)):
        items = [_replaced(item, path[1:], new) if n == path[0] else item for n, item in enumerate(value)]
        return type(value)(items)
    return new  # a single number that stands for a tuple, such as output_shape=8


def silence(structure: Structure, cut: Cut) -> dict[int, Any]:
    """New values for the weights that read a removed channel: zero there. By the id of the variable.

    With them the old model computes what the rebuilt one computes: a removed channel is read nowhere.
    """
    values: dict[int, Any] = {}
    for slot in structure.slots:
        gone = cut.gone(slot.tokens)
        if slot.role == "in" and gone.any():
            value = values.setdefault(id(slot.variable), np.array(keras.ops.convert_to_numpy(slot.variable)))
            value[(slice(None),) * slot.axis + (gone,)] = 0
    return values
