"""`kspec tune --dry-run`: trials, hours and disk of a search, from a few steps of the spec as it stands."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from kspec.commands.console import clock, say
from kspec.commands.workers import environment, gpus
from kspec.errors import RunError
from kspec.spec import Spec
from kspec.spec.tune import Tune
from kspec.spec.writer import write
from kspec.tuning.size import planned, total_epochs
from kspec.tuning.space import MOST, Axis, combinations

FILES = 200_000
"""Bytes of a run folder without model and states: record, history, log, curves."""


def estimate(spec: Spec, tune: Tune, axes: Sequence[Axis], jobs: int) -> None:
    """Prints what a search would take.

    Raises:
        RunError: the spec cannot be trained.
    """
    epochs = spec.training.epochs
    trials, whole = planned(tune, axes, epochs), total_epochs(tune, axes, epochs)
    each = tune.executions * (tune.folds or 1)
    name, _ = tune.algorithm.chosen
    say(f"space    {len(axes)} keys, {_counted(tune, axes)}")
    said = "as many as the hours allow" if trials is None else f"{trials:,} trials"
    several = "" if each == 1 else f" of {each} trainings each"
    say(f"search   {name}, {said}{several}" + ("" if whole is None else f", {whole:,} epochs in all"))
    cost = measured(spec, jobs)
    epoch = cost["steps"] * cost["step_seconds"] + cost["validation_seconds"]
    fixed = cost["start_seconds"] + cost["compile_seconds"] + cost["held_out_seconds"]
    say(f"training {clock(fixed)} to begin and end, {clock(epoch)} an epoch: {cost['steps']:,} steps of "
        f"{1000 * cost['step_seconds']:.1f} ms")  # fmt: skip
    hours = tune.hours
    if trials is not None and whole is not None:
        seconds = (trials * each * fixed + whole * epoch) / jobs
        hours = seconds / 3600 if hours is None else min(hours, seconds / 3600)
    say(
        f"time     about {_hours(hours or 0.0)} at most" + (f", {jobs} trainings beside each other" if jobs > 1 else "")
    )
    kept = tune.keep * each * cost["model_bytes"] + 2 * jobs * cost["state_bytes"]
    if tune.algorithm.hyperband is not None and trials is not None:
        kept += 2 * trials * each * cost["state_bytes"]  # states that may go on
    say(f"disk     about {(kept + (trials or 0) * each * FILES) / 1e6:,.0f} MB at most")
    say("From the spec as it stands; larger models and smaller batches of the space take longer. Nothing was searched.")


def measured(spec: Spec, jobs: int) -> dict[str, Any]:
    """What one training costs, from a process of its own.

    Raises:
        RunError: it failed; with what it said.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", "kspec.commands.cost", str(time.time())],
        input=write(spec.model_copy(update={"tune": None})),
        capture_output=True,
        text=True,
        env=environment(0, jobs, gpus()),
        check=False,
    )
    if done.returncode != 0:
        raise RunError(f"the spec cannot be trained as it stands:\n{done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _counted(tune: Tune, axes: Sequence[Axis]) -> str:
    if tune.algorithm.grid is None and any(axis.is_continuous for axis in axes):
        return "with ranges of numbers: more combinations than one can count"
    count = combinations(list(axes))
    return f"{count:,} combinations" if count < MOST else f"more than {MOST:,} combinations"


def _hours(hours: float) -> str:
    return clock(3600 * hours) if hours < 1 else f"{hours:.1f} h"
