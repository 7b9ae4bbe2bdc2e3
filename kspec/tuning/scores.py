"""What a training has reached, read from its run folder; and which trials are the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median, pstdev

from kspec import artifacts
from kspec.spec.tune import MEASURED, Objective
from kspec.tuning.record import DIVERGED, FINISHED, PAUSED, Trial

FIRST_TRIALS = 5
"""Trials that finish before any is compared with their median."""


def score_of(run: Path, metric: str) -> float:
    """The value of an objective in a run: of the finished model, or after the last epoch of one that was stopped.

    Raises:
        KeyError: the run has measured no such thing.
    """
    record = artifacts.read_record(run)
    if metric == "parameters":
        return float(record["model"]["parameters"])
    if metric == "seconds":
        return float(record["timing"]["fit"])
    if record["status"] != FINISHED:
        return artifacts.read_history(run)[-1][metric]
    split = "validation" if metric.startswith("val_") else "train"
    return float(record["metrics"][split][metric.removeprefix("val_")])


def rescore(ended: Sequence[Trial], objectives: Sequence[Objective]) -> None:
    """Fills in what the oracle is told of each trial: the value itself; of several objectives, whose units differ, the
    sum of their standard scores over the trials so far, where less is better."""
    able = [one for one in ended if one.scores and one.status != DIVERGED]
    if len(objectives) == 1:
        for trial in able:
            trial.score = trial.scores[objectives[0].metric]
        return
    for trial in able:
        trial.score = 0.0
    for one in objectives:
        values = [trial.scores[one.metric] for trial in able]
        centre, width = fmean(values or [0.0]), pstdev(values or [0.0]) or 1.0
        for trial, value in zip(able, values, strict=True):
            standard = (value - centre) / width
            trial.score = (trial.score or 0.0) + (standard if one.direction == "min" else -standard)


def put(trial: Trial, runs: Sequence[Path], objectives: Sequence[Objective]) -> None:
    """Fills in the scores of a trial from its run folders."""
    table = {one.metric: [score_of(run, one.metric) for run in runs] for one in objectives}
    trial.scores = {metric: fmean(values) for metric, values in table.items()}
    first = table[objectives[0].metric]
    trial.spread = pstdev(first) if len(first) > 1 else None
    trial.epochs = len(artifacts.read_history(runs[0]))


def is_better(one: float, other: float, direction: str) -> bool:
    """Whether one value is better than another."""
    return one > other if direction == "max" else one < other


def ranked(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """The trials that can win, the best first, of equals the earlier: finished ones; paused ones where none is."""
    sign = -1 if len(objectives) == 1 and objectives[0].direction == "max" else 1
    for status in (FINISHED, PAUSED):
        able = [one for one in trials if one.status == status and one.score is not None]
        if able:
            return sorted(able, key=lambda one: (sign * (one.score or 0.0), one.number))
    return []


def unbeaten(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """The Pareto front: trials that no other beats in one objective without losing in another; by the first one."""

    def beats(one: Trial, other: Trial) -> bool:
        better = [is_better(one.scores[each.metric], other.scores[each.metric], each.direction) for each in objectives]
        worse = [is_better(other.scores[each.metric], one.scores[each.metric], each.direction) for each in objectives]
        return any(better) and not any(worse)

    able = ranked(trials, objectives)
    front = [one for one in able if not any(beats(other, one) for other in able)]
    sign = -1 if objectives[0].direction == "max" else 1
    return sorted(front, key=lambda one: sign * one.scores[objectives[0].metric])


def limits(histories: Sequence[Sequence[float]]) -> list[float] | None:
    """For each epoch but the last the median, over finished trainings, of the mean of the objective up to it; None for
    too few.

    A training is hopeless once its best value so far is worse (Golovin et al. 2017, Google Vizier, section 3.1:
    "the median of the running averages of all completed trials"). After the last epoch of the longest there is
    nothing left to save.
    """
    if len(histories) < FIRST_TRIALS:
        return None
    longest = max(map(len, histories))
    rows = []
    for epoch in range(1, longest):
        means = [fmean(values[:epoch]) for values in histories if len(values) >= epoch]
        rows.append(median(means))
    return rows


def is_hopeless(values: Sequence[float], limits: Sequence[float] | None, direction: str) -> bool:
    """Whether a training with these values of the objective, one an epoch, is beyond the limit of its last epoch."""
    if not limits or not values or len(values) > len(limits):
        return False
    best = max(values) if direction == "max" else min(values)
    return is_better(limits[len(values) - 1], best, direction)


def is_logged(metric: str) -> bool:
    """Whether an objective has a value after every epoch."""
    return metric not in MEASURED


def is_number(value: float | None) -> bool:
    """Whether a score is finite."""
    return value is not None and math.isfinite(value)
