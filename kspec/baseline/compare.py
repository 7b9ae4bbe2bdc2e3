"""Whether a model beats its baseline, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from kspec.baseline.measure import Baseline
from kspec.builders.experiment import Experiment
from kspec.builders.training.monitors import Names


def verdict(experiment: Experiment, metrics: Mapping[str, Mapping[str, float]], baseline: Baseline) -> str:
    """The sentence about a model that does not beat its baseline; "" for one that does.

    The first of `training.metrics` decides that both have and of which Keras knows which way it is better, on test, or
    on validation where there is no test split. The same value beats nothing, and neither does NaN; a baseline whose
    metric is NaN is passed over.

    metrics: of the model, by split.
    """
    directions = Names.of(experiment.plan.metrics, has_validation=False).directions
    split = "test" if "test" in baseline.metrics else "validation"
    theirs = baseline.metrics.get(split) or {}
    name = next((one for one, value in theirs.items() if directions[one] and not isnan(value)), None)
    if name is None:
        return ""
    ours, other = metrics[split][name], theirs[name]
    if ours > other if directions[name] == "up" else ours < other:
        return ""
    numbers = f"{name} {ours:.4f}, the baseline {other:.4f}"
    return f"The model does not beat the baseline on the {split} split: {numbers} ({baseline.name})."
