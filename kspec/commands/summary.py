"""What is known about a run: the facts for run.json and the table at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from kspec import baseline
from kspec.baseline import Baseline
from kspec.builders.examples import Datasets
from kspec.builders.experiment import Experiment
from kspec.commands import plugins, record
from kspec.commands.console import clock, phase, say, show
from kspec.commands.measure import Metrics
from kspec.parts.pruning.callback import PruneLowMagnitude

LISTED = 12
"""The most pruned weights that the table lists."""
UNITS = {"image": "images", "text": "texts", "table": "rows", "array": "examples"}


def facts(experiment: Experiment, started: datetime) -> dict[str, Any]:
    """What run.json says about how the run came about."""
    data = experiment.datasets
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        "name": experiment.spec.name,
        "command": record.command_line(),
        "started": started.isoformat(timespec="seconds"),
        "seed": experiment.spec.seed,
        "versions": record.versions(),
        "plugins": plugins.of_run(experiment.spec),
        "git": record.git_state(),
        "device": {
            "name": experiment.settings.device,
            "precision": experiment.settings.precision,
            "jit": experiment.settings.jit_compile,
            "reason": experiment.settings.reason,
        },
        "data": {
            "fingerprint": data.fingerprint,
            "kind": data.kind,
            "task": data.task,
            "class_names": list(data.class_names),
            "label_names": list(data.label_names),
            "examples": {name: len(part) for name, part in splits.items() if part is not None},
            "cleaning": [vars(touched) for touched in data.cleaning],
        },
        "model": {
            "parameters": count(experiment.model.weights),
            "trainable": count(experiment.model.trainable_weights),
        },
    }


def count(variables: list[Any]) -> int:
    """Numbers held by the variables."""
    total = 0
    for variable in variables:
        size = 1
        for length in variable.shape:
            size *= int(length)
        total += size
    return total


def data_line(experiment: Experiment) -> str:
    """The splits in a line: `1,437 train, 180 validation, 180 test images, 10 classes`."""
    data = experiment.datasets
    parts = [("train", data.train), ("validation", data.validation), ("test", data.test)]
    sizes = ", ".join(f"{len(part):,} {name}" for name, part in parts if part is not None)
    many = {"classification": "classes", "multi_label": "labels", "regression": "numbers to predict"}[data.task]
    outputs = "1 number to predict" if data.num_outputs == 1 else f"{data.num_outputs} {many}"
    return f"{sizes} {UNITS[data.kind]}, {outputs}"


def cleaning_lines(data: Datasets) -> list[str]:
    """What each cleaning step touched, a line a step: `drop_duplicates: 5 train, 0 test`."""
    splits = len({touched.split for touched in data.cleaning}) or 1
    steps = [data.cleaning[start : start + splits] for start in range(0, len(data.cleaning), splits)]
    return [f"{step[0].step}: " + ", ".join(f"{one.count:,} {one.split}" for one in step) for step in steps]


def fitted_baseline(experiment: Experiment, timing: dict[str, float]) -> Baseline | None:
    """The baseline where `data.baseline` asks for one."""
    if not experiment.spec.data.baseline:
        return None
    with phase(timing, "baseline"):
        return baseline.measured(experiment)


def show_table(
    experiment: Experiment,
    metrics: Metrics,
    timing: Mapping[str, float],
    rate: float,
    folder: Path | None,
    beside: Baseline | None = None,
) -> None:
    """The table at the end of a run. folder: None for a smoke run. beside: the baseline, in a row below each split."""
    table = Table(title=experiment.spec.name, title_style="bold", title_justify="left", show_header=False)
    table.add_column(style="cyan")
    table.add_column()
    trainable, total = count(experiment.model.trainable_weights), count(experiment.model.weights)
    table.add_row("model", f"{total:,} parameters, {trainable:,} of them trainable")
    table.add_row("data", data_line(experiment))
    for one in plugins.of_run(experiment.spec):
        table.add_row("plug-in", plugins.said(one).removeprefix("plug-in "))
    table.add_row("device", f"{experiment.settings.device}, {experiment.settings.precision}")
    table.add_row("time", ", ".join(f"{name} {clock(seconds)}" for name, seconds in timing.items()))
    if rate:
        table.add_row("training rate", f"{rate:,.0f} {UNITS[experiment.datasets.kind]}/s")
    for split, values in metrics.items():
        table.add_row(split.replace("_", " "), _numbers(values))
        if beside is not None and split in beside.metrics:
            found = beside.metrics[split]
            table.add_row("  baseline", _numbers({name: found[name] for name in values if name in found}))
    if beside is not None and not beside.error:
        table.add_row("baseline", beside.name)
    for number, line in enumerate(pruning_lines(experiment, smoke=folder is None)):
        table.add_row("" if number else "sparsity", line)
    if folder is not None:
        table.add_row("run", str(folder))
    show(table)
    if beside is not None:
        say_verdict(experiment, metrics, beside, smoke=folder is None)


def _numbers(values: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in values.items())


def say_verdict(experiment: Experiment, metrics: Metrics, beside: Baseline, *, smoke: bool = False) -> None:
    """The sentence about a model that does not beat its baseline, or about a baseline that could not be fitted."""
    said = f"The baseline could not be fitted: {beside.error}" if beside.error else ""
    if not smoke and not said:
        said = baseline.verdict(experiment, metrics, beside)
    if said:
        say(said, style="bold red")


def pruned(experiment: Experiment) -> dict[str, Any]:
    """What run.json says of pruning: {"pruning": {engine, layers: path -> zeros and size, short}}; {} without."""
    for one in experiment.plan.callbacks:
        if isinstance(one, PruneLowMagnitude):
            layers: dict[str, dict[str, int]] = {}
            seen: Counter[str] = Counter()
            for each in one.report():
                seen[each.path] += 1  # the weights of two nested models may have the same path
                name = each.path if seen[each.path] == 1 else f"{each.path} ({seen[each.path]})"
                layers[name] = {"zeros": each.zeros, "size": each.size}
            return {"pruning": {"engine": one.engine.name, "layers": layers, "short": one.shortfalls()}}
    return {}


def pruning_lines(experiment: Experiment, *, smoke: bool = False) -> list[str]:
    """The zeros of the pruned weights, of all and of each, and where they are fewer than asked for.

    smoke: a few steps of the schedule, which say nothing about its end.
    """
    lines: list[str] = []
    for callback in (one for one in experiment.plan.callbacks if isinstance(one, PruneLowMagnitude)):
        each = callback.report()
        zeros, size = sum(one.zeros for one in each), sum(one.size for one in each)
        lines.append(f"{zeros / size:.4f}  {zeros:,} of {size:,} pruned weights are 0 (engine {callback.engine.name})")
        lines += [f"{one.sparsity:.4f}  {one.path} ({one.zeros:,} of {one.size:,})" for one in each[:LISTED]]
        lines += [f"...     {len(each) - LISTED} more in run.json"] if len(each) > LISTED else []
        lines += [] if smoke else [f"warning: {said}" for said in callback.shortfalls()]
    return lines
