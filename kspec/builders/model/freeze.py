"""`freeze`: layers that do not train, by pattern over their paths."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import keras

from kspec.builders.model.unread import unread_layers
from kspec.errors import Problem, SpecError, did_you_mean
from kspec.spec.model import Model

LISTED = 12
"""The most paths that a message lists."""


def freeze(model: keras.Model, patterns: tuple[str, ...]) -> None:
    """Sets `trainable = False` on every layer that a pattern matches.

    `*` matches any text, also across `/`. `base` is the pretrained part: the network below the head of an
    application, the backbone of a KerasHub task.

    Raises:
        SpecError: every pattern that matches no layer.
    """
    paths = dict(layer_paths(model))
    wrong = []
    for number, pattern in enumerate(patterns):
        found = [layer for path, layer in paths.items() if fnmatchcase(path, pattern)]
        if pattern == "base":
            found = base_layers(model)
        if not found:
            place = ("model", "freeze", number)
            hint = did_you_mean(pattern, paths) or "`base` needs a network of keras.applications or KerasHub"
            wrong.append(Problem(place, f"'{pattern}' matches no layer", listed(list(paths)), "", hint))
        for layer in found:
            layer.trainable = False
    if wrong:
        raise SpecError(wrong)


def refreeze(network: keras.Model, patterns: tuple[str, ...], model: Model) -> None:
    """Lets all layers of a trained network train but those that a pattern matches.

    model: what the network was built from.

    Raises:
        SpecError: a pattern that matches no layer; LoRA has frozen the pretrained weights.
    """
    if model.lora is not None:
        message = "`model.lora` says which weights train: its updates, in place of the pretrained ones"
        raise SpecError(Problem(("model", "freeze"), message, "one of the two", "both", on_key=True))
    for layer in network._flatten_layers():  # a flag of the whole that is True already reaches no layer within
        layer.trainable = True
    for layer in unread_layers(network):
        layer.trainable = False
    freeze(network, patterns)


def base_layers(model: keras.Model) -> list[Any]:
    """The pretrained part of a model: its backbone, or the models nested in it."""
    if hasattr(model, "backbone"):
        return [model.backbone]
    return [layer for layer in model.layers if isinstance(layer, keras.Model)]


def layer_paths(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every layer with its path: its name, after the names of the layers it is in."""
    for layer in model._flatten_layers(include_self=False, recursive=False):
        path = f"{prefix}{layer.name}"
        yield path, layer
        yield from layer_paths(layer, f"{path}/")


def listed(paths: list[str]) -> str:
    """What a message says of the patterns that would do."""
    more = f", ... ({len(paths)} in all)" if len(paths) > LISTED else ""
    return f"a pattern over {', '.join(paths[:LISTED])}{more}"
