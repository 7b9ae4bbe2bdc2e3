"""One call of a layer in a graph, as the rules see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kspec.parts.neurons.channels import NO_CHANNELS, Channels, Flow, Tokens
from kspec.parts.neurons.structure import Edit, Product, Role, Slot, Structure


@dataclass(frozen=True)
class Rule:
    """What a kind of layer does. connect: from the channels of a call's inputs to those of its outputs, with slots and
    edits noted on the way; it is asked once for a layer with weights. work: notes the MACs of a call."""

    connect: Callable[[Call], list[Flow]]
    work: Callable[[Call, list[Flow]], None] | None = None


@dataclass(frozen=True, eq=False)
class Call:
    """node: of the graph. name: of the layer, with the models it is in. inputs: channels of each input tensor."""

    structure: Structure
    node: Any
    name: str
    inputs: list[Flow]

    @property
    def layer(self) -> Any:
        """The layer, or another operation."""
        return self.node.operation

    @property
    def channels(self) -> Channels:
        """All channels of the model."""
        return self.structure.channels

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Of the first input, with the batch."""
        shape: tuple[int | None, ...] = self.node.input_tensors[0].shape
        return shape

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Of the first output, with the batch."""
        shape: tuple[int | None, ...] = self.node.outputs[0].shape
        return shape

    def argument(self, name: str, position: int) -> Any:
        """A KerasTensor, or what else was passed; None where nothing was."""
        args, kwargs = self.node.arguments.args, self.node.arguments.kwargs
        if name in kwargs:
            return kwargs[name]
        return args[position] if position < len(args) else None

    def flow(self, tensor: Any) -> Flow:
        """The channels of one of the inputs."""
        where = [id(one) for one in self.node.input_tensors].index(id(tensor))
        return self.inputs[where]

    def along(self, flow: Flow, axis: int, length: int) -> Tokens:
        """The channels of a tensor along an axis. Where they lie along another one, both are frozen."""
        if flow.at(axis):
            return flow.tokens
        reason = f"{self.name} works along axis {axis}, and the channels lie along another"
        self.channels.freeze(flow.tokens, reason)
        tokens = self.channels.fresh(length)
        self.channels.freeze(tokens, reason)
        return tokens

    def freeze(self, tokens: Tokens, reason: str) -> None:
        """Forbids the removal of channels; the layer's name is put before the reason."""
        self.channels.freeze(tokens, f"{self.name} ({type(self.layer).__name__}): {reason}")

    def frozen(self, reason: str) -> list[Flow]:
        """Freezes the channels of all inputs, and gives the outputs new ones that stay too."""
        for flow in self.inputs:
            self.freeze(flow.tokens, reason)
        return self.new_frozen(reason)

    def new_frozen(self, reason: str) -> list[Flow]:
        """New channels for the outputs, which all stay."""
        return [self._new_frozen(tensor.shape, reason) for tensor in self.node.outputs]

    def _new_frozen(self, shape: tuple[int | None, ...], reason: str) -> Flow:
        if len(shape) < 2 or shape[-1] is None:
            return NO_CHANNELS
        tokens = self.channels.fresh(shape[-1])
        self.freeze(tokens, reason)
        return Flow(len(shape) - 1, tokens)

    def freeze_inputs(self, reason: str, but: Sequence[Flow] = ()) -> None:
        """Freezes the channels of all inputs except some."""
        for flow in self.inputs:
            if not any(flow is one for one in but):
                self.channels.freeze(flow.tokens, reason)

    def slot(self, variable: Any, axis: int, tokens: Tokens, role: Role, part: str = "") -> None:
        """Notes that an axis of a variable (None: the layer has no such weight) belongs to channels.

        part: "/heads" or "/units", for channels inside the layer.
        """
        if variable is not None:
            axis = axis % len(variable.shape)
            self.structure.slots.append(Slot(f"{self.name}{part}", variable, axis, tokens, role))

    def edit(self, path: tuple[str | int, ...], tokens: Tokens) -> None:
        """Notes that a place in the layer's configuration holds the number of these channels."""
        self.structure.edits.setdefault(id(self.layer), []).append(Edit(path, tokens))

    def inner(self, **tokens: Tokens) -> None:
        """Notes channels inside the layer."""
        self.structure.inner.setdefault(id(self.layer), {}).update(tokens)

    def noted(self, name: str) -> Tokens:
        """Channels noted with `inner`."""
        return self.structure.inner[id(self.layer)][name]

    def macs(self, lengths: Sequence[int | None], *axes: Tokens, factor: int = 1) -> None:
        """Notes factor * (all lengths) * (channels along each axis) MACs; an unknown length makes them unknown."""
        for length in lengths:
            if length is None:
                if self.name not in self.structure.uncounted:
                    self.structure.uncounted.append(self.name)
                return
            factor *= length
        self.structure.macs.append(Product(factor, axes))


def channel_axis(layer: Any, rank: int) -> int:
    """The axis of channels for a layer with `data_format`."""
    return 1 if getattr(layer, "data_format", None) == "channels_first" else rank - 1


def is_layer(operation: Any) -> bool:
    """Whether an operation of a graph is a layer; the others are functions of keras.ops."""
    return isinstance(operation, keras.Layer)


def axes_of(axes: Any, rank: int) -> set[int]:
    """The axes of a reduction or softmax, from 0; None stands for all."""
    every = range(rank) if axes is None else axes if isinstance(axes, (list, tuple)) else [axes]
    return {axis % rank for axis in every}
