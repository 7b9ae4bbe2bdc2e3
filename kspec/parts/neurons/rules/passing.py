"""Layers that keep channels as they are, or move them to another axis; and those that normalise over them."""

from __future__ import annotations

from typing import Any

import numpy as np

from kspec.parts.neurons.channels import NO_CHANNELS, Flow
from kspec.parts.neurons.rules.call import Call, axes_of, channel_axis


def passing(call: Call) -> list[Flow]:
    """Every value alone: dropout, noise, casts, pointwise functions."""
    flow = call.inputs[0]
    call.freeze_inputs(f"{call.name}: a second input", but=[flow])
    return [flow for _ in call.node.outputs]


def clip(call: Call) -> list[Flow]:
    """keras.ops.clip; arrays of bounds, one a channel, are frozen."""
    if any(np.ndim(bound) for bound in (call.layer.x_min, call.layer.x_max)):
        return call.frozen("it has bounds for each channel")
    return passing(call)


def spatial(call: Call) -> list[Flow]:
    """Pooling, upsampling and cropping of the axes that are no channels."""
    axis = channel_axis(call.layer, len(call.shape))
    flow = call.inputs[0]
    call.freeze_inputs(f"{call.name}: a second input", but=[flow])
    return [Flow(axis, _along(call, flow, axis))]


def padding(call: Call) -> list[Flow]:
    """Zeros around the image. Read in the other data format, they are channels that are always zero."""
    rank, flow = len(call.shape), call.inputs[0]
    layer, axis = call.layer, channel_axis(call.layer, len(call.shape))
    if flow.axis is None or flow.axis == axis:
        return spatial(call)
    place = flow.axis - (2 if axis == 1 else 1)
    pads = layer.padding if rank > 3 else (layer.padding,)
    before, after = (call.channels.fresh(count) for count in pads[place])
    where: tuple[str | int, ...] = ("padding", place) if rank > 3 else ("padding",)
    call.edit((*where, 0), before)
    call.edit((*where, 1), after)
    return [Flow(flow.axis, np.concatenate([before, flow.tokens, after]))]


def global_pooling(call: Call) -> list[Flow]:
    """One value a channel."""
    axis = channel_axis(call.layer, len(call.shape))
    tokens = _along(call, call.inputs[0], axis)
    call.freeze_inputs(f"{call.name}: a mask", but=[call.inputs[0]])
    return [Flow(axis if call.layer.keepdims else 1, tokens)]


def steps_to_one(call: Call) -> list[Flow]:
    """kspec's SequencePooling: (batch, steps, channels) to (batch, channels)."""
    flow = call.inputs[0]
    call.freeze_inputs(f"{call.name}: a mask", but=[flow])
    return [Flow(1, _along(call, flow, 2))]


def batch_normalization(call: Call) -> list[Flow]:
    """Each channel alone, with up to four weights."""
    layer = call.layer
    axis = layer.axis % len(call.shape)
    tokens = _along(call, call.inputs[0], axis)
    call.slot(layer.gamma if layer.scale else None, 0, tokens, "scale")
    call.slot(layer.beta if layer.center else None, 0, tokens, "other")
    for variable in (layer.moving_mean, layer.moving_variance):
        call.slot(variable, 0, tokens, "other")
    if getattr(layer, "renorm", False):
        call.freeze(tokens, "batch renormalization keeps more statistics")
    return [Flow(axis, tokens)]


def normalization_over_channels(call: Call) -> list[Flow]:
    """Layer, group and RMS normalization read all channels of a position at once."""
    call.freeze_inputs(f"{call.name} ({type(call.layer).__name__}) normalises over the channels")
    return [call.inputs[0]]


def statistics(call: Call) -> list[Flow]:
    """keras.layers.Normalization holds statistics of the data."""
    call.freeze_inputs(f"{call.name} (Normalization) holds the statistics of the data")
    return [call.inputs[0]]


def rescaling(call: Call) -> list[Flow]:
    """A factor and an offset; a list of them, one a channel, is frozen."""
    flow = call.inputs[0]
    if any(np.ndim(value) for value in (call.layer.scale, call.layer.offset)):
        call.freeze(flow.tokens, "it has a factor for each channel")
    return [flow]


def reduction(call: Call) -> list[Flow]:
    """keras.ops.mean, max and so on: over other axes the channels pass."""
    flow, rank = call.inputs[0], len(call.shape)
    axes = axes_of(call.layer.axis, rank)
    if flow.axis is None:
        return [flow]
    if flow.axis in axes:
        call.freeze(flow.tokens, "a reduction over the channels")
        return [_frozen_like(call)]
    gone = 0 if call.layer.keepdims else sum(axis < flow.axis for axis in axes)
    return [Flow(flow.axis - gone, flow.tokens)]


def get_item(call: Call) -> list[Flow]:
    """x[:, 0] and x[..., ::2, :] where the channels are taken whole."""
    flow, key = call.inputs[0], call.argument("key", 1)
    keys = list(key) if isinstance(key, (tuple, list)) else [key]
    if Ellipsis in keys:
        where = keys.index(Ellipsis)
        keys[where : where + 1] = [slice(None)] * (len(call.shape) - (len(keys) - 1))
    keys += [slice(None)] * (len(call.shape) - len(keys))
    simple = all(isinstance(one, (int, slice)) for one in keys) and len(keys) == len(call.shape)
    if flow.axis is None or not simple or keys[flow.axis] != slice(None):
        call.freeze(flow.tokens, "it takes a part of the tensor")
        return [_frozen_like(call)]
    return [Flow(flow.axis - sum(isinstance(one, int) for one in keys[: flow.axis]), flow.tokens)]


def _along(call: Call, flow: Flow, axis: int) -> Any:
    length = call.shape[axis]
    return flow.tokens if length is None else call.along(flow, axis, length)


def _frozen_like(call: Call) -> Flow:
    """Channels for the output that all stay, on its last axis."""
    shape = call.output_shape
    if len(shape) < 2 or shape[-1] is None:
        return NO_CHANNELS
    tokens = call.channels.fresh(shape[-1])
    call.freeze(tokens, "it takes a part of the tensor")
    return Flow(len(shape) - 1, tokens)
