"""Layers of a network that no output depends on, such as BERT's own pooling where another one is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kspec.parts.neurons.walk import graph_of


def unread_layers(network: Any) -> list[Any]:
    """The layers of a functional network, and of those nested in it, that nothing reads: they cannot train.

    A network of another kind is taken to read all of its layers.
    """
    graph = graph_of(network)
    if graph is None:
        return []
    read: set[int] = set()
    graphs = {id(graph): graph}
    todo = list(graph.outputs)
    while todo:
        operation, node_index, tensor_index = todo.pop()._keras_history
        if (inside := graph_of(operation)) is not None:
            graphs[id(inside)] = inside
            todo += _unseen([inside.outputs[tensor_index]], read)
        todo += _unseen(operation._inbound_nodes[node_index].input_tensors, read)
        read.add(id(operation))
    return [layer for one in graphs.values() for layer in one.layers if id(layer) not in read]


def _unseen(tensors: Iterable[Any], read: set[int]) -> list[Any]:
    """Those that were not followed yet; from now on they are."""
    found = [tensor for tensor in tensors if id(tensor) not in read]
    read.update(map(id, found))
    return found
