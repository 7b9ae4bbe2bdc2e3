"""`regularizer` and `constraint`: by pattern over the paths of the weights that train.

Keras reads both from the variable itself: `model.losses` adds `variable.regularizer(variable)` of every trainable
weight, and the optimizer applies `variable.constraint` after each update. So it is set there, which works for any
model, and also on the layer that owns the weight (`kernel_regularizer`) where it has that attribute, for that is what
a saved model keeps. Weights of layers inside attention and KerasHub layers have theirs while this spec trains; the
file does not keep them, and needs none to predict.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

import keras

from kspec import catalog
from kspec.builders.model.freeze import LISTED
from kspec.errors import Problem, SpecError, did_you_mean
from kspec.spec.component import Component

Kind = Literal["regularizer", "constraint"]
OWN_NAMES = {"recurrent_kernel": "recurrent"}
"""Weights whose layer calls the attribute otherwise: LSTM's recurrent_kernel has `recurrent_regularizer`."""


def attach(kind: Kind, patterns: Mapping[str, Component | None], model: keras.Model) -> None:
    """Gives every trainable weight the regularizer or constraint of the first pattern that matches its path.

    A pattern with None clears what the weight had; a weight that no pattern matches stays as it is.

    Raises:
        SpecError: a pattern that matches no weight, or that an earlier one leaves nothing.
    """
    weights = {variable.path: variable for variable in model.trainable_variables}
    owners = _owners(model)
    used: set[str] = set()
    for path, variable in weights.items():
        pattern = next((one for one in patterns if fnmatchcase(path, one)), None)
        if pattern is None:
            continue
        used.add(pattern)
        component, place = patterns[pattern], ("model", kind, pattern)
        part = None if component is None else catalog.instantiate(kind, component.name, component.arguments, place)
        _try(part, variable, place)
        setattr(variable, kind, part)
        for owner in owners.get(id(variable), ()):
            attribute = f"{OWN_NAMES.get(variable.name, variable.name)}_{kind}"
            if hasattr(owner, attribute):
                setattr(owner, attribute, part)
    problems = [_unused(kind, pattern, list(weights)) for pattern in patterns if pattern not in used]
    if problems:
        raise SpecError(problems)


def _try(part: Any, variable: Any, place: tuple[str, ...]) -> None:
    """Calls the part once: some are for matrices only, which shows nowhere else before the first step.

    Raises:
        SpecError: it does not fit the weight.
    """
    try:
        if part is not None:
            part(variable)
    except Exception as error:
        # Keras raises ValueError or its backend's own errors for shapes that do not fit.
        message = f"does not fit the weight {variable.path}: {str(error).strip().splitlines()[0]}"
        hint = f"a pattern over weights that fit, and null for the others: {{'{variable.path}': null, ...}}"
        raise SpecError(Problem(place, message, hint=hint)) from error


def _owners(model: keras.Model) -> dict[int, list[Any]]:
    """The layer that holds each weight itself, by the weight's identity."""
    found: dict[int, list[Any]] = {}
    for layer in model._flatten_layers():
        for variable in layer._trainable_variables:
            found.setdefault(id(variable), []).append(layer)
    return found


def _unused(kind: Kind, pattern: str, paths: list[str]) -> Problem:
    taken = any(fnmatchcase(path, pattern) for path in paths)
    message = f"'{pattern}' matches no weight" + (" that an earlier pattern leaves" if taken else "")
    more = f", ... ({len(paths)} in all)" if len(paths) > LISTED else ""
    expected = f"a pattern over {', '.join(paths[:LISTED])}{more}"
    return Problem(("model", kind, pattern), message, expected, "", did_you_mean(pattern, paths), on_key=True)
