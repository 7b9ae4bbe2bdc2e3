"""The baseline of an experiment: fitted, and measured on the same splits by the same metrics."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from kspec.baseline.choose import comparable
from kspec.baseline.fitted import Fitted
from kspec.baseline.images import fit_images
from kspec.baseline.numbers import fit_numbers
from kspec.baseline.texts import as_texts, fit_texts
from kspec.builders.data.pipeline import WRITE
from kspec.builders.examples import Datasets, Examples
from kspec.builders.experiment import Experiment
from kspec.builders.targets import Targets
from kspec.spec import Spec

BATCH = 4_096
"""Examples that a metric is given at once."""
Splits = Mapping[str, Examples | None]


@dataclass(frozen=True)
class Baseline:
    """What is known of a baseline.

    name: in words. metrics: by split (validation, test) and name. seconds: to fit it, read the texts and measure it.
    error: why there is none; name and metrics are then empty.
    """

    name: str
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""

    def record(self) -> dict[str, Any]:
        """What run.json says of it."""
        if self.error:
            return {"error": self.error, "seconds": self.seconds}
        return {"name": self.name, "metrics": self.metrics, "seconds": self.seconds}


def measured(experiment: Experiment) -> Baseline:
    """Fits the baseline on train and measures it on validation and test.

    A failure does not take the finished training with it: the result then says what went wrong.
    """
    began = time.perf_counter()
    splits = as_read(experiment.datasets)
    try:
        fitted = fit(splits, experiment.datasets, experiment.spec)
        held_out = {role: part for role in ("validation", "test") if (part := splits[role]) is not None}
        metrics = {role: _metrics(fitted, part, experiment) for role, part in held_out.items()}
    except (ValueError, MemoryError) as error:  # no word in any text, infinite numbers, too many of them
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return Baseline("", {}, round(time.perf_counter() - began, 3), reason)
    return Baseline(fitted.name, metrics, round(time.perf_counter() - began, 3))


def as_read(data: Datasets) -> Splits:
    """The splits as the baseline reads them: texts as strings, anything else as the network does."""
    if data.kind == "text":
        return data.texts
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    if data.vocabulary_size is None:
        return splits
    return {role: part and Examples(as_texts(np.asarray(part.x)), part.y) for role, part in splits.items()}


def fit(splits: Splits, data: Datasets, spec: Spec) -> Fitted:
    """The baseline of this kind of data; see the table in kspec.baseline.

    Raises:
        ValueError, MemoryError: it cannot be fitted.
    """
    from sklearn.exceptions import ConvergenceWarning

    train, outputs = splits["train"], data.num_outputs
    if train is None:
        raise ValueError("there is no train split")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a thousand steps are enough for a baseline
        if data.kind == "image":
            return fit_images(train, outputs)
        if data.kind == "text" or data.vocabulary_size is not None:
            return fit_texts(train, data.task, outputs, spec.data.text.strip_html)
        scaled = data.kind == "array"  # the numbers of a table are normalised, and its categories 0 and 1
        return fit_numbers(train, splits["validation"], data.task, outputs, scaled=scaled, seed=spec.seed)


def _metrics(fitted: Fitted, part: Examples, experiment: Experiment) -> dict[str, float]:
    """The metrics of the training on the predictions for a split."""
    predictions = as_network(fitted.predict(part.x), experiment.targets)
    metrics = [type(metric).from_config(metric.get_config()) for metric in comparable(experiment)]
    write = WRITE[experiment.targets.labels]
    for start in range(0, len(part), BATCH):
        labels = write(tf.convert_to_tensor(part.y[start : start + BATCH]), experiment.targets.units)
        for metric in metrics:
            metric.update_state(labels, predictions[start : start + BATCH])
    return {metric.name: float(metric.result()) for metric in metrics}


def as_network(predictions: np.ndarray, targets: Targets) -> np.ndarray:
    """Predictions as the network puts them out: for two classes with one output, the probability of the second."""
    return (predictions[:, 1:2] if targets.labels == "binary" else predictions).astype(np.float32)
