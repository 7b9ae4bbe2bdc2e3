"""pareto.png: the metric of every stage against its size and its multiply-accumulates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kspec.commands.stages.entries import Entry, is_baseline, label
from kspec.commands.stages.gates import metric

AXES = {"gzip_mb": "gzip MB", "size_mb": "size MB", "macs": "million MACs"}
SCALE = {"gzip_mb": 1.0, "size_mb": 1.0, "macs": 1e6}
STAGE, BASELINE, FILE = "stage", "baseline", "file"
Point = tuple[float, float, str, str]
"""x, y, name, and which kind of these three it is."""


def draw(entries: Sequence[Entry], measure: tuple[str, str], title: str, path: Path) -> None:
    """Draws a panel for each kind of size, the stages as points in their order, the base first.

    Files that a stage made are points too, and baselines are hollow ones, off the line. Further left and further up is
    better; for a loss, further down.
    """
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    split, name = measure
    axes_of = [key for key in AXES if key != "macs" or all(one["quantities"]["macs"] is not None for one in entries)]
    figure = Figure(figsize=(4.6 * len(axes_of), 3.8), layout="constrained")
    figure.suptitle(title, fontsize=11)
    for axes, key in zip(figure.subplots(1, len(axes_of), squeeze=False)[0], axes_of, strict=True):
        points = list(_points(entries, key, split, name))
        way = [(x, y) for x, y, _, kind in points if kind == STAGE]
        axes.plot(*zip(*way, strict=True), color="0.75", linewidth=1, zorder=1)
        for number, point in enumerate(points):
            _mark(axes, number, point)
        axes.set_xlabel(AXES[key], fontsize=9)
        axes.set_ylabel(f"{split} {name}".replace("_", " "), fontsize=9)
        axes.set_xlim(left=0)
        axes.margins(y=0.15)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        if key == axes_of[0]:
            axes.legend(frameon=False, fontsize=7)
    figure.savefig(path, dpi=110)


def _mark(axes: Any, number: int, point: Point) -> None:
    x, y, name, kind = point
    color = f"C{number % 10}"
    inside = "none" if kind == BASELINE else color
    marker = "^" if kind == FILE else "o"
    axes.scatter([x], [y], 28, marker=marker, edgecolors=color, facecolors=inside, zorder=2, label=f"{number} {name}")
    axes.annotate(str(number), (x, y), textcoords="offset points", xytext=(5, 4), fontsize=8)


def _points(entries: Sequence[Entry], key: str, split: str, name: str) -> Iterator[Point]:
    """Everything that was measured."""
    for entry in entries:
        if not math.isnan(y := metric(entry, split, name)):
            yield entry["quantities"][key] / SCALE[key], y, label(entry), BASELINE if is_baseline(entry) else STAGE
        for one in entry.get("artifacts", ()):
            if key in one and not math.isnan(y := metric(one, split, name)):
                yield one[key] / SCALE[key], y, one["path"], FILE
