"""The search space of a spec as a list of axes, parents before what depends on them, and the values of a trial."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from kspec.errors import Problem, SpecError
from kspec.spec.dimension import Dimension, listed, meets
from kspec.text.address import GRAMMAR, as_index, parse
from kspec.text.nodes import Path

GRID_POINTS = 10
"""How many values a grid takes of a range without `step`, as in KerasTuner, whose ten lack the upper end."""
MOST = 1_000_000
"""Combinations beyond which nobody counts."""
OWN = ("tune", "name", "extends", "base", "stages", "require")
"""Keys that no search may change: a trial is the base training, without what comes after it."""

Values = Mapping[str, Any]
"""What a trial sets: key of the space -> value, without the keys whose conditions are not met."""


@dataclass(frozen=True)
class Axis:
    """One key of the space. path: its address in the spec, list items as integers."""

    key: str
    path: Path
    dimension: Dimension

    @property
    def source(self) -> Path:
        """Where the file holds the axis."""
        return ("tune", "space", self.key)

    def is_active(self, values: Values) -> bool:
        """Whether all conditions are met by the values so far."""
        conditions = self.dimension.when.items()
        return all(
            parent in values and any(meets(values[parent], one) for one in listed(wanted))
            for parent, wanted in conditions
        )

    def corners(self) -> list[tuple[Any, Path]]:
        """Values whose validity stands for that of all, with the place in the file of each."""
        kind = self.dimension.kind
        place = (*self.source, kind)
        if kind == "choice":
            return [(value, (*place, number)) for number, value in enumerate(self.dimension.choice or ())]
        if kind == "bool":
            return [(value, self.source) for value in (False, True)]
        return [(value, (*place, number)) for number, value in enumerate(getattr(self.dimension, kind))]

    def points(self) -> list[Any]:
        """The values, where one can count them; of a range without a step, GRID_POINTS of them with both ends."""
        kind, step = self.dimension.kind, self.dimension.step
        if kind in ("choice", "bool"):
            return [value for value, _ in self.corners()]
        low, high = getattr(self.dimension, kind)
        if kind == "int":
            return list(range(low, high + 1, int(step or 1)))
        if kind == "log":
            factor = step or (high / low) ** (1 / (GRID_POINTS - 1))
            count = math.floor(math.log(high / low, factor) + 1e-8) + 1
            return [_tidy(low * factor**number) for number in range(count)]
        distance = step or (high - low) / (GRID_POINTS - 1)
        count = math.floor((high - low) / distance + 1e-8) + 1
        return [_tidy(low + distance * number) for number in range(count)]

    @property
    def is_continuous(self) -> bool:
        """Whether it has more values than one can count."""
        return self.dimension.kind in ("float", "log") and self.dimension.step is None

    def draw(self, random: Random) -> Any:
        """A value by chance."""
        kind = self.dimension.kind
        if not self.is_continuous:
            return random.choice(self.points())
        low, high = getattr(self.dimension, kind)
        share = random.random()
        return low * (high / low) ** share if kind == "log" else low + share * (high - low)


def _tidy(value: float) -> float:
    """Without the last digits, which stem from the arithmetic: 0.30000000000000004 is 0.3."""
    return float(f"{value:.12g}")


def axes(space: Mapping[str, Dimension]) -> list[Axis]:
    """The axes of a space, parents first.

    Raises:
        SpecError: a key that is no address, or one that may not be searched; two keys with the same address;
            conditions that depend on each other.
    """
    problems: list[Problem] = []
    found = [Axis(key, path, one) for key, one in space.items() if (path := _address(key, problems)) is not None]
    for number, axis in enumerate(found):
        if any(axis.path == other.path for other in found[:number]):
            problems.append(Problem(axis.source, "the same key a second time", on_key=True))
    if problems:
        raise SpecError(problems)
    ordered: list[Axis] = []
    while left := [one for one in found if one not in ordered]:
        done = {one.key for one in ordered}
        ready = [one for one in left if set(one.dimension.when) <= done]
        if not ready:
            raise SpecError(Problem(left[0].source, "conditions that wait for each other", on_key=True))
        ordered.append(ready[0])
    return ordered


def _address(key: str, problems: list[Problem]) -> Path | None:
    source = ("tune", "space", key)
    try:
        steps, end = parse(key)
        if end < len(key):
            raise ValueError("'=' cannot stand here")
    except ValueError as error:
        problems.append(Problem(source, str(error), GRAMMAR.split(",")[0].removesuffix("=value"), on_key=True))
        return None
    if steps[0].name in OWN:
        problems.append(Problem(source, f"`{steps[0].name}` cannot be searched", on_key=True))
        return None
    return tuple(step.name if (number := as_index(step)) is None else number for step in steps)


def sample(axes: list[Axis], random: Random) -> dict[str, Any]:
    """The values of a trial, by chance."""
    values: dict[str, Any] = {}
    for axis in axes:
        if axis.is_active(values):
            values[axis.key] = axis.draw(random)
    return values


def combinations(axes: list[Axis]) -> int:
    """How many trials a grid has, conditions included; counts to MOST."""
    return sum(1 for _ in islice(_combined(axes, {}), MOST))


def _combined(axes: list[Axis], values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every combination."""
    if not axes:
        yield values
        return
    axis, *rest = axes
    if not axis.is_active(values):
        yield from _combined(rest, values)
        return
    for value in axis.points():
        yield from _combined(rest, {**values, axis.key: value})


def shown(value: Any) -> str:
    """A value of a trial in a line, one text for each value: `0.01`, `SGD`, `{SGD: {momentum: 0.9}}`."""
    if isinstance(value, str):
        return value if value.isidentifier() and value not in ("true", "false", "null") else json.dumps(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(shown, value)) + "]"
    return json.dumps(value)
