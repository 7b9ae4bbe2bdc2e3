"""The figures of `kspec check`: as tables, and for machines as plain numbers, bytes and seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.table import Table

from kspec.builders.experiment import Experiment
from kspec.check import step
from kspec.check.labels import majority
from kspec.check.live import Report
from kspec.check.out_of_memory import needs, shown
from kspec.commands import summary
from kspec.commands.check_tables import clean
from kspec.commands.console import clock, console
from kspec.commands.stages.entries import label


def figures_tree(report: Report, experiment: Experiment) -> dict[str, Any]:
    """Every figure by name; null for one that the check did not come to."""
    data, batch = experiment.datasets, experiment.spec.data.batch_size
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    memory, timing = report.memory, report.timing
    return {
        "examples": {name: len(part) for name, part in splits.items() if part is not None},
        "majority_share": majority(data),
        "parameters": summary.count(experiment.model.weights),
        "trainable": summary.count(experiment.model.trainable_weights),
        "blocks": [asdict(block) for block in report.blocks],
        "macs": report.macs and report.macs.total,
        "macs_not_counted": sorted(report.macs.uncounted) if report.macs else None,
        "stages": report.stages,
        "batch_size": batch,
        "steps_per_epoch": experiment.steps_per_epoch,
        "epochs": experiment.spec.training.epochs,
        "device": experiment.settings.device,
        "precision": experiment.settings.precision,
        "memory": memory
        and {
            **asdict(memory),
            "activations": memory.activations(batch),
            "total": memory.total(batch),
            "available": report.room and report.room.available,
            "peak_measured": report.peak,
        },
        "seconds": timing
        and {
            "first_step": timing.first,
            "step": timing.step,
            "validation_batch": timing.validation,
            "whole": step.whole(timing, experiment),
        },
        "disk": {"needed": report.disk, "free": report.free},
        "check_seconds": report.seconds,
    }


def show_figures(report: Report) -> None:
    """The network part by part, and what a run will cost."""
    if report.experiment is None:
        return
    console().print(_blocks(report))
    table = Table(title="figures", title_style="bold", title_justify="left", show_header=False)
    table.add_column(style="cyan")
    table.add_column()
    for name, text in _rows(report, report.experiment):
        table.add_row(name, clean(text))
    console().print(table)


def _blocks(report: Report) -> Table:
    table = Table(title="network", title_style="bold", title_justify="left")
    table.add_column("part", style="cyan", overflow="fold")
    for column in ("parameters", "trainable", "MACs an example"):
        table.add_column(column, justify="right")
    for block in report.blocks:
        table.add_row(clean(block.name), *(f"{number:,}" for number in (block.parameters, block.trainable, block.macs)))
    sums = [sum(column) for column in zip(*((b.parameters, b.trainable, b.macs) for b in report.blocks), strict=True)]
    table.add_section()
    table.add_row("all", *(f"{number:,}" for number in sums), style="bold")
    return table


def _rows(report: Report, experiment: Experiment) -> Iterator[tuple[str, str]]:
    data, spec = experiment.datasets, experiment.spec
    yield "data", summary.data_line(experiment)
    if (share := majority(data)) is not None:
        yield "to beat", f"accuracy {share:.4f}: always the most frequent class of train"
    yield "device", f"{experiment.settings.device}, {experiment.settings.precision}"
    if report.macs is not None and report.macs.uncounted:
        yield "MACs not counted", "; ".join(sorted(report.macs.uncounted))
    for stage in report.stages:
        macs = "" if stage["macs"] is None else f", {stage['macs']:,} MACs an example"
        yield f"after {label(stage)}", f"{stage['parameters']:,} parameters{macs}"
    if report.memory is not None:
        yield "memory of a step", f"about {needs(report.memory, spec.data.batch_size)}"
    if report.room is not None:
        yield f"memory of the {report.room.where}", f"{shown(report.room.available)} free of {shown(report.room.total)}"
    if report.peak is not None:
        yield "this process so far", f"at most {shown(report.peak)}, measured; libraries and data are in it"
    if report.timing is not None:
        yield from _times(report.timing, experiment)
    if report.disk is not None and report.free is not None:
        yield "disk space", f"about {shown(report.disk)} for the run's folder; {shown(report.free)} free"
    yield "this check", ", ".join(f"{name} {clock(seconds)}" for name, seconds in report.seconds.items())


def _times(timing: step.Timing, experiment: Experiment) -> Iterator[tuple[str, str]]:
    spec, steps = experiment.spec, experiment.steps_per_epoch
    rate = spec.data.batch_size / timing.step
    unit = summary.UNITS[experiment.datasets.kind]
    length = "" if timing.length is None else f" at the mean length of a batch, {timing.length:.0f} tokens"
    yield "a step", f"{timing.step:.3g} s ({rate:,.0f} {unit}/s){length}; the first {timing.first:.1f} s, it compiles"
    at_most = "at most " if any(one.name == "EarlyStopping" for one in spec.training.callbacks) else ""
    whole = lasting(step.whole(timing, experiment))
    held_out = {"validation": experiment.validation, "test": experiment.test}
    measured = "".join(f", {name}" for name, part in held_out.items() if part is not None)
    yield "the training", f"{at_most}{whole}: {spec.training.epochs:,} epochs of {steps:,} steps{measured}"


def lasting(seconds: float) -> str:
    """Seconds as a person says them: `4.2 s`, `3 min 05 s`, `2.5 hours`, `29 days`."""
    hours = seconds / 3600
    if hours < 2:
        return clock(seconds)
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"
