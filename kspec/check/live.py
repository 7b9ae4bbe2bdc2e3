"""The live pass: real data, the real model, one real step; every finding and every figure of it."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow as tf

from kspec import baseline
from kspec.builders.base import check_base, on_base
from kspec.builders.examples import Datasets
from kspec.builders.experiment import Experiment, assemble, load_data
from kspec.builders.model.freeze import layer_paths
from kspec.builders.training.callbacks import build_callbacks
from kspec.builders.training.monitors import AnyName
from kspec.check import disk, features, graph, labels, leaks, machine, macs, out_of_memory, stages, step, training
from kspec.check.blocks import Block, blocks
from kspec.check.findings import Finding, errors, warning
from kspec.check.macs import Macs
from kspec.check.memory import Estimate
from kspec.errors import Gathered, Problem, SpecError
from kspec.parts.callbacks.terminate_on_nan import TerminateOnNaN
from kspec.spec import Spec

After = Callable[[Experiment], list[dict[str, Any]]]
SURE = 0.7
"""A step is refused where even this share of its estimate is more than there is: the least that a training took was 0.8
of it, see kspec.check.peak."""


@dataclass
class Report:
    """What a check found, and the figures as far as it came.

    stages: name, parameters and MACs of what each stage will leave.
    seconds: what the parts of the check took. peak: the most bytes the process held, its own and the data's with it.
    traceback: of the error that the real steps ended in.
    """

    findings: list[Finding] = field(default_factory=list)
    experiment: Experiment | None = None
    blocks: list[Block] = field(default_factory=list)
    macs: Macs | None = None
    memory: Estimate | None = None
    room: machine.Memory | None = None
    timing: step.Timing | None = None
    peak: int | None = None
    disk: int | None = None
    free: int | None = None
    stages: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    traceback: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether there is an error."""
        return any(finding.level == "error" for finding in self.findings)


def check(spec: Spec, runs: Path, scratch: Path, after: After = lambda _: []) -> Report:
    """Checks a spec that reads.

    Args:
        spec: what to check.
        runs: where run folders would go; its free space is what counts. Nothing is written there.
        scratch: an empty folder for what callbacks write while a few steps are trained.
        after: refuses, with a SpecError, what could not come after the training; gives what it will come to.
    """
    report = Report()
    try:
        spec = on_base(spec)
    except SpecError as error:
        report.findings += errors(error.problems)
    with _timed(report, "data"):
        datasets = _data(spec, report)
    if datasets is None:
        return report
    with _timed(report, "model"):
        report.experiment = _experiment(spec, datasets, scratch, report)
    with _timed(report, "look"):
        report.findings += [*labels.findings(spec, datasets), *leaks.findings(datasets), *stages.findings(spec.stages)]
        if report.experiment is not None:
            report.findings += [*features.findings(report.experiment), *training.findings(report.experiment)]
            _figures(report, report.experiment, runs)
    if report.experiment is not None and (spec.stages or spec.require):
        with _timed(report, "stages"):
            _after(report, after, report.experiment)
    if report.experiment is not None and not report.is_wrong:
        with _timed(report, "step"):
            _step(report, report.experiment)
    return report


def _data(spec: Spec, report: Report) -> Datasets | None:
    """The data; where they cannot be read, what else is wrong is looked for with generated ones."""
    try:
        return load_data(spec)
    except SpecError as error:
        report.findings += errors(error.problems)
    gathered = Gathered()
    # Callbacks need no data; everything else does.
    gathered.part(lambda: build_callbacks(spec.training, AnyName({}), Path()), ())
    try:
        gathered.part(lambda: assemble(spec, load_data(spec, smoke=True), smoke=True, stand_in=False), None)
    except Exception:
        # Generated data stand in for real ones that are wrong: what goes wrong with them says nothing about the spec.
        gathered.problems = [one for one in gathered.problems if one.path[:2] == ("training", "callbacks")]
    known = [finding.problem for finding in report.findings]
    report.findings += errors(one for one in gathered.problems if one not in known and not _of_source(one))
    return None


def _of_source(problem: Problem) -> bool:
    return problem.path[:1] == ("data",) and problem.path[:2] != ("data", "augment")


def _experiment(spec: Spec, datasets: Datasets, scratch: Path, report: Report) -> Experiment | None:
    try:
        experiment = assemble(spec, datasets, folder=scratch)
        baseline.check(experiment)
        return experiment
    except SpecError as error:
        report.findings += errors(error.problems)
        return None


def _after(report: Report, after: After, experiment: Experiment) -> None:
    """What comes after the training, and whether the base that it starts from is one of the same data."""
    gathered = Gathered()
    gathered.part(lambda: check_base(experiment.spec, experiment.datasets), None)
    report.stages = gathered.part(lambda: after(experiment), [])
    report.findings += errors(gathered.problems)


def _figures(report: Report, experiment: Experiment, runs: Path) -> None:
    """Everything that can be said before a step is taken."""
    model = experiment.model
    specs = graph.whole_specs(experiment)
    report.macs = macs.count(graph.forward(model, graph.of_size(specs[0], 1)), frozenset(dict(layer_paths(model))))
    report.blocks = blocks(model, report.macs.by_layer)
    report.memory = out_of_memory.step_estimate(experiment)
    report.room = out_of_memory.available()
    report.disk, report.free = disk.needed(experiment), machine.free_disk(runs)
    report.findings += _memory(report.memory, report.room, experiment)
    if report.disk > report.free:
        found = f"{out_of_memory.shown(report.free)} free"
        message = f"the run's folder needs about {out_of_memory.shown(report.disk)} of disk space"
        report.findings += errors([Problem(("training",), message, found=found, on_key=True)])


def _memory(estimate: Estimate, room: machine.Memory | None, experiment: Experiment) -> Iterator[Finding]:
    if room is None:
        return
    batch, has = experiment.spec.data.batch_size, room.available + estimate.weights
    message = f"a step of {batch:,} examples needs about {out_of_memory.needs(estimate, batch)}"
    found = f"the {room.where} has {out_of_memory.shown(room.available)} free of {out_of_memory.shown(room.total)}"
    if SURE * estimate.total(batch) > has:
        hint = out_of_memory.hint(experiment, estimate, room)
        yield Finding("error", Problem(("data", "batch_size"), message, found=found, hint=hint, on_key=True))
    elif out_of_memory.MARGIN * estimate.total(batch) > has:
        yield warning(("data", "batch_size"), message, out_of_memory.hint(experiment, estimate, room), found)


def _step(report: Report, experiment: Experiment) -> None:
    """Takes the step; whatever it raises is what the run would end in."""
    try:
        report.timing = step.measure(experiment)
    except SpecError as error:
        report.findings += errors(error.problems)
        return
    except Exception as error:
        report.traceback = traceback.format_exc()
        report.findings += errors([_failure(error, report, experiment)])
        return
    report.peak = machine.peak_resident()
    stopped = [one.stopped for one in experiment.plan.callbacks if isinstance(one, TerminateOnNaN) and one.stopped]
    if stopped or not math.isfinite(report.timing.loss):
        message = f"the loss is no number in the first steps: {stopped[0] if stopped else report.timing.loss}"
        hint = "a lower learning rate, a warmup, clipnorm, or features and labels of a smaller scale"
        report.findings += errors([Problem(("training",), message, hint=hint, on_key=True)])


def _failure(error: Exception, report: Report, experiment: Experiment) -> Problem:
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError) and report.memory and report.room:
        needs = out_of_memory.needs(report.memory, experiment.spec.data.batch_size)
        message = f"not enough memory: a step needs about {needs}"
        hint = out_of_memory.hint(experiment, report.memory, report.room)
        return Problem(("data", "batch_size"), message, hint=hint, on_key=True)
    lines = str(error).strip().splitlines() or [""]
    message = f"the first steps of the training fail: {type(error).__name__}: {lines[0]}"
    return Problem(("training",), message, hint="kspec check --debug shows the traceback", on_key=True)


@contextmanager
def _timed(report: Report, name: str) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        report.seconds[name] = round(time.perf_counter() - start, 3)
