"""The plot of a sensitivity analysis."""

from __future__ import annotations

from pathlib import Path

from kspec.parts.neurons.sensitivity import Sensitivity

COLUMNS = 5


def plot_sensitivity(result: Sensitivity, path: str | Path, title: str = "") -> None:
    """Draws a panel for each group of neurons: accuracy or loss against the share that is gone, all to one scale.

    The dashed line is the whole model; groups that an addition ties to others are in another colour.

    path: of the image, of any type that Matplotlib writes. title: above all panels.
    """
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    columns = min(COLUMNS, len(result.groups))
    rows = -(-len(result.groups) // columns)
    figure = Figure(figsize=(2.5 * columns + 0.6, 1.9 * rows + 0.8), layout="constrained")
    if title:
        figure.suptitle(title, fontsize=11)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for number, axes in enumerate(panels):
        if number >= len(result.groups):
            axes.set_visible(False)
            continue
        color = "tab:orange" if result.residual[number] else "tab:blue"
        axes.axhline(result.base, color="grey", linestyle="--", linewidth=0.8)
        axes.plot((0.0, *result.ratios), (result.base, *result.values[number]), marker="o", markersize=3, color=color)
        axes.set_title(_wrapped(result.groups[number]), fontsize=7)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("share of the group that is gone", fontsize=9)
    figure.supylabel(result.metric, fontsize=9)
    figure.savefig(path, dpi=110)


def _wrapped(name: str, width: int = 30) -> str:
    return name if len(name) <= width else name.replace(" + ", " +\n")
