"""bench.png: the latency of each variant, and its size against its accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kspec.commands.bench_tables import label, metric_of


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Draws a panel of bars for each batch size, and one of the metric against the size of the file."""
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    rows = result["variants"]
    sizes = list(rows[0]["latency_ms"])
    figure = Figure(figsize=(4.4 * (len(sizes) + 1) + 2, 1.6 + 0.32 * len(rows)), layout="constrained")
    machine = result["machine"]
    figure.suptitle(f"{machine['processor']}, {machine['threads']} threads", fontsize=10)
    panels = figure.subplots(1, len(sizes) + 1)
    for axes, size in zip(panels, sizes, strict=False):
        _bars(axes, rows, size)
        axes.tick_params(labelleft=axes is panels[0])
    _sizes(panels[-1], rows)
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


def _sizes(axes: Any, rows: Any) -> None:
    """A point for each file, with the numbers of the bars that are it."""
    split, name = metric_of(rows)
    points: dict[tuple[float, float], list[int]] = {}
    for place, row in enumerate(rows, 1):
        value = row["metrics"].get(split, {}).get(name)
        if value is not None:
            points.setdefault((row["size"] / 1000, value), []).append(place)
    for point, places in points.items():
        axes.plot(*point, "o", color=_colour(rows[places[0] - 1]))
        numbers = ", ".join(map(str, places))
        axes.annotate(numbers, point, xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8)
    axes.set_xlim(left=0)
    axes.margins(y=0.15)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_xlabel("kB", fontsize=8)
    axes.set_title(f"{split} {name.replace('_', ' ')} against the size of the file", fontsize=9)
    _plain(axes)


def _colour(row: Any) -> str:
    return "tab:gray" if row["is_baseline"] else "tab:blue"


def _plain(axes: Any) -> None:
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
