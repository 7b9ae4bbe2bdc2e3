"""`tune.space`: the values that one key can take, and under which conditions."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from kspec.catalog.check import no_numbers
from kspec.catalog.types import quoted
from kspec.errors import Problem
from kspec.spec.base import Listed, Section, refuse

# The fields of a dimension have the names of these types, which hides them in its class.
Whole: TypeAlias = int
Real: TypeAlias = float
KINDS = ("choice", "int", "float", "log", "bool")


class Dimension(Section):
    """The values that one key can take: exactly one of `choice`, `int`, `float`, `log` and `bool`."""

    choice: Annotated[Listed[Any], Field(min_length=1)] | None = Field(
        default=None, examples=[[32, 64], ["Adam", {"SGD": {"momentum": 0.9}}]]
    )
    """One of these values, each a whole one: a component with its arguments takes the place of the one before."""
    int: tuple[Whole, Whole] | None = Field(default=None, examples=[[1, 8]])
    """A whole number, both ends included."""
    float: tuple[Real, Real] | None = Field(default=None, examples=[[0.0, 0.5]])
    """A number, each as likely."""
    log: tuple[Real, Real] | None = Field(default=None, examples=[[0.001, 0.1]])
    """A number whose order of magnitude is what counts."""
    bool: Literal[True] | None = Field(default=None, examples=[True])
    """Yes or no."""
    step: Real | None = Field(default=None, gt=0, examples=[2])
    """Only every so many of `int` or `float`; of `log` the factor between two values."""
    when: dict[str, Any] = Field(default={}, examples=[{"training.optimizer": "SGD"}])
    """Only where other keys of the space have this value, or one of these; a component by its name."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if value == "bool":
            return {"bool": True}
        if not isinstance(value, dict):
            return value
        tree = {
            key: tuple(inner) if isinstance(inner, list) and key != "choice" else inner for key, inner in value.items()
        }
        return {**tree, "bool": True} if "bool" in tree and tree["bool"] is None else tree

    @model_validator(mode="after")
    def _one_kind(self) -> Dimension:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        problems = []
        if len(given) != 1:
            found = ", ".join(given) or "none"
            problems.append(Problem((), "exactly one kind of values is needed", f"one of {', '.join(KINDS)}", found))
        for kind in given:
            problems += self._wrong(kind)
        if problems:
            raise refuse(problems)
        return self

    def _wrong(self, kind: str) -> list[Problem]:
        value = getattr(self, kind)
        if kind in ("choice", "bool"):
            wrong: list[Problem] = (
                [] if self.step is None else [Problem(("step",), "a step belongs to int, float or log", "no step")]
            )
            twice = [place for place, one in enumerate(value) if one in value[:place]] if kind == "choice" else []
            wrong += [
                Problem((kind, *place), "wrong value", expected, found)
                for place, expected, found in no_numbers(value, ())
            ]
            return wrong + [
                Problem((kind, place), "a value that stands in the list before", found=quoted(value[place]))
                for place in twice
                if not any(type(one) is not type(value[place]) and one == value[place] for one in value[:place])
            ]
        low, high = value
        problems: list[Problem] = []
        if low >= high:
            problems.append(Problem((kind,), "an empty range", "[low, high], low below high", f"[{low}, {high}]"))
        if kind == "log" and low <= 0:
            problems.append(Problem((kind,), "orders of magnitude begin above zero", "numbers above 0", f"{low}"))
        if kind == "log" and self.step is not None and self.step <= 1:
            problems.append(Problem(("step",), "of `log`, the step is a factor", "a number above 1", f"{self.step}"))
        if kind == "int" and self.step is not None and self.step != int(self.step):
            problems.append(Problem(("step",), "the step of whole numbers is whole", "an integer", f"{self.step}"))
        return problems

    @property
    def kind(self) -> str:
        """Which of KINDS it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


def listed(wanted: Any) -> list[Any]:
    """The values of a condition."""
    return list(wanted) if isinstance(wanted, list | tuple) else [wanted]


def meets(value: Any, wanted: Any) -> bool:
    """Whether a value is the one that a condition wants: the same, or a component of that name."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(wanted, str):
        return wanted in value
    return type(value) is type(wanted) and bool(value == wanted)


def possible(dimension: Dimension, wanted: Any) -> bool:
    """Whether a dimension can have the value that a condition wants."""
    if dimension.choice is not None:
        return any(meets(value, wanted) for value in dimension.choice)
    if dimension.int is not None:
        return type(wanted) is int and dimension.int[0] <= wanted <= dimension.int[1]
    return type(wanted) is bool


def known(dimension: Dimension) -> str:
    """The values of a dimension in words."""
    if dimension.choice is not None:
        names = [
            next(iter(one)) if isinstance(one, dict) and len(one) == 1 else quoted(one) for one in dimension.choice
        ]
        return f"one of {', '.join(names)}"
    return f"{dimension.int[0]} to {dimension.int[1]}" if dimension.int is not None else "true or false"
