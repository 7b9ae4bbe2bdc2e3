"""The walk over the graph of a functional model, from inputs to outputs, that finds its channels."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kspec.parts.neurons.channels import NO_CHANNELS, Flow, Tokens
from kspec.parts.neurons.patterns import PatternError, listed
from kspec.parts.neurons.rules.call import Call
from kspec.parts.neurons.rules.table import rule_for
from kspec.parts.neurons.structure import Structure


def read(model: keras.Model, exclude: str | Sequence[str] = ()) -> Structure:
    """Finds the channels of a model: of inputs and outputs (both frozen), and of every layer between.

    exclude: shell patterns (or one) over the names of layers whose own neurons all stay; their inputs may shrink.
    Raises ValueError for what is no Keras model, a model without a graph and a layer that cannot be copied;
    PatternError for patterns that fit no layer.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"neurons can be removed from a Keras model, not from {type(model).__name__} {model!r:.60}")
    exclude = listed(exclude)
    if not is_graph(model):
        kind = "is not built" if isinstance(model, keras.Sequential) else "has no graph of layers"
        raise ValueError(
            f"the model '{model.name}' ({type(model).__name__}) {kind}: neurons can be removed from functional and "
            "built sequential models only"
        )
    walk = _Walk(model, exclude)
    walk.refuse_shared_weights()
    for tensor, flow in zip(model.outputs, walk.whole(), strict=True):
        layer = tensor._keras_history.operation.name
        walk.structure.channels.freeze_outputs(flow.tokens, f"an output of the model ({layer})")
    walk.exclude_parts()
    unused = [pattern for pattern in exclude if pattern not in walk.used]
    if unused:
        raise PatternError("exclude", unused, walk.names, f"the model '{model.name}'")
    return walk.structure


def is_graph(model: Any) -> bool:
    """Whether an operation is a functional or a built sequential model."""
    return isinstance(model, keras.Model) and graph_of(model) is not None


def graph_of(model: Any) -> Any:
    """The functional model with the nodes of a model; None where it has none."""
    if isinstance(model, keras.Sequential):
        return model._functional if model.built else None
    return model if hasattr(model, "_nodes_by_depth") else None


def nodes_of(graph: Any) -> list[Any]:
    """The nodes of a functional model in the order of computation, without its inputs."""
    depths = sorted(graph._nodes_by_depth, reverse=True)
    nodes = [node for depth in depths for node in graph._nodes_by_depth[depth]]
    return [node for node in nodes if node.operation and not node.is_input]


class _Walk:
    def __init__(self, model: Any, exclude: Sequence[str]) -> None:
        self.structure = Structure(model)
        self.used: set[str] = set()
        self.names: dict[str, None] = {}
        self._model, self._exclude = model, exclude
        self._first: dict[int, tuple[Call, list[Flow]]] = {}

    def refuse_shared_weights(self) -> None:
        """Layers that hold the same variable cannot be copied one by one."""
        owners: dict[int, str] = {}
        for layer in _leaves(self._model):
            for variable in layer.weights:
                owner = owners.setdefault(id(variable), layer.name)
                if owner != layer.name:
                    raise ValueError(
                        f"the layers '{owner}' and '{layer.name}' share the weight '{variable.name}': such a model "
                        "cannot be rebuilt layer by layer"
                    )

    def whole(self) -> list[Flow]:
        """The channels of the model's outputs."""
        graph, flows = graph_of(self._model), []
        for tensor in graph.inputs:
            flows.append(self._minted(tensor, f"an input of the model ({tensor.name})"))
        return self._graph(graph, flows, "")

    def _graph(self, graph: Any, inputs: list[Flow], prefix: str) -> list[Flow]:
        flows = {id(tensor): flow for tensor, flow in zip(graph.inputs, inputs, strict=True)}
        for tensor, flow in zip(graph.inputs, inputs, strict=True):
            first = self.structure.inputs.setdefault(id(tensor), flow)
            rank = len(tensor.shape)
            self._tie((first, rank), (flow, rank), graph.name)
        for node in nodes_of(graph):
            given = [flows[id(tensor)] for tensor in node.input_tensors]
            for tensor, flow in zip(node.outputs, self._node(node, given, prefix), strict=True):
                flows[id(tensor)] = flow
        return [flows[id(tensor)] for tensor in graph.outputs]

    def _node(self, node: Any, inputs: list[Flow], prefix: str) -> list[Flow]:
        layer = node.operation
        name = f"{prefix}{layer.name}"
        before = len(self.structure.channels)
        outputs = self._nested(layer, inputs, name) if is_graph(layer) else self._layer(node, inputs, name)
        minted = np.arange(before, len(self.structure.channels))
        self._exclude_named(name, [minted, *(flow.tokens for flow in outputs)])
        return outputs

    def exclude_parts(self) -> None:
        """Excludes heads and units inside layers by their own names."""
        for slot in self.structure.slots:
            if slot.role == "out":
                self._exclude_named(slot.layer, [slot.tokens])

    def _exclude_named(self, name: str, found: list[Tokens]) -> None:
        self.names[name] = None
        patterns = [one for one in self._exclude if fnmatch.fnmatchcase(name, one)]
        self.used.update(patterns)
        for tokens in found if patterns else []:
            self.structure.channels.freeze(tokens, f"excluded by {patterns[0]!r}")

    def _nested(self, model: Any, inputs: list[Flow], name: str) -> list[Flow]:
        outputs = self._graph(graph_of(model), inputs, f"{name}/")
        if type(model).__module__.startswith("keras_hub."):
            for flow in outputs:
                self.structure.channels.freeze(flow.tokens, f"an output of the KerasHub model {name}")
        return outputs

    def _layer(self, node: Any, inputs: list[Flow], name: str) -> list[Flow]:
        layer = node.operation
        _refuse(layer, name)
        call = Call(self.structure, node, name, inputs)
        rule = rule_for(layer)
        if rule is None:
            return self._unknown(call)
        if id(layer) in self._first:
            outputs = self._again(call)
        else:
            outputs = rule.connect(call)
            if id(layer) in self.structure.edits or getattr(layer, "weights", None):
                self._first[id(layer)] = (call, outputs)
        if rule.work is not None:
            rule.work(call, outputs)
        return outputs

    def _again(self, call: Call) -> list[Flow]:
        """A shared layer: its inputs have the same channels in all calls, and so have its outputs."""
        before, outputs = self._first[id(call.layer)]
        for first, now in zip(_with_ranks(before), _with_ranks(call), strict=True):
            self._tie(first, now, call.name)
        moved = []
        for flow, old, tensor in zip(outputs, before.node.outputs, call.node.outputs, strict=True):
            # Channels that were last in a call are last in another, whatever the rank.
            last = flow.axis == len(old.shape) - 1
            moved.append(Flow(len(tensor.shape) - 1 if last else flow.axis, flow.tokens))
        return moved

    def _tie(self, first: tuple[Flow, int], now: tuple[Flow, int], name: str) -> None:
        """Makes the channels of two inputs of a shared layer, each with its rank, the same ones."""
        channels, flows = self.structure.channels, (first[0], now[0])
        # A layer reads the last axis of a tensor of any rank, so axes are counted from the end.
        axes = {None if flow.axis is None else flow.axis - rank for flow, rank in (first, now)}
        if len(axes) == 1 and len(flows[0].tokens) == len(flows[1].tokens):
            channels.unite(flows[0].tokens, flows[1].tokens)
            return
        told = "of different shapes" if len(axes) == 1 else "whose channels lie along different axes"
        for flow in flows:
            channels.freeze(flow.tokens, f"{name} is shared by inputs {told}")

    def _unknown(self, call: Call) -> list[Flow]:
        kind = type(call.layer).__name__
        reason = f"{call.name} ({kind}): it is not known what {kind} does to channels"
        call.freeze_inputs(reason)
        return [self._minted(tensor, reason) for tensor in call.node.outputs]

    def _minted(self, tensor: Any, reason: str) -> Flow:
        """The channels of a tensor that all stay; they are taken to lie on its last axis."""
        if len(tensor.shape) < 2 or tensor.shape[-1] is None:
            return NO_CHANNELS
        tokens: Tokens = self.structure.channels.fresh(tensor.shape[-1])
        self.structure.channels.freeze(tokens, reason)
        return Flow(len(tensor.shape) - 1, tokens)


def _leaves(model: Any) -> list[Any]:
    """The layers of a model that are no graphs themselves, each once."""
    found: dict[int, Any] = {}
    for layer in graph_of(model).layers:
        for leaf in _leaves(layer) if is_graph(layer) else [layer]:
            found[id(leaf)] = leaf
    return list(found.values())


def _with_ranks(call: Call) -> list[tuple[Flow, int]]:
    return [(flow, len(tensor.shape)) for flow, tensor in zip(call.inputs, call.node.input_tensors, strict=True)]


def _refuse(layer: Any, name: str) -> None:
    """Raises ValueError for a layer that cannot be copied faithfully."""
    kind = type(layer).__name__
    inner = layer._flatten_layers() if isinstance(layer, keras.Layer) else []
    if any(getattr(one, "quantization_mode", None) for one in inner):
        raise ValueError(f"the layer '{name}' ({kind}) is quantized: remove neurons first, then quantize")
    if any(getattr(one, "lora_enabled", False) for one in inner):
        raise ValueError(f"the layer '{name}' ({kind}) has LoRA weights: save and reload the model to merge them first")
    if isinstance(layer, keras.layers.Lambda):
        raise ValueError(
            f"the layer '{name}' is a Lambda, whose function cannot be copied: use a layer or keras.ops instead"
        )
