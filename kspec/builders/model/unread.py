"""Layers of a network that no output depends on, such as BERT's own pooling where another one is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras


def unread_layers(network: Any) -> list[Any]:
    """The layers of a functional network, and of those nested in it, that nothing reads: they cannot train.

    A network of another kind is taken to read all of its layers.
    """
    if not _is_graph(network):
        return []
    read: set[int] = set()
    inner = {id(network): network}
    todo = list(network.outputs)
    while todo:
        operation, node_index, tensor_index = todo.pop()._keras_history
        node = operation._inbound_nodes[node_index]
        if _is_graph(operation):
            inner[id(operation)] = operation
            todo += _unseen([operation.outputs[tensor_index]], read)
        todo += _unseen(node.input_tensors, read)
        read.add(id(operation))
    return [layer for one in inner.values() for layer in one.layers if id(layer) not in read]


def _is_graph(operation: Any) -> bool:
    """Whether it is a functional model; Keras has no public name for their class."""
    return isinstance(operation, keras.Model) and hasattr(operation, "_nodes_by_depth")


def _unseen(tensors: Iterable[Any], read: set[int]) -> list[Any]:
    """Those that were not followed yet; from now on they are."""
    found = [tensor for tensor in tensors if id(tensor) not in read]
    read.update(map(id, found))
    return found
