"""curves.png: loss, metrics and learning rate over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def draw(rows: Sequence[Mapping[str, float]], title: str, path: Path) -> None:
    """Draws a panel for each metric, train and validation together, and one for the learning rate."""
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    names = [key for key in rows[0] if key != "epoch" and not key.startswith("val_")]
    figure = Figure(figsize=(4.2 * len(names), 3.4), layout="constrained")
    figure.suptitle(title, fontsize=11)
    epochs = [row["epoch"] for row in rows]
    marker = "o" if len(rows) < 30 else ""
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        axes.plot(epochs, [row[name] for row in rows], marker=marker, markersize=3, label="train")
        if f"val_{name}" in rows[0]:
            axes.plot(epochs, [row[f"val_{name}"] for row in rows], marker=marker, markersize=3, label="validation")
            axes.legend(frameon=False, fontsize=9)
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.set_xlabel("epoch", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.savefig(path, dpi=110)
