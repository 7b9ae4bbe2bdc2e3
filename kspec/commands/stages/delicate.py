"""`sensitivity` of the stage `prune_neurons`: which groups of neurons cost most when a share of them goes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kspec import artifacts
from kspec.commands.console import phase
from kspec.commands.stages import Context
from kspec.parts.neurons.plot import plot_sensitivity
from kspec.parts.neurons.sensitivity import Sensitivity, sensitivity

PLOT = "sensitivity.png"
NAMED = 3
"""So many groups are named in the line."""


def measured(context: Context, network: Any, data: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What run.json says, and the line to print; writes the plot. Nothing where the section does not ask for it.

    data: batches of the calibration. Classes are measured by the accuracy, all else by the loss.
    """
    section, experiment = context.section, context.experiment
    if section.sensitivity is False:
        return {}, ()
    # In their order, since the plot joins them by a line.
    ratios: dict[str, Any] = {} if section.sensitivity is True else {"ratios": sorted(set(section.sensitivity))}
    with phase(context.timing, "sensitivity"):
        found = sensitivity(
            network,
            data,
            metric="accuracy" if experiment.targets.task == "classification" else "loss",
            criterion=section.criterion,
            exclude=section.exclude,
            loss=experiment.plan.loss,
            seed=context.seed,
            **ratios,
        )
    title = f"{experiment.spec.name}: {context.folder.name}"
    artifacts.write_file(context.folder / PLOT, lambda file: plot_sensitivity(found, file, title))
    return {"sensitivity": asdict(found)}, (_line(found),)


def _line(found: Sensitivity) -> str:
    """The groups that cost most at the largest share."""
    share = max(found.ratios)
    column, sign = found.ratios.index(share), -1 if found.metric == "accuracy" else 1
    changes = [(row[column] - found.base, name) for row, name in zip(found.values, found.groups, strict=True)]
    worst = sorted(changes, key=lambda one: -sign * one[0])[:NAMED]
    named = ", ".join(f"{name} ({change:+.4f})" for change, name in worst)
    return f"most delicate, by {found.metric} without {share:g} of a group: {named}; see {PLOT}"
