"""Which baseline there is for an experiment, and by which of its metrics the two are compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kspec.builders.examples import Datasets, Kind, Task
from kspec.builders.experiment import Experiment
from kspec.errors import Problem, SpecError

PATH = ("data", "baseline")
NONE: dict[tuple[Kind, Task], str] = {
    ("image", "multi_label"): "images with several labels",
    ("image", "regression"): "images with numbers to predict",
}
"""What there is no baseline for, in words."""
DECISIONS = (
    *("SparseCategoricalAccuracy", "CategoricalAccuracy", "BinaryAccuracy", "Precision", "Recall"),
    *("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "F1Score", "FBetaScore"),
    *("BinaryIoU", "OneHotIoU", "OneHotMeanIoU"),
)
"""The metrics that need only the predicted class, which is all that a nearest class mean gives; the others want
probabilities."""


def check(experiment: Experiment) -> None:
    """Refuses `data.baseline: true` where there is none, or nothing to compare.

    Raises:
        SpecError: at the key.
    """
    if experiment.spec.data.baseline:
        problems = list(_problems(experiment))
        if problems:
            raise SpecError(problems)


def _problems(experiment: Experiment) -> Iterator[Problem]:
    data = experiment.datasets
    leave = "leave data.baseline out"
    if (data.kind, data.task) in NONE:
        message = f"there is no baseline for {NONE[data.kind, data.task]}"
        yield Problem(PATH, message, "images of classes; texts, tables or arrays with any label", hint=leave)
        return
    if data.validation is None and data.test is None:
        yield Problem(
            PATH, "there is no split to measure a baseline on", "`test` or `validation` beside it", hint=leave
        )
    if data.task == "classification" and len(np.unique(data.train.y)) < 2:
        yield Problem(PATH, "no baseline can be fitted: train holds examples of one class only", "two classes")
    if not comparable(experiment):
        names = ", ".join(metric.name for metric in experiment.plan.metrics) or "no metric"
        message = "none of `training.metrics` can be computed for the baseline"
        yield Problem(PATH, message, "one that it has too", names, "`auto` is one: training.metrics: [auto, ...]")


def decides(data: Datasets) -> bool:
    """Whether the baseline gives a class and no probabilities."""
    return data.kind == "image"


def comparable(experiment: Experiment) -> list[Any]:
    """The metrics of the training that can be computed for the baseline, in their order."""
    metrics = experiment.plan.metrics
    if not decides(experiment.datasets):
        return list(metrics)
    return [metric for metric in metrics if type(metric).__name__ in DECISIONS]
