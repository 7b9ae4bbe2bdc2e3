"""After the base training: the stages, the table from base to final, the plot, and the gates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from kspec import artifacts
from kspec.builders.experiment import Experiment
from kspec.commands.bench_tables import ms
from kspec.commands.console import log, say, show
from kspec.commands.signals import Stopping
from kspec.commands.stages import gates, latency, pareto
from kspec.commands.stages.entries import Entry, label
from kspec.commands.stages.quantities import quantities
from kspec.commands.stages.sequence import FOLDER, LOG, follow, model_file
from kspec.spec import require

PARETO = "pareto.png"
PREFERRED = ("test_views", "test", "validation_views", "validation")


def after_training(
    experiment: Experiment, folder: Path, record: dict[str, Any], stop: Stopping, *, smoke: bool = False
) -> None:
    """Runs what the spec has of stages and gates, adds it to the record of the run, and shows it.

    The record gets `base`, `stages` and `require`; see `sequence` and `gates`. Nothing is done where the spec has none.

    Raises:
        RunError, KeyboardInterrupt: as `follow`.
    """
    spec = experiment.spec
    if not spec.stages and not spec.require:
        return
    if "base" not in record:
        size = quantities(experiment.model, folder / artifacts.MODEL, experiment)
        record["base"] = {"name": "base", "quantities": size, "metrics": record["metrics"]}
        if not smoke:
            (folder / FOLDER).mkdir(exist_ok=True)
            artifacts.write_text(folder / FOLDER / LOG, log())
            artifacts.write_record(folder, {**record, "status": artifacts.RUNNING})
    follow(experiment, folder, record, stop, smoke=smoke)
    entries = [record["base"], *record["stages"]]
    if spec.stages:
        artifacts.write_file(folder / PARETO, lambda file: pareto.draw(entries, metric_of(entries), spec.name, file))
        say("")
        show(table(spec.name, entries), whole=True)
        if not smoke:
            say(f"final model  {model_file(folder, record['stages'])}")
    if spec.require and not smoke:
        record["require"] = gates.judged(spec.require, entries)
        for one in record["require"]:
            if one["passed"]:
                say(gates.sentence(one))


def metric_of(entries: Sequence[Entry]) -> tuple[str, str]:
    """Split and name of the metric that stands in the table: the first one of test, or of validation; else the loss."""
    split = next(one for one in PREFERRED if one in entries[0]["metrics"] and not one.endswith("_views"))
    names = [name for name in entries[0]["metrics"][split] if name != "loss"]
    return split, (names or ["loss"])[0]


def table(title: str, entries: Sequence[Entry]) -> Table:
    """From the base to the final model, a row for each stage and each file; what a bench measured in columns behind."""
    split, name = metric_of(entries)
    sizes, of_files = latency.sizes(entries), latency.of_files(entries)
    found = Table(title=title, title_style="bold", title_justify="left")
    found.add_column("stage", style="cyan", no_wrap=True)
    for column in ("parameters", "nonzeros", "MACs", "size MB", "gzip MB", f"{split} {name}", "delta",
                   *(f"ms at {size}" for size in sizes)):  # fmt: skip
        found.add_column(column, justify="right")
    base = entries[0]["metrics"][split][name]
    for entry in entries:
        size, measured = entry["quantities"], _measured(gates.metric(entry, split, name), base)
        counts = [_whole(size[key]) for key in ("parameters", "nonzeros", "macs")]
        measured = [measured[0], ""] if entry is entries[0] else measured
        bytes_ = [_mb(size[key]) for key in ("size_mb", "gzip_mb")]
        found.add_row(label(entry), *counts, *bytes_, *measured, *_times(size, sizes))
        for one in entry.get("artifacts", ()):
            times = _times(of_files.get(latency.place(entry, one), {}), sizes)
            found.add_row(*_file_row(one, split, name, base), *times)
    return found


def _file_row(one: Entry, split: str, name: str, base: float) -> list[str]:
    measured = _measured(gates.metric(one, split, name), base)
    return [f"  {one['path']}", "", "", "", _mb(one["size_mb"]), _mb(one["gzip_mb"]), *measured]


def _measured(value: float, base: float) -> list[str]:
    """A metric, and its distance from that of the base."""
    return ["-", ""] if math.isnan(value) else [f"{value:.4f}", f"{value - base:+.4f}"]


def _times(found: Mapping[str, float | None], sizes: Sequence[int]) -> list[str]:
    """A latency for each batch size; "-" where it was not measured."""
    values = [found.get(require.latency(size)) for size in sizes]
    return ["-" if one is None else ms(one) for one in values]


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _mb(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"
