"""pareto.png: the metric of every stage against its size, its multiply-accumulates and its latencies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kspec.commands.plot_numbers import write_numbers
from kspec.commands.stages import latency
from kspec.commands.stages.entries import Entry, is_baseline, label
from kspec.commands.stages.gates import metric
from kspec.spec import require

AXES = {"gzip_mb": "gzip MB", "size_mb": "size MB", "macs": "million MACs"}
MILLION = 1e6
STAGE, BASELINE, FILE = "stage", "baseline", "file"
COLUMNS = 3
WIDE = 10
"""So many times as slow as the fastest, and a latency has a logarithmic axis."""


@dataclass(frozen=True)
class Point:
    """What was measured.

    number: in the order of the table. kind: one of the three. values: quantity -> its value. y: its metric.
    """

    number: int
    label: str
    kind: str
    values: Mapping[str, Any]
    y: float

    def x(self, quantity: str) -> float | None:
        """The value for an axis; None where the point is not on it."""
        value = self.values.get(quantity)
        return None if value is None else float(value) / (MILLION if quantity == "macs" else 1)


def draw(entries: Sequence[Entry], measure: tuple[str, str], title: str, path: Path) -> None:
    """Draws a panel for each kind of size and each batch size, the stages as points in their order, the base first.

    Files that a stage made are points too, and baselines are hollow ones, off the line. Further left and further up is
    better; for a loss, further down.
    """
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    split, name = measure
    points = list(_points(entries, split, name))
    labels = _axes(entries)
    rows, columns = -(-len(labels) // COLUMNS), min(len(labels), COLUMNS)
    figure = Figure(figsize=(4.6 * columns + 1.8, 3.6 * rows + 0.3), layout="constrained")
    figure.suptitle(title, fontsize=11)
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in panels[len(labels) :]:
        axes.remove()
    for axes, (quantity, text) in zip(panels, labels.items(), strict=False):
        _panel(axes, points, quantity)
        axes.set_xlabel(text, fontsize=9)
        axes.set_ylabel(f"{split} {name}".replace("_", " "), fontsize=9)
    handles = [panels[0].scatter([], [], label=f"{one.number} {one.label}", **_look(one)) for one in points]
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)


def _axes(entries: Sequence[Entry]) -> dict[str, str]:
    """Quantity -> what stands at its axis."""
    known = {key: text for key, text in AXES.items() if all(one["quantities"][key] is not None for one in entries)}
    return known | {require.latency(size): f"ms for a batch of {size}" for size in latency.sizes(entries)}


def _panel(axes: Any, points: Sequence[Point], quantity: str) -> None:
    there = [(x, one) for one in points if (x := one.x(quantity)) is not None]
    way = [(x, one.y) for x, one in there if one.kind == STAGE]
    axes.plot(*zip(*way, strict=True), color="0.75", linewidth=1, zorder=1)
    for x, one in there:
        axes.scatter([x], [one.y], zorder=2, **_look(one))
    values = [x for x, _ in there]
    if require.batch_size(quantity) is not None and max(values) > WIDE * min(values):
        axes.set_xscale("log")
    else:
        axes.set_xlim(0, 1.08 * max(values) or 1)
    axes.margins(y=0.15)
    write_numbers(axes, [(x, one.y, one.number) for x, one in there])
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _look(point: Point) -> dict[str, Any]:
    color = f"C{point.number % 10}"
    inside = "none" if point.kind == BASELINE else color
    return {"s": 28, "marker": "^" if point.kind == FILE else "o", "edgecolors": color, "facecolors": inside}


def _points(entries: Sequence[Entry], split: str, name: str) -> Iterator[Point]:
    """Everything that was measured by the metric."""
    number = 0
    for one, called, kind, values in _things(entries):
        if not math.isnan(y := metric(one, split, name)):
            yield Point(number, called, kind, values, y)
            number += 1


def _things(entries: Sequence[Entry]) -> Iterator[tuple[Entry, str, str, Mapping[str, Any]]]:
    """Each entry, and after it its files: with a name, its kind, and its quantities."""
    of_files = latency.of_files(entries)
    for entry in entries:
        yield entry, label(entry), BASELINE if is_baseline(entry) else STAGE, entry["quantities"]
        for one in entry.get("artifacts", ()):
            yield one, one["path"], FILE, {**one, **of_files.get(latency.place(entry, one), {})}
