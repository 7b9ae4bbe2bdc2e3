"""Layers that move channels to other places of the tensor: flatten, reshape, permute."""

from __future__ import annotations

import math

import numpy as np

from kspec.parts.neurons.channels import Flow
from kspec.parts.neurons.rules.call import Call


def flatten(call: Call) -> list[Flow]:
    """All values in a row: a channel stands in it once for each position."""
    flow, shape = call.inputs[0], call.shape
    if flow.axis is None or None in shape[1:]:
        return call.frozen("its length is not known")
    order = list(range(len(shape)))
    if call.layer.data_format == "channels_first" and len(shape) > 2:
        order = [0, *order[2:], 1]  # Keras moves axis 1 to the end first
    where = order.index(flow.axis)
    before = math.prod(shape[axis] or 1 for axis in order[1:where])
    after = math.prod(shape[axis] or 1 for axis in order[where + 1 :])
    return [Flow(1, np.tile(np.repeat(flow.tokens, after), before))]


def reshape(call: Call) -> list[Flow]:
    """To (..., k * channels): each position of the last axis is the channel at its remainder."""
    flow, before, after = call.inputs[0], call.shape, call.output_shape
    length = after[-1]
    if not flow.at(len(before) - 1) or not length or length % len(flow.tokens) or len(after) < 2:
        return call.frozen("it splits or moves the channels")
    tokens = np.tile(flow.tokens, length // len(flow.tokens))
    target = call.layer.target_shape
    # -1 elsewhere stays right: the number of positions does not change.
    if target[-1] != -1:
        call.edit(("target_shape", len(target) - 1), tokens)
    return [Flow(len(after) - 1, tokens)]


def permute(call: Call) -> list[Flow]:
    """keras.layers.Permute."""
    flow = call.inputs[0]
    if flow.axis is None:
        return [flow]
    return [Flow(list(call.layer.dims).index(flow.axis) + 1, flow.tokens)]


def repeat_vector(call: Call) -> list[Flow]:
    """(batch, channels) to (batch, n, channels)."""
    flow = call.inputs[0]
    return [Flow(2, flow.tokens)] if flow.at(1) else call.frozen("the channels lie along another axis")
