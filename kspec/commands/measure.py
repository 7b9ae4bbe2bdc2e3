"""The finished model on the splits: loss and metrics, plain and over test-time views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kspec.builders.experiment import Experiment

Metrics = dict[str, dict[str, float]]
HELD_OUT = ("validation", "validation_views", "test", "test_views")
"""Splits of `Metrics` that are not trained on."""


def measure(experiment: Experiment, last_epoch: Mapping[str, float]) -> Metrics:
    """Metrics by split.

    Args:
        experiment: trained.
        last_epoch: the last row of the history; its train metrics are means over the epoch, augmentation included.

    Returns:
        {"train": {...}, "validation": {...}, "test": {...}}, and "test_views" where the spec asks for views.
    """
    names = [key for key in last_epoch if key not in ("epoch", "learning_rate") and not key.startswith("val_")]
    return {"train": {name: last_epoch[name] for name in names}, **held_out(experiment)}


def held_out(experiment: Experiment) -> Metrics:
    """Metrics on validation and test, as far as the spec has them."""
    metrics: Metrics = {}
    for split, data in (("validation", experiment.validation), ("test", experiment.test)):
        if data is not None:
            metrics[split] = evaluated(experiment.model, data)
            if experiment.spec.evaluate.views:
                metrics[f"{split}_views"] = evaluated(_over_views(experiment), data)
    return metrics


def evaluated(model: Any, data: Any) -> dict[str, float]:
    """`model.evaluate` as plain numbers."""
    return {name: float(value) for name, value in model.evaluate(data, return_dict=True, verbose=0).items()}


def _over_views(experiment: Experiment) -> Any:
    """The model that averages its predictions over the views, compiled as the model itself is."""
    from kspec.parts.views import view_model

    viewed = view_model(experiment.model, list(experiment.spec.evaluate.views))
    viewed.compile(
        loss=experiment.plan.loss,
        metrics=[type(metric).from_config(metric.get_config()) for metric in experiment.plan.metrics],
        jit_compile=experiment.settings.jit_compile,
    )
    return viewed
