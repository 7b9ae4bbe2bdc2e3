"""Whole layers left out of a network."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

import keras

from kspec.parts.neurons.patterns import PatternError, listed
from kspec.parts.neurons.rebuild import rebuild
from kspec.parts.neurons.structure import Cut
from kspec.parts.neurons.walk import graph_of, is_graph, nodes_of, read


def drop_layers(model: keras.Model, layers: str | Sequence[str]) -> keras.Model:
    """A new model without some layers: what goes into one comes out of it.

    For the encoders of a transformer, of which often every second can go (Sajjad et al. 2023, arXiv:2004.03844), and
    for every layer that gives a tensor of the shape that it gets. A KerasHub backbone stays one, with fewer layers.

    layers: a shell pattern over names, or several (`transformer_layer_1`, `encoder/transformer_layer_[13]` in a nested
        model).
    Returns a model that is not compiled; the old one stays as it is.
    Raises ValueError for a pattern that fits no layer, for a layer that changes the shape, and for no Keras model.

    Example:
        small = kspec.drop_layers(backbone, ["transformer_layer_[135]"])
    """
    structure, layers = read(model), listed(layers)
    dropped, unused = set(), set(layers)
    nodes = _named(model, "")
    for name, node in nodes:
        patterns = {pattern for pattern in layers if fnmatch.fnmatchcase(name, pattern)}
        unused -= patterns
        if not patterns:
            continue
        before, after = node.input_tensors[0].shape, node.outputs[0].shape
        if len(node.outputs) > 1 or before != after:
            raise ValueError(f"the layer '{name}' cannot be left out: it makes {after} from {before}")
        dropped.add(id(node.operation))
    if unused:
        wrong = [one for one in layers if one in unused]
        raise PatternError("layers", wrong, [name for name, _ in nodes], f"the model '{model.name}'")
    return rebuild(structure, Cut(structure.channels, set()), frozenset(dropped))


def _named(model: keras.Model, prefix: str) -> list[tuple[str, Any]]:
    found = []
    for node in nodes_of(graph_of(model)):
        name = f"{prefix}{node.operation.name}"
        found.append((name, node))
        if is_graph(node.operation):
            found += _named(node.operation, f"{name}/")
    return found
