"""Layers that make channels from channels: dense, convolutions, embeddings; and depthwise convolutions."""

from __future__ import annotations

import math

import numpy as np

from kspec.parts.neurons.channels import Flow
from kspec.parts.neurons.rules.activation import after
from kspec.parts.neurons.rules.call import Call, channel_axis


def dense(call: Call) -> list[Flow]:
    """The last axis is read, and made anew."""
    return _product(call, "units", kernel_in=0, kernel_out=1)


def convolution(call: Call) -> list[Flow]:
    """Conv1D, 2D, 3D: the kernel ends in (in, out). Grouped ones are frozen: their groups read fixed channels."""
    if call.layer.groups > 1:
        return _fixed(call, "a grouped convolution reads fixed channels")
    return _product(call, "filters", kernel_in=-2, kernel_out=-1)


def transposed(call: Call) -> list[Flow]:
    """Conv1DTranspose, 2D, 3D: the kernel ends in (out, in)."""
    return _product(call, "filters", kernel_in=-1, kernel_out=-2)


def _product(call: Call, key: str, kernel_in: int, kernel_out: int) -> list[Flow]:
    layer, rank = call.layer, len(call.shape)
    axis = channel_axis(layer, rank)
    tokens = call.along(call.inputs[0], axis, layer.kernel.shape[kernel_in])
    made = call.channels.fresh(layer.kernel.shape[kernel_out])
    call.slot(layer.kernel, kernel_in, tokens, "in")
    call.slot(layer.kernel, kernel_out, made, "out")
    call.slot(layer.bias, 0, made, "other")
    call.edit((key,), made)
    call.inner(read=tokens)
    after(call, made)
    return [Flow(axis, made)]


def whitening(call: Call) -> list[Flow]:
    """WhiteningConv2D, whose filters follow from the data and come in opposite pairs."""
    return _fixed(call, "its filters are those of the data")


def _fixed(call: Call, reason: str) -> list[Flow]:
    """A convolution that keeps all channels that it reads and makes."""
    call.freeze(call.inputs[0].tokens, reason)
    made = call.channels.fresh(call.layer.filters)
    call.freeze(made, reason)
    call.slot(call.layer.kernel, -1, made, "out")
    call.slot(call.layer.bias, 0, made, "other")
    return [Flow(channel_axis(call.layer, len(call.shape)), made)]


def depthwise(call: Call) -> list[Flow]:
    """Each channel is filtered alone, into `depth_multiplier` channels side by side."""
    layer = call.layer
    axis = channel_axis(layer, len(call.shape))
    tokens = call.along(call.inputs[0], axis, layer.kernel.shape[-2])
    made = np.repeat(tokens, layer.depth_multiplier)
    call.slot(layer.kernel, -2, tokens, "through")
    call.slot(layer.bias, 0, made, "other")
    after(call, made)
    return [Flow(axis, made)]


def separable(call: Call) -> list[Flow]:
    """A depthwise and a 1x1 convolution."""
    layer = call.layer
    axis = channel_axis(layer, len(call.shape))
    tokens = call.along(call.inputs[0], axis, layer.depthwise_kernel.shape[-2])
    between = np.repeat(tokens, layer.depth_multiplier)
    made = call.channels.fresh(layer.filters)
    call.slot(layer.depthwise_kernel, -2, tokens, "through")
    call.slot(layer.pointwise_kernel, -2, between, "in")
    call.slot(layer.pointwise_kernel, -1, made, "out")
    call.slot(layer.bias, 0, made, "other")
    call.edit(("filters",), made)
    call.inner(between=between)
    after(call, made)
    return [Flow(axis, made)]


def embedding(call: Call) -> list[Flow]:
    """A row of channels for each token id; the ids' own axis is no channel."""
    call.freeze_inputs(f"{call.name}: token ids")
    made = call.channels.fresh(call.layer.output_dim)
    call.slot(call.layer.embeddings, 1, made, "out")
    call.edit(("output_dim",), made)
    return [Flow(len(call.output_shape) - 1, made)]


def dense_work(call: Call, outputs: list[Flow]) -> None:
    """in * out for each position."""
    call.macs(call.output_shape[1:-1], call.noted("read"), outputs[0].tokens)


def convolution_work(call: Call, outputs: list[Flow]) -> None:
    """in * out * window for each output position."""
    layer, made = call.layer, outputs[0].tokens
    window = math.prod(layer.kernel_size)
    if layer.groups > 1:
        call.macs(_positions(call, outputs[0]), made, factor=window * layer.kernel.shape[-2])
    else:
        call.macs(_positions(call, outputs[0]), call.noted("read"), made, factor=window)


def whitening_work(call: Call, outputs: list[Flow]) -> None:
    """in * out * window for each output position."""
    factor = math.prod(call.layer.kernel.shape[:-1])
    call.macs(_positions(call, outputs[0]), outputs[0].tokens, factor=factor)


def transposed_work(call: Call, outputs: list[Flow]) -> None:
    """in * out * window for each input position."""
    places = [length for axis, length in enumerate(call.shape) if axis not in (0, outputs[0].axis)]
    call.macs(places, call.noted("read"), outputs[0].tokens, factor=math.prod(call.layer.kernel_size))


def depthwise_work(call: Call, outputs: list[Flow]) -> None:
    """window for each output value."""
    call.macs(_positions(call, outputs[0]), outputs[0].tokens, factor=math.prod(call.layer.kernel_size))


def separable_work(call: Call, outputs: list[Flow]) -> None:
    """Those of its two convolutions."""
    places, between = _positions(call, outputs[0]), call.noted("between")
    call.macs(places, between, factor=math.prod(call.layer.kernel_size))
    call.macs(places, between, outputs[0].tokens)


def _positions(call: Call, flow: Flow) -> list[int | None]:
    return [length for axis, length in enumerate(call.output_shape) if axis not in (0, flow.axis)]
