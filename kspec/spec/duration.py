"""Lengths of training as a person writes them: `2 epochs`, `500 steps`, or a share of the training such as `10%`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from kspec.catalog.types import quoted
from kspec.errors import Problem
from kspec.spec.base import refuse
from kspec.spec.forms import written

_TEXT = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?)\s*(epochs?|steps?|%)", re.ASCII)
LONGEST = 1e9
"""Epochs or steps that no training has: a larger number is a mistake, and too large to count with."""
_EXPECTED = "`2 epochs`, `500 steps`, or a share of the training such as `0.1` or `10%`"


def _form(**number: Any) -> Any:
    return written(
        {"type": "number", **number, "maximum": 1},
        {"type": "string", "pattern": rf"^\s*{_TEXT.pattern}\s*$"},
        **{"$comment": _EXPECTED},
        examples=["2 epochs", "500 steps", "10%", 0.1],
    )


class Span(BaseModel):
    """A length of training: a number of epochs or steps, or a fraction (0 to 1) of the whole."""

    model_config = ConfigDict(frozen=True)

    value: float
    unit: Literal["epochs", "steps", "fraction"]

    def steps(self, steps_per_epoch: int, epochs: int) -> int:
        """The length in optimizer steps, rounded to the nearest."""
        unit = {"epochs": steps_per_epoch, "steps": 1, "fraction": steps_per_epoch * epochs}[self.unit]
        return round(self.value * unit)


def parse(value: Any) -> Span:
    """A span from its YAML value.

    Raises:
        ValidationError: not a length; a whole number without its unit, which could mean epochs or steps.
    """
    if isinstance(value, Span):
        return value
    if isinstance(value, float) and 0.0 <= value <= 1.0:
        return Span(value=value, unit="fraction")
    if value == 0 and not isinstance(value, bool):
        return Span(value=0.0, unit="fraction")
    matched = _TEXT.fullmatch(value.strip()) if isinstance(value, str) else None
    if matched is None or float(matched[1]) > LONGEST:
        is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
        hint = f"did you mean '{value} epochs'?" if is_count else ""
        raise refuse(Problem((), "not a length of training", _EXPECTED, quoted(value), hint), value)
    number, unit = float(matched[1]), matched[2]
    if unit == "%" and number > 100:
        raise refuse(Problem((), "more than the whole training", "at most 100%", quoted(value)), value)
    return (
        Span(value=number / 100, unit="fraction")
        if unit == "%"
        else Span(value=number, unit="epochs" if unit.startswith("epoch") else "steps")
    )


def interval(value: Any) -> Span:
    """A span of more than nothing, between two things that happen again and again.

    Raises:
        ValidationError: not a length, or 0.
    """
    span = parse(value)
    if span.value == 0:
        raise refuse(Problem((), "not more than 0", _EXPECTED, quoted(value)), value)
    return span


def as_tree(span: Span) -> float | str:
    """The YAML value of a span."""
    return (
        span.value
        if span.unit == "fraction"
        else f"{span.value:g} {span.unit}"
        if (float(f"{span.value:g}") == span.value)
        else f"{span.value!r} {span.unit}"
    )


Duration = Annotated[Span, PlainSerializer(as_tree), BeforeValidator(parse), _form(minimum=0)]
Interval = Annotated[Span, PlainSerializer(as_tree), BeforeValidator(interval), _form(exclusiveMinimum=0)]
