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
        axes.barh(place, timed["p50"], color="tab:gray" if row["is_baseline"] else "tab:blue", height=0.7)
        axes.plot([timed["p50"], max(timed["p95"], timed["p50"])], [place, place], color="black", linewidth=1)
    axes.set_yticks(range(len(rows)), [label(row) for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_title(f"ms for a batch of {size}: median, line to p95", fontsize=9)
    _plain(axes)


def _sizes(axes: Any, rows: Any) -> None:
    split, name = metric_of(rows)
    seen = set()
    for row in rows:
        value = row["metrics"].get(split, {}).get(name)
        point = (row["size"], value)
        if value is None or point in seen:  # the ways of running a file share its point
            continue
        seen.add(point)
        axes.plot(row["size"] / 1000, value, "o", color="tab:gray" if row["is_baseline"] else "tab:blue")
        axes.annotate(f" {row['model']}, {row['form']} {row['precision']}", (row["size"] / 1000, value), fontsize=7)
    axes.set_xscale("log")
    axes.set_xlabel("kB", fontsize=8)
    axes.set_title(f"{split} {name.replace('_', ' ')} against the size of the file", fontsize=9)
    _plain(axes)


def _plain(axes: Any) -> None:
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
