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

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WrapValidator

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
        hint = f"did you mean '>= {value}'?" if isinstance(value, int | float) and not isinstance(value, bool) else ""
        raise refuse(Problem((), "not a gate", EXPECTED, quoted(value), hint), value)
    gate = Gate(text=text)
    reader = _Reader(text[len(gate.comparison) :], 1.0)
    try:
        bound = reader.whole()
    except ZeroDivisionError:  # by a base that is 1 here, or by 0
        bound = math.nan if not gate.uses_base else 1.0
    except ValueError:
        rest = reader.text[reader.place :].strip()
        where = f"at '{rest}'" if rest else "at its end"
        raise refuse(Problem((), f"the bound cannot be read {where}", EXPECTED, quoted(value)), value) from None
    if not math.isfinite(bound):
        raise refuse(Problem((), "the bound is no number", EXPECTED, quoted(value)), value)
    return gate


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
    """Adds what is wrong with the names to what is wrong with the bounds."""
    names = value if isinstance(value, dict) else {}
    return collected(handler, value, [found for name in names if (found := unknown(str(name)))])


Requirements = Annotated[dict[str, Requirement], WrapValidator(_named)]
