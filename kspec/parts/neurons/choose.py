"""Which channels go: a share of each group, or the least important of all until a size is reached."""

from __future__ import annotations

import fnmatch
import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kspec.parts.neurons.channels import Tokens
from kspec.parts.neurons.groups import Group
from kspec.parts.neurons.patterns import PatternError
from kspec.parts.neurons.structure import Cut, Product, Structure

NAMED = 3
"""So many groups are named in a message."""


@dataclass(frozen=True)
class Limits:
    """What may become of a group.

    round_to: the number of channels that stay is a multiple of it (or all stay). min_channels: so many stay at least.
    max_ratio: the largest share that may go.
    Raises ValueError for values out of range.
    """

    round_to: int
    min_channels: int
    max_ratio: float

    def __post_init__(self) -> None:
        for name in ("round_to", "min_channels"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is a whole number of at least 1, not {value!r}")
        if not 0 < self.max_ratio <= 1:
            raise ValueError(f"max_ratio is more than 0 and at most 1, not {self.max_ratio!r}")

    def least(self, count: int) -> int:
        """The fewest channels that may stay of so many."""
        floor = max(self.min_channels, math.ceil(round(count * (1 - self.max_ratio), 9)))
        return self.allowed(floor, count)

    def allowed(self, wanted: int, count: int) -> int:
        """The smallest allowed number of at least `wanted` channels, of so many."""
        return min(count, math.ceil(wanted / self.round_to) * self.round_to)


FREE = Limits(round_to=1, min_channels=1, max_ratio=1.0)
"""Limits that keep one neuron of each group."""


def is_share(value: Any) -> bool:
    """Whether a value is a number, NumPy's too, of more than 0 and at most 1."""
    return not isinstance(value, bool) and isinstance(value, Real) and 0 < float(value) <= 1


def refuse_unfit(groups: Sequence[Group], ratio: float | Mapping[str, float] | None) -> None:
    """Raises PatternError for patterns that fit a layer of no group."""
    layers = [layer for group in groups for layer in group.layers]
    unused = [one for one in ratio if not fnmatch.filter(layers, one)] if isinstance(ratio, Mapping) else []
    if unused:
        raise PatternError("ratio", unused, layers, "the groups of neurons that may go")


def ratio_of(group: Group, ratio: float | Mapping[str, float]) -> float:
    """The share of a group that goes: of the first pattern that fits one of its layers, and 0 if none does."""
    if not isinstance(ratio, Mapping):
        return ratio
    fitting = (pattern for pattern in ratio if any(fnmatch.fnmatchcase(layer, pattern) for layer in group.layers))
    pattern = next(fitting, None)
    return 0.0 if pattern is None else ratio[pattern]


def refuse_nothing(groups: Sequence[Group], ratio: float | Mapping[str, float], limits: Limits) -> None:
    """Raises ValueError, with the limits that keep them, where a ratio takes no class of any group."""
    if _takes_any(groups, ratio, limits):
        return
    meant = [group for group in groups if ratio_of(group, ratio)]
    named = ", ".join(f"{group.name} ({len(group.classes)})" for group in meant[:NAMED])
    named += f" and {len(meant) - NAMED} more" if len(meant) > NAMED else ""
    told = "ratio" if isinstance(ratio, Mapping) else f"ratio={ratio}"
    if not _takes_any(groups, ratio, FREE):
        raise ValueError(f"{told} is less than one neuron of each group, {named}: give a larger ratio")
    guilty = " and ".join(f"{name}={getattr(limits, name)}" for name in _guilty(groups, ratio, limits))
    raise ValueError(f"{told} removes nothing: {guilty} leaves {named} as they are; loosen it")


def _guilty(groups: Sequence[Group], ratio: float | Mapping[str, float], limits: Limits) -> list[str]:
    """The limits that each keep everything; if none does alone, those without which something would go."""
    free = {field.name: getattr(FREE, field.name) for field in fields(Limits)}
    alone = {name: replace(FREE, **{name: getattr(limits, name)}) for name in free}
    without = {name: replace(limits, **{name: value}) for name, value in free.items()}
    kept = [name for name in free if not _takes_any(groups, ratio, alone[name])]
    return kept or [name for name in free if _takes_any(groups, ratio, without[name])] or list(free)


def _takes_any(groups: Sequence[Group], ratio: float | Mapping[str, float], limits: Limits) -> bool:
    return any(_removed(group, ratio, limits) for group in groups)


def share_of_each(
    groups: Sequence[Group],
    scores: Sequence[NDArray[np.float64]],
    share: float | Mapping[str, float],
    limits: Limits,
) -> set[int]:
    """The least important classes of each group up to its share, as far as the limits allow: never more."""
    removed: set[int] = set()
    for group, score in zip(groups, scores, strict=True):
        removed |= set(_ascending(group, score)[: _removed(group, share, limits)].tolist())
    return removed


def _removed(group: Group, share: float | Mapping[str, float], limits: Limits) -> int:
    """How many classes of a group go."""
    count = len(group.classes)
    wanted = math.ceil(round(count * (1 - ratio_of(group, share)), 9))
    return count - max(limits.allowed(wanted, count), limits.least(count))


def until(
    structure: Structure,
    groups: Sequence[Group],
    scores: Sequence[NDArray[np.float64]],
    products: Sequence[Product],
    share: float,
    limits: Limits,
) -> tuple[set[int], float]:
    """Removes the step with the lowest mean score of all groups, until the sum of the products is at most `share` of
    the whole; a step is one class, or what it takes to the next multiple of round_to. As the last step may take more
    than it must, steps that still fit are then put back, the one with the highest score first.

    Returns the classes, and the share that is left: more than asked for if the limits end it before.
    """
    size = _Size(structure, groups, products)
    ranked = [np.sort(score, kind="stable") for score in scores]
    gone = [0] * len(groups)
    taken: list[list[_Step]] = [[] for _ in groups]
    heap: list[_Step] = []

    def offer(number: int) -> None:
        count = len(groups[number].classes)
        left = count - gone[number]
        step = left % limits.round_to or limits.round_to
        if left - step >= limits.least(count):
            score = float(ranked[number][gone[number] : gone[number] + step].mean())
            heapq.heappush(heap, _Step(score, number, step))

    for number in range(len(groups)):
        offer(number)
    while heap and size.share() > share:
        step = heapq.heappop(heap)
        taken[step.group].append(step)
        gone[step.group] += step.classes
        size.remove(step.group, step.classes)
        offer(step.group)
    while fitting := [one[-1] for one in taken if one and size.share(one[-1]) <= share]:
        step = taken[max(fitting).group].pop()
        gone[step.group] -= step.classes
        size.remove(step.group, -step.classes)
    order = [_ascending(group, score) for group, score in zip(groups, scores, strict=True)]
    return {one for each, count in zip(order, gone, strict=True) for one in each[:count].tolist()}, size.share()


class _Step(NamedTuple):
    """So many of the least important classes that a group has left, and their mean score."""

    score: float
    group: int
    classes: int


def smallest(structure: Structure, groups: Sequence[Group], products: Sequence[Product], limits: Limits) -> float:
    """The share that is left when the limits are reached everywhere."""
    removed = {one for group in groups for one in group.classes[limits.least(len(group.classes)) :].tolist()}
    whole = Cut(structure.channels, set()).total(list(products))
    return Cut(structure.channels, removed).total(list(products)) / whole


def _ascending(group: Group, score: NDArray[np.float64]) -> NDArray[np.int64]:
    return group.classes[np.argsort(score, kind="stable")]


class _Size:
    """The sum of products while channels go, without counting all of them anew each time."""

    def __init__(self, structure: Structure, groups: Sequence[Group], products: Sequence[Product]) -> None:
        axes: dict[int, int] = {}
        tokens: list[Tokens] = []
        for product in products:
            for axis in product.axes:
                if id(axis) not in axes:
                    axes[id(axis)] = len(tokens)
                    tokens.append(axis)
        # The last length is 1, for products with fewer axes.
        self._lengths = np.array([*map(len, tokens), 1], np.float64)
        widest = max((len(product.axes) for product in products), default=0)
        rows = [[axes[id(axis)] for axis in one.axes] + [len(tokens)] * (widest - len(one.axes)) for one in products]
        self._where = np.array(rows, np.int64).reshape(len(products), widest)
        self._factors = np.array([product.factor for product in products], np.float64)
        self._per_class = [np.zeros(len(tokens) + 1) for _ in groups]
        owner = {root: number for number, group in enumerate(groups) for root in group.classes.tolist()}
        for place, axis in enumerate(tokens):
            for root in structure.channels.roots(axis).tolist():
                if root in owner:
                    number = owner[root]
                    self._per_class[number][place] += 1 / len(groups[number].classes)
        self._whole = max(self._total(self._lengths), 1.0)

    def _total(self, lengths: NDArray[np.float64]) -> float:
        return float((self._factors * lengths[self._where].prod(axis=1)).sum())

    def remove(self, group: int, classes: int) -> None:
        """Takes a number of classes of a group away; below zero puts them back."""
        self._lengths = self._lengths - self._per_class[group] * classes

    def share(self, back: _Step | None = None) -> float:
        """What is left of the whole, if a step is put back."""
        lengths = self._lengths if back is None else self._lengths + self._per_class[back.group] * back.classes
        return self._total(lengths) / self._whole
