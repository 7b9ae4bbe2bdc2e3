"""bench.png: the latency of each variant, and its accuracy against its size and its latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kspec.commands.bench_tables import label, metric_of
from kspec.commands.plot_numbers import write_numbers

WIDE = 10
"""So many times as slow as the fastest, and the latencies against the metric have a logarithmic axis."""


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Draws a panel of bars for each batch size, then the metric against the size of the file, and against the latency
    at the largest batch size."""
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    rows = result["variants"]
    sizes = list(rows[0]["latency_ms"])
    figure = Figure(figsize=(4.4 * (len(sizes) + 2) + 2, 1.6 + 0.32 * len(rows)), layout="constrained")
    machine = result["machine"]
    figure.suptitle(f"{machine['processor']}, {machine['threads']} threads", fontsize=10)
    panels = figure.subplots(1, len(sizes) + 2)
    for axes, size in zip(panels, sizes, strict=False):
        _bars(axes, rows, size)
        axes.tick_params(labelleft=axes is panels[0])
    _scores(panels[-2], rows, [row["size"] / 1000 for row in rows], "kB", "the size of the file", may_be_log=False)
    largest = max(sizes, key=int)
    medians = [row["latency_ms"][largest]["p50"] for row in rows]
    _scores(panels[-1], rows, medians, "ms, median", f"the latency of a batch of {largest}", may_be_log=True)
    figure.savefig(path, dpi=110)


def _bars(axes: Any, rows: Any, size: str) -> None:
    """The median of each variant; a line to its 95th percentile."""
    for place, row in enumerate(rows):
        timed = row["latency_ms"][size]
        axes.barh(place, timed["p50"], color=_colour(row), height=0.7)
        axes.plot([timed["p50"], max(timed["p95"], timed["p50"])], [place, place], color="black", linewidth=1)
    axes.set_yticks(range(len(rows)), [f"{label(row)}  {place}" for place, row in enumerate(rows, 1)], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_title(f"ms for a batch of {size}: median, line to p95", fontsize=9)
    _plain(axes)


def _scores(axes: Any, rows: Any, values: Sequence[float], unit: str, against: str, *, may_be_log: bool) -> None:
    """A point for each variant, its metric against its value, with the numbers of the bars that are it."""
    split, name = metric_of(rows)
    points = []
    for place, (row, value) in enumerate(zip(rows, values, strict=True), 1):
        score = row["metrics"].get(split, {}).get(name)
        if score is not None:
            axes.plot(value, score, "o", color=_colour(row))
            points.append((value, score, place))
    if may_be_log and max(values) > WIDE * min(values):
        axes.set_xscale("log")
    else:
        axes.set_xlim(0, 1.08 * max(values) or 1)
    axes.margins(y=0.15)
    write_numbers(axes, points)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_xlabel(unit, fontsize=8)
    axes.set_title(f"{split} {name.replace('_', ' ')} against {against}", fontsize=9)
    _plain(axes)


def _colour(row: Any) -> str:
    return "tab:gray" if row["is_baseline"] else "tab:blue"


def _plain(axes: Any) -> None:
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
