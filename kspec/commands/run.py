"""`kspec run SPEC`: load, build, fit, measure, save."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kspec import artifacts, baseline, checkpoints
from kspec.builders.base import check_base, on_base
from kspec.builders.experiment import Experiment, assemble, load_data
from kspec.commands import summary
from kspec.commands.console import phase, restart_log, say
from kspec.commands.load import located
from kspec.commands.measure import Metrics, measure
from kspec.commands.signals import Stopping, stopping
from kspec.commands.stages import gates
from kspec.commands.stages.results import after_training
from kspec.commands.stages.sequence import rehearse, save
from kspec.commands.train import Place, conduct, epoch_lines, fit
from kspec.spec import Spec
from kspec.spec.writer import write
from kspec.text import Document


def run(document: Document, spec: Spec, runs: str) -> Path:
    """Runs a spec and returns the run's folder.

    Args:
        document: knows where each key of the spec stands.
        spec: what to run.
        runs: the folder that holds the folders of runs.

    Raises:
        SpecError, UsageError: something the user can mend; nothing was written.
        RunError: the training itself failed; the folder says so.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the folder says so, and `kspec resume` goes on.
    """
    started = datetime.now().astimezone()
    with located(document):
        folder = artifacts.plan(Path(runs), spec.name, started)
    run_in(folder, document, spec, started)
    return folder


def run_in(
    folder: Path,
    document: Document,
    spec: Spec,
    started: datetime,
    stop: Stopping | None = None,
    check: Callable[[Experiment], None] = lambda _: None,
) -> None:
    """Runs a spec in a folder that does not exist yet.

    stop: what stops it, by default only signals. check: is given the experiment before the folder is made.

    Raises:
        As `run`, and what `check` raises.
    """
    restart_log()
    timing: dict[str, float] = {}
    with stopping(stop) as asked:
        with located(document):
            experiment = build(spec, timing, folder=folder)
            if spec.stages or spec.require:
                with phase(timing, "rehearse"):
                    rehearse(experiment)
            check(experiment)
        artifacts.create(folder)
        with checkpoints.locked(folder):
            text = write(spec)
            artifacts.write_text(folder / artifacts.SPEC, text)
            facts = {**summary.facts(experiment, started), "spec_sha256": digest(text)}
            gates.enforce(conduct(experiment, Place(folder, facts), timing, asked, after_training))


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
            experiment = build(spec, timing, folder=Path(folder), smoke=True)
            gates.check(spec.require, experiment)
        lines = epoch_lines(experiment)
        fit(experiment, timing, lines, [lines], epochs=1)
        with phase(timing, "measure"):
            metrics = measure(experiment, lines.rows[-1])
        held_against = summary.fitted_baseline(experiment, timing)
        say("")
        summary.show_table(experiment, metrics, timing, lines.best_rate, None, held_against)
        with located(document):
            _smoke_stages(experiment, Path(folder), metrics)
    say("SMOKE RUN: everything ran. No result was written.", style="bold red")


def _smoke_stages(experiment: Experiment, folder: Path, metrics: Metrics) -> None:
    if experiment.spec.stages:
        save(experiment.model, experiment, folder / artifacts.MODEL)
        after_training(experiment, folder, {"metrics": metrics}, Stopping(), smoke=True)


def build(
    spec: Spec, timing: dict[str, float], *, folder: Path, smoke: bool = False, base: Path | None = None
) -> Experiment:
    """The experiment of a spec, with a line about each of its parts.

    base: the file of its base, for a run that has a copy. A smoke run has random weights, and needs no base.

    Raises:
        SpecError: as `assemble`, or a base that is not there.
    """
    spec = spec if smoke else on_base(spec, base)
    with phase(timing, "data"):
        datasets = load_data(spec, smoke=smoke)
    if not smoke:
        check_base(spec, datasets)
    with phase(timing, "model"):
        experiment = assemble(spec, datasets, smoke=smoke, folder=folder)
        baseline.check(experiment)
    for line in summary.cleaning_lines(datasets):
        say(f"clean  {line}")
    say(f"data   {summary.data_line(experiment)}")
    say(f"model  {summary.count(experiment.model.weights):,} parameters")
    if getattr(experiment.model, "stand_in", ""):
        say(f"model  {experiment.model.stand_in}")
    say(f"device {experiment.settings.device}, {experiment.settings.precision}: {experiment.settings.reason}")
    return experiment


def digest(text: str) -> str:
    """SHA-256 of a text, by which a changed spec is known."""
    return hashlib.sha256(text.encode()).hexdigest()
