"""Masks that Keras computes in the graph: which steps of a sequence count. They say the same of all channels."""

from __future__ import annotations

from typing import Any

from kspec.parts.neurons.channels import Flow
from kspec.parts.neurons.rules.call import Call, axes_of


def any_of(call: Call) -> list[Flow]:
    """keras.ops.any over the channels. Of a mask they may go, as one of each tensor stays; else all must stay."""
    tensor, rank = call.node.input_tensors[0], len(call.shape)
    if axes_of(call.layer.axis, rank) == {rank - 1} and _is_spread(tensor):
        return call.new_frozen("a mask")
    return call.frozen("any over a part of the tensor")


def _is_spread(tensor: Any) -> bool:
    """Whether a tensor is a mask spread over channels, as the `compute_mask` of Keras' Concatenate writes it."""
    operation, node, _ = tensor._keras_history
    kind, inputs = type(operation).__name__, operation._inbound_nodes[node].input_tensors if node is not None else []
    if kind == "LogicalOr":
        return all(one.shape[-1:] == (1,) or _is_spread(one) for one in inputs)
    return kind in ("ZerosLike", "OnesLike") or (kind == "Concatenate" and all(map(_is_spread, inputs)))
