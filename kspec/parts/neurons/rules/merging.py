"""Layers and functions of several inputs: sums, products, concatenations."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kspec.parts.neurons.channels import Flow
from kspec.parts.neurons.rules.call import Call, is_layer


def adding(call: Call) -> list[Flow]:
    """Add, subtract, average, maximum, minimum: a channel can go only where it goes in all inputs."""
    return _elementwise(call, joins=True)


def multiplying(call: Call) -> list[Flow]:
    """Multiply and divide: the same, but a gate (squeeze-and-excitation) is not a residual stream."""
    return _elementwise(call, joins=False)


def concatenation(call: Call) -> list[Flow]:
    """Along the channels they stand side by side; along another axis they are the same channels."""
    rank = len(call.output_shape)
    axis = call.layer.axis % rank
    known = [flow for flow in call.inputs if flow.axis is not None]
    if len(known) < len(call.inputs) or len({flow.axis for flow in known}) > 1:
        return call.frozen("the channels of its inputs lie along different axes")
    if known[0].axis == axis:
        return [Flow(axis, np.concatenate([flow.tokens for flow in known]))]
    for flow in known[1:]:
        call.channels.unite(known[0].tokens, flow.tokens)
    return [known[0]]


def _elementwise(call: Call, joins: bool) -> list[Flow]:
    ranks = [len(tensor.shape) for tensor in call.node.input_tensors]
    rank = len(call.output_shape)
    if _constants(call):
        return call.frozen("it reads a constant array")
    if is_layer(call.layer) and len(set(ranks)) > 1:
        return call.frozen("its inputs have different ranks")
    # NumPy's broadcasting aligns axes at the right.
    places = [
        None if flow.axis is None else flow.axis - own + rank for flow, own in zip(call.inputs, ranks, strict=True)
    ]
    wide = [n for n, flow in enumerate(call.inputs) if places[n] is not None and len(flow.tokens) > 1]
    if not wide:
        wide = [n for n, place in enumerate(places) if place is not None][:1]
    if not wide or any(places[n] != places[wide[0]] for n in range(len(places))):
        return call.frozen("the channels of its inputs lie along different axes")
    first = call.inputs[wide[0]]
    for number, flow in enumerate(call.inputs):
        if number in wide:
            call.channels.unite(first.tokens, flow.tokens)
        else:
            call.freeze(flow.tokens, "it is spread over the channels of another input")
    if joins and len(wide) > 1:
        call.channels.join(first.tokens)
    return [Flow(places[wide[0]], first.tokens)]


def _constants(call: Call) -> bool:
    """Whether an argument is an array, whose length a removal would not change."""
    if is_layer(call.layer):
        return False
    values = keras.tree.flatten((call.node.arguments.args, call.node.arguments.kwargs))
    return any(not _is_symbolic(value) and np.ndim(value) > 0 for value in values)


def _is_symbolic(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor)
