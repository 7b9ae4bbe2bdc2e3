"""`kspec run SPEC`: load, build, fit, measure, save."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from kspec import artifacts
from kspec.builders.experiment import Experiment, assemble, load_data
from kspec.commands import curves, record, summary
from kspec.commands.console import log, phase, restart_log, say
from kspec.commands.load import located
from kspec.commands.measure import Metrics, measure
from kspec.commands.progress import EpochLines
from kspec.errors import RunError
from kspec.parts.callbacks.terminate_on_nan import TerminateOnNaN
from kspec.spec import Spec
from kspec.spec.writer import write
from kspec.text import Document

NAN_CAUSES = """\
       usual causes: a learning rate that is too high (try a tenth of it, a warmup, or the optimizer's `clipnorm: 1.0`),
       features that are not normalised, mixed_float16 (try device.precision=float32)"""


def run(document: Document, spec: Spec, runs: str) -> Path:
    """Runs a spec and returns the run's folder.

    Args:
        document: knows where each key of the spec stands.
        spec: what to run.
        runs: the folder that holds the folders of runs.

    Raises:
        SpecError, UsageError: something the user can mend; nothing was written.
        RunError: the training itself failed; the folder says so.
    """
    restart_log()
    started = datetime.now().astimezone()
    timing: dict[str, float] = {}
    with located(document):
        folder = artifacts.plan(Path(runs), spec.name, started)
        experiment = _build(spec, timing, folder=folder)
    artifacts.create(folder)
    artifacts.write_text(folder / artifacts.SPEC, write(spec))
    facts = summary.facts(experiment, started)
    artifacts.write_record(folder, {**facts, "status": "running"})
    try:
        result = _train(experiment, folder, timing)
    except BaseException as error:
        # Rich ends the process with SystemExit where the reader of the output, such as `head`, has gone.
        stopped = {KeyboardInterrupt: "interrupted by the user", SystemExit: "the reader of the output has closed it"}
        reason = stopped[type(error)] if type(error) in stopped else str(error)
        status = "interrupted" if type(error) in stopped else "failed"
        artifacts.write_record(folder, {**facts, "status": status, "error": reason, "timing": timing})
        artifacts.write_text(folder / artifacts.LOG, log())
        raise
    artifacts.write_text(folder / artifacts.LOG, log())
    artifacts.write_record(folder, {**facts, "status": "finished", **result, "timing": timing})
    return folder


def smoke(document: Document, spec: Spec) -> None:
    """Runs a few steps of the spec's model and pipeline on generated data; leaves nothing behind.

    Raises:
        SpecError, UsageError: as `run`.
    """
    restart_log()
    timing: dict[str, float] = {}
    say("SMOKE RUN: generated data, random weights, a few steps. The numbers below mean nothing.", style="bold red")
    with tempfile.TemporaryDirectory() as folder:
        with located(document):
            experiment = _build(spec, timing, folder=Path(folder), smoke=True)
        lines, metrics = _fit(experiment, timing, epochs=1)
        say("")
        summary.show_table(experiment, metrics, timing, lines.best_rate, None)
    say("SMOKE RUN: everything ran. No result was written.", style="bold red")


def _build(spec: Spec, timing: dict[str, float], *, folder: Path, smoke: bool = False) -> Experiment:
    with phase(timing, "data"):
        datasets = load_data(spec, smoke=smoke)
    with phase(timing, "model"):
        experiment = assemble(spec, datasets, smoke=smoke, folder=folder)
    for line in summary.cleaning_lines(datasets):
        say(f"clean  {line}")
    say(f"data   {summary.data_line(experiment)}")
    say(f"model  {summary.count(experiment.model.weights):,} parameters")
    say(f"device {experiment.settings.device}, {experiment.settings.precision}: {experiment.settings.reason}")
    return experiment


def _fit(experiment: Experiment, timing: dict[str, float], **arguments: Any) -> tuple[EpochLines, Metrics]:
    per_epoch = min(len(experiment.datasets.train), experiment.steps_per_epoch * experiment.spec.data.batch_size)
    lines = EpochLines(per_epoch, summary.UNITS[experiment.datasets.kind])
    try:
        with phase(timing, "fit"):
            experiment.fit([lines], **arguments)
    finally:
        lines.close()
    for callback in experiment.plan.callbacks:
        if isinstance(callback, TerminateOnNaN) and callback.stopped:
            raise RunError(f"{callback.stopped}\n{NAN_CAUSES}")
    with phase(timing, "measure"):
        metrics = measure(experiment, lines.rows[-1])
    return lines, metrics


def _train(experiment: Experiment, folder: Path, timing: dict[str, float]) -> dict[str, Any]:
    """Trains, measures and saves; returns what run.json says about the result."""
    lines, metrics = _fit(experiment, timing)
    with phase(timing, "save"):
        artifacts.write_history(folder, lines.rows)
        artifacts.write_file(folder / artifacts.MODEL, experiment.deployable().save)
        title = f"{experiment.spec.name} ({folder.name})"
        artifacts.write_file(folder / artifacts.CURVES, lambda file: curves.draw(lines.rows, title, file))
    say("")
    summary.show_table(experiment, metrics, timing, lines.best_rate, folder)
    digest = record.weights_digest(experiment.model)
    rate = round(lines.best_rate, 1)
    return {"metrics": metrics, "epochs": len(lines.rows), "examples_per_second": rate, "weights_sha256": digest}
