"""Examples of the train split as a trained network reads them: in an order by chance, not augmented."""

from __future__ import annotations

import math
from typing import Any

from kspec.builders.data.pipeline import pipeline
from kspec.builders.experiment import Experiment


def calibration(experiment: Experiment, examples: int, seed: int, model: Any) -> Any:
    """Batches (x, y) of about so many examples, at most all, as a tf.data.Dataset: whole batches, at least one.

    model: that will be given them; a KerasHub task prepares raw features itself, which is done here.
    """
    data = experiment.spec.data.model_copy(update={"augment": ()})
    batches = pipeline(experiment.datasets.train, data, experiment.targets, seed=seed, training=True)
    some = batches.take(max(1, math.ceil(examples / data.batch_size)))
    return some.map(model.preprocess_samples) if hasattr(model, "preprocess_samples") else some
