"""`require`: the gates of a run, each a bound for a number that is measured when the run ends.

require:
  test_accuracy: ">= base - 0.005"
  size_mb: "<= 1.0"
  latency_1_ms: "<= base / 3"
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError, WrapValidator

from kspec.catalog.types import quoted
from kspec.errors import Problem, did_you_mean
from kspec.spec.base import collected, refuse
from kspec.spec.forms import written

COUNTED: Mapping[str, str] = {
    "parameters": "numbers in the model",
    "nonzeros": "those that are not zero",
    "macs": "multiply-accumulates of a prediction",
    "size_mb": "megabytes (10^6 bytes) of the file",
    "gzip_mb": "megabytes of the file, compressed",
}
"""What a gate can bound besides metrics and latencies."""
LATENCY = re.compile(r"latency_([1-9][0-9]{0,5})_ms")
"""Milliseconds of a prediction for a batch of so many examples; a stage `bench` measures it."""
SPLITS = ("test_views_", "validation_views_", "test_", "validation_")
EXPECTED = "a comparison and a bound, such as '>= 0.98', '>= base - 0.005', '<= base / 4'"
LONGEST = 200
BASES = (1.0, 0.37)
"""A bound that is a number for one of these is one for most: only chance makes it divide by zero for the other."""
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_TOKEN = re.compile(r"\s*(\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|base\b|[-+*/()])", re.ASCII)
_APPLY: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class Gate(BaseModel):
    """A bound. text: as it was written."""

    model_config = ConfigDict(frozen=True)

    text: str

    @property
    def comparison(self) -> str:
        """One of COMPARE."""
        return next(one for one in COMPARE if self.text.startswith(one))

    @property
    def uses_base(self) -> bool:
        """Whether the bound depends on the base model."""
        return "base" in self.text

    def bound(self, base: float) -> float:
        """The bound, with the base model's value; NaN where it divides by zero."""
        try:
            return _Reader(self.text[len(self.comparison) :], base).whole()
        except ZeroDivisionError:
            return math.nan

    def holds(self, value: float, base: float) -> bool:
        """Whether a value keeps to it; NaN never does."""
        return COMPARE[self.comparison](value, self.bound(base))


@dataclass
class _Reader:
    """Reads sums of products of numbers and `base`, and computes them on the way.

    sum := product (('+' | '-') product)*;  product := factor (('*' | '/') factor)*;
    factor := number | 'base' | '-' factor | '(' sum ')'
    """

    text: str
    base: float
    place: int = 0

    def whole(self) -> float:
        """The value. Raises ValueError where the text is no such sum; `place` says where."""
        value = self._sum()
        if self.text[self.place :].strip():
            raise ValueError
        return value

    def _next(self) -> str:
        found = _TOKEN.match(self.text, self.place)
        return found[1] if found else ""

    def _take(self) -> str:
        found = _TOKEN.match(self.text, self.place)
        if found is None:
            raise ValueError
        self.place = found.end()
        return found[1]

    def _sum(self) -> float:
        value = self._product()
        while self._next() in ("+", "-"):
            value = _APPLY[self._take()](value, self._product())
        return value

    def _product(self) -> float:
        value = self._factor()
        while self._next() in ("*", "/"):
            value = _APPLY[self._take()](value, self._factor())
        return value

    def _factor(self) -> float:
        token = self._next()
        if token in ("+", "*", "/", ")", ""):
            raise ValueError
        self._take()
        if token == "base":
            return self.base
        if token == "-":
            return -self._factor()
        if token != "(":
            return float(token)
        value = self._sum()
        if self._next() != ")":
            raise ValueError
        self._take()
        return value


def parse(value: Any) -> Gate:
    """A gate from its YAML value.

    Raises:
        ValidationError: not a comparison and a bound; says at which character.
    """
    if isinstance(value, Gate):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > LONGEST or not text.startswith(("<", ">")):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        hint = f"did you mean '>= {value}', or '<= {value}'?" if is_number else ""
        raise refuse(Problem((), "not a gate", EXPECTED, quoted(value), hint), value)
    gate = Gate(text=text)
    reader = _Reader(text[len(gate.comparison) :], BASES[0])
    try:
        reader.whole()
    except ZeroDivisionError:
        pass
    except ValueError:
        rest = reader.text[reader.place :].strip()
        where = f"at '{rest}'" if rest else "at its end"
        raise refuse(Problem((), f"the bound cannot be read {where}", EXPECTED, quoted(value)), value) from None
    if not any(math.isfinite(gate.bound(base)) for base in BASES):
        raise refuse(Problem((), "the bound is no number", EXPECTED, quoted(value)), value)
    return gate


def impossible(quantity: str, gate: Gate) -> Problem | None:
    """What is wrong with a bound that no value can keep, or none can miss.

    Accuracies lie between 0 and 1, and what is counted is never below 0.
    """
    is_accuracy = any(quantity == f"{split}accuracy" for split in SPLITS)
    if gate.uses_base or not (is_accuracy or quantity in COUNTED or batch_size(quantity) is not None):
        return None
    bound = gate.bound(BASES[0])
    if bound < 0:
        return Problem((quantity,), "it is never below 0", "a bound of 0 or more", gate.text)
    if is_accuracy and bound > 1:
        hint = f"did you mean '{gate.comparison} {bound / 100:g}'?" if bound <= 100 else ""
        return Problem((quantity,), "an accuracy is never above 1", "a share of 1, such as 0.98", gate.text, hint)
    return None


def latency(size: int) -> str:
    """What gates and records call the latency for a batch size."""
    return f"latency_{size}_ms"


def batch_size(quantity: str) -> int | None:
    """The batch size whose latency a quantity is; None where it is something else."""
    found = LATENCY.fullmatch(quantity)
    return int(found[1]) if found else None


def unknown(quantity: str) -> Problem | None:
    """What is wrong with the name of what a gate bounds, as far as the name alone tells."""
    of_split = any(quantity.startswith(one) and quantity != one for one in SPLITS)
    if quantity in COUNTED or of_split or batch_size(quantity) is not None:
        return None
    known = [*COUNTED, "test_accuracy", "test_loss", "validation_accuracy", "validation_loss", latency(1)]
    expected = f"{', '.join(COUNTED)}, a latency such as latency_1_ms for a batch of one,"
    expected += " or a metric of a split, such as test_accuracy or validation_loss"
    message = "nothing of this name can be measured"
    return Problem((quantity,), message, expected, quantity, did_you_mean(quantity, known), on_key=True)


Requirement = Annotated[
    Gate,
    PlainSerializer(lambda gate: gate.text),
    BeforeValidator(parse),
    written({"type": "string", "pattern": r"^\s*[<>]=?[-+*/()\d\s._eEbas]+$"}, **{"$comment": EXPECTED}),
]


def _named(value: Any, handler: Any) -> Any:
    """Adds what is wrong with names, and with bounds for what they are of, to what is wrong with the bounds."""
    gates = value if isinstance(value, dict) else {}
    found = [wrong for name, gate in gates.items() if (wrong := unknown(str(name)) or _checked(str(name), gate))]
    return collected(handler, value, found)


def _checked(name: str, gate: Any) -> Problem | None:
    try:
        return impossible(name, parse(gate))
    except ValidationError:  # which says what is wrong by itself
        return None


Requirements = Annotated[dict[str, Requirement], WrapValidator(_named)]
