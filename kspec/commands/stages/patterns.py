"""Patterns over layers that fit none, each at its place in the spec."""

from __future__ import annotations

from kspec.builders.model.freeze import listed
from kspec.commands.stages import Context
from kspec.errors import Problem, did_you_mean
from kspec.parts.neurons.patterns import PatternError

WHERE = {"layers": "of the model", "exclude": "of the model", "ratio": "whose neurons may go"}


def problems(context: Context, error: PatternError) -> list[Problem]:
    """A problem for each of the patterns, at its item of the list or its key of the mapping."""
    given = getattr(context.section, error.argument)
    found = []
    for pattern in error.patterns:
        place = pattern if isinstance(given, dict) else given.index(pattern)
        path = (*context.path, error.argument, place)
        message, hint = f"'{pattern}' fits no layer {WHERE[error.argument]}", did_you_mean(pattern, error.known)
        found.append(Problem(path, message, listed(list(error.known)), "", hint, on_key=isinstance(given, dict)))
    return found
