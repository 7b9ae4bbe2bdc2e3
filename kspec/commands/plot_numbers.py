"""Numbers beside the points of a plot; points that lie too near to each other share a place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

WIDE, HIGH = 16, 10
"""Pixels that a number takes: nearer ones would cover each other."""


def write_numbers(axes: Any, points: Iterable[tuple[float, float, int]]) -> None:
    """Writes the number of each point, (x, y, number), beside it. The axes must have their scale and limits."""
    axes.get_xlim(), axes.get_ylim()  # brings the transformation up to date with what was drawn
    groups: list[tuple[tuple[float, float], tuple[float, float], list[int]]] = []
    for x, y, number in points:
        across, up = axes.transData.transform((x, y))
        near = (one for one in groups if abs(one[1][0] - across) < WIDE and abs(one[1][1] - up) < HIGH)
        found = next(near, None)
        if found is None:
            groups.append(((x, y), (across, up), [number]))
        else:
            found[2].append(number)
    for place, _, numbers in groups:
        text = ", ".join(map(str, numbers))
        axes.annotate(text, place, textcoords="offset points", xytext=(4, 4), fontsize=8)
