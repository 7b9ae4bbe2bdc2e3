"""`lora`: low-rank updates beside the frozen kernels of the pretrained part (Hu et al. 2021, arXiv:2106.09685)."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import keras

from kspec.builders.model.freeze import base_layers, layer_paths, listed
from kspec.errors import Problem, SpecError, did_you_mean
from kspec.spec.lora import Lora


def enable_lora(model: keras.Model, lora: Lora) -> None:
    """Freezes the pretrained part, and calls Keras' own `enable_lora` on each of its layers that a pattern matches.

    The pretrained part is the network below the head of an application, or the backbone of a KerasHub task. The head
    and the biases of the matched layers train.

    Raises:
        SpecError: there is no pretrained part; a pattern that matches no layer with a kernel that can be adapted.
    """
    base = base_layers(model)
    if not base:
        hint = "LoRA adapts a pretrained network; a network from scratch trains all of its weights"
        expected = "a network of keras.applications or KerasHub"
        raise SpecError(Problem(("model", "lora"), "there is no pretrained part", expected, hint=hint, on_key=True))
    adaptable = dict(_adaptable(model, base))
    problems = [
        _unmatched(pattern, number, list(adaptable))
        for number, pattern in enumerate(lora.match)
        if not any(fnmatchcase(path, pattern) for path in adaptable)
    ]
    if problems:
        raise SpecError(problems)
    for layer in _inside(base):
        layer.trainable = False
    chosen = [layer for path, layer in adaptable.items() if any(fnmatchcase(path, one) for one in lora.match)]
    for layer in chosen:
        layer.trainable = True
        layer.enable_lora(lora.rank, lora_alpha=lora.alpha)


def _inside(base: list[Any]) -> Iterator[Any]:
    """The layers of the pretrained part. Not the part itself, whose `trainable` would hide what trains within it."""
    for one in base:
        one.trainable = True
        yield from one._flatten_layers(include_self=False)


def _adaptable(model: keras.Model, base: list[Any]) -> Iterator[tuple[str, Any]]:
    """The layers of the pretrained part that Keras can adapt, by their paths in the model."""
    inside = {id(layer) for layer in _inside(base)}
    for path, layer in layer_paths(model):
        if id(layer) in inside and hasattr(layer, "enable_lora") and not isinstance(layer, keras.Model):
            yield path, layer


def _unmatched(pattern: str, number: int, paths: list[str]) -> Problem:
    message = f"'{pattern}' matches no layer that can be adapted"
    return Problem(("model", "lora", "match", number), message, listed(paths), "", did_you_mean(pattern, paths))
