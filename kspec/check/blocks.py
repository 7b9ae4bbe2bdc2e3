"""The parts of a network in a table that fits a screen: parameters and MACs of each."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from kspec.builders.model.freeze import layer_paths

MOST = 14
"""Rows of the table, at most where names allow it."""


@dataclass(frozen=True)
class Block:
    """A layer, or several whose names begin alike. macs: an example."""

    name: str
    parameters: int
    trainable: int
    macs: int


def blocks(model: Any, macs: Mapping[str, int]) -> list[Block]:
    """The layers with parameters or MACs, in order, grouped by the beginnings of their paths into at most MOST rows.

    `stage1_block2_conv1` and `stage1_block2_conv2` become `stage1_block2`. macs: by the path of the layer.
    """
    held, trained = parameters(model)
    for path in _cells(model):  # the products of a recurrent layer stand with the layer, so its weights do too
        outer = path.rpartition("/")[0]
        held[outer] += held.pop(path, 0)
        trained[outer] += trained.pop(path, 0)
    paths = [path for path in ("", *dict(layer_paths(model))) if held[path] or macs.get(path)]
    grouped: dict[str, list[str]] = {}
    for path, name in zip(paths, _names(paths), strict=True):
        grouped.setdefault(name, []).append(path)
    return [
        Block(
            name or model.name,
            sum(held[path] for path in inside),
            sum(trained[path] for path in inside),
            sum(macs[path] for path in inside if path in macs),
        )
        for name, inside in grouped.items()
    ]


def _cells(model: Any) -> list[str]:
    """The paths of layers inside recurrent layers, the deepest first."""
    found = dict(layer_paths(model))
    recurrent = tuple(f"{path}/" for path, layer in found.items() if isinstance(layer, keras.layers.RNN))
    return [path for path in reversed(found) if path.startswith(recurrent)] if recurrent else []


def parameters(model: Any) -> tuple[Counter[str], Counter[str]]:
    """Numbers in the weights that each layer holds itself, and those that train, by path; a shared weight once."""
    held: Counter[str] = Counter()
    trained: Counter[str] = Counter()
    left = {id(weight): weight for weight in model.weights}
    training = {id(weight) for weight in model.trainable_weights}
    for path, layer in (*layer_paths(model), ("", model)):
        for weight in (*layer._trainable_variables, *layer._non_trainable_variables):
            if left.pop(id(weight), None) is not None:
                held[path] += math.prod(weight.shape)
                trained[path] += math.prod(weight.shape) if id(weight) in training else 0
    held[""] += sum(math.prod(weight.shape) for weight in left.values())
    return held, trained


def _names(paths: list[str]) -> list[str]:
    """Each path cut after as many of its words as leave at most MOST different ones."""
    deepest = max((len(_words(path)) for path in paths), default=1)
    for depth in range(deepest, 1, -1):
        names = [_cut(path, depth) for path in paths]
        if len(set(names)) <= MOST:
            return names
    return [_cut(path, 1) for path in paths]


def _words(path: str) -> list[str]:
    return re.split("(?<=[/_])", path)


def _cut(path: str, depth: int) -> str:
    return "".join(_words(path)[:depth]).rstrip("/_")
