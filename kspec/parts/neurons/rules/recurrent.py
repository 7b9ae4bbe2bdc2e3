"""LSTM, GRU and SimpleRNN, alone and in Bidirectional: a unit is a state, and goes with all its gates."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kspec.parts.neurons.channels import Flow, Tokens
from kspec.parts.neurons.rules.activation import is_pointwise
from kspec.parts.neurons.rules.call import Call

GATES: dict[type, int] = {keras.layers.LSTM: 4, keras.layers.GRU: 3, keras.layers.SimpleRNN: 1}


def recurrent(call: Call) -> list[Flow]:
    """The units are the channels of the outputs and of all states."""
    units = call.channels.fresh(call.layer.units)
    read = call.along(call.inputs[0], 2, call.shape[2] or 0)
    _cell(call, call.layer, read, units)
    call.edit(("units",), units)
    call.inner(read=read, units=units)
    for state in _states(call):  # as a decoder gets them
        if state.at(1) and len(state.tokens) == len(units):
            call.channels.unite(state.tokens, units)
        else:
            call.freeze(units, "an input besides the sequence")
            call.freeze(state.tokens, "an input besides the sequence")
    return [Flow(len(tensor.shape) - 1, units) for tensor in call.node.outputs]


def bidirectional(call: Call) -> list[Flow]:
    """Both directions; unit i of one and unit i of the other go together, so that both keep the same number."""
    layer = call.layer
    one, other = layer.forward_layer, layer.backward_layer
    if type(one) not in GATES or type(other) is not type(one) or one.units != other.units or _states(call):
        return _frozen_directions(call)
    read = call.along(call.inputs[0], 2, call.shape[2] or 0)
    units = call.channels.fresh(one.units)
    for name, direction in (("layer", one), ("backward_layer", other)):
        _cell(call, direction, read, units)
        call.edit((name, "config", "units"), units)
    call.inner(read=read, units=units)
    joined = np.concatenate([units, units]) if layer.merge_mode == "concat" else units
    outputs = 2 if layer.merge_mode is None else 1
    states = [units] * (len(call.node.outputs) - outputs)
    tokens = [joined] * outputs + states
    return [Flow(len(t.shape) - 1, each) for t, each in zip(call.node.outputs, tokens, strict=True)]


def recurrent_work(call: Call, outputs: list[Flow]) -> None:
    """Each step multiplies (inputs + units) by the gates' units."""
    _work(call, call.layer)


def bidirectional_work(call: Call, outputs: list[Flow]) -> None:
    """Twice those of one direction."""
    if id(call.layer) in call.structure.inner:
        _work(call, call.layer.forward_layer, 2)


def _work(call: Call, layer: Any, directions: int = 1) -> None:
    gates, steps = GATES[type(layer)], call.shape[1]
    read, units = call.noted("read"), call.noted("units")
    call.macs([steps], read, units, factor=gates * directions)
    call.macs([steps], units, units, factor=gates * directions)


def _cell(call: Call, layer: Any, read: Tokens, units: Tokens) -> None:
    cell, gates = layer.cell, np.tile(units, GATES[type(layer)])
    call.slot(cell.kernel, 0, read, "in")
    call.slot(cell.kernel, 1, gates, "out")
    call.slot(cell.recurrent_kernel, 0, units, "in")
    call.slot(cell.recurrent_kernel, 1, gates, "out")
    call.slot(cell.bias, -1, gates, "other")  # GRU with reset_after has two rows
    if layer.stateful:
        call.freeze(units, "it keeps its state between batches")
    recurrent_activation = getattr(cell, "recurrent_activation", None)
    if not is_pointwise(cell.activation) or not is_pointwise(recurrent_activation):
        call.freeze(units, "its activation may mix units")


def _states(call: Call) -> list[Flow]:
    """The inputs besides the sequence and its mask, which Keras passes as an argument too."""
    masks = {id(one) for one in keras.tree.flatten(call.argument("mask", 2))}
    tensors = call.node.input_tensors
    return [flow for tensor, flow in zip(tensors[1:], call.inputs[1:], strict=True) if id(tensor) not in masks]


def _frozen_directions(call: Call) -> list[Flow]:
    reason = "only LSTM, GRU and SimpleRNN of equal widths without initial states can lose units here"
    for flow in call.inputs:
        call.freeze(flow.tokens, reason)
    flows = []
    for tensor in call.node.outputs:
        tokens = call.channels.fresh(tensor.shape[-1])
        call.freeze(tokens, reason)
        flows.append(Flow(len(tensor.shape) - 1, tokens))
    return flows
