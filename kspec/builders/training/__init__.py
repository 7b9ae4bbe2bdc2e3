"""From `training` and what is known about model and data to the arguments of `compile` and `fit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras

from kspec.builders.examples import Datasets
from kspec.builders.targets import Targets
from kspec.builders.training.callbacks import build_callbacks
from kspec.builders.training.class_weight import build_class_weight
from kspec.builders.training.learning_rate import Rate, build_learning_rate
from kspec.builders.training.loss import build_loss
from kspec.builders.training.metrics import build_metrics
from kspec.builders.training.monitors import AnyName, Names
from kspec.builders.training.optimizer import build_optimizer
from kspec.builders.training.pruning import build_pruning
from kspec.errors import Gathered
from kspec.spec import Spec


@dataclass(frozen=True)
class TrainingPlan:
    """What `compile` and `fit` need.

    optimizer, loss, metrics: for `model.compile`; the optimizer is not built yet.
    callbacks: for `model.fit`, in order; a `TerminateOnNaN` of kspec is always among them.
    class_weight: class id -> weight for `model.fit`, None where all classes count the same.
    """

    optimizer: keras.optimizers.Optimizer
    loss: keras.losses.Loss
    metrics: tuple[keras.metrics.Metric, ...]
    callbacks: tuple[keras.callbacks.Callback, ...]
    class_weight: Mapping[int, float] | None


def build_training(
    spec: Spec, model: keras.Model | None, targets: Targets, datasets: Datasets, steps_per_epoch: int, folder: Path
) -> TrainingPlan:
    """The training of a spec.

    model: the built network; None where it could not be built, which leaves optimizer and loss out of the plan.
    steps_per_epoch: batches of an epoch. folder: where callbacks write their files; it is not written to here.

    Raises:
        SpecError: everything in `training` that does not fit the model, the data, or another part of `training`.

    Example:
        plan = build_training(spec, model, targets, datasets, steps_per_epoch=40, folder=Path("runs/first"))
        model.compile(plan.optimizer, plan.loss, metrics=list(plan.metrics))
        model.fit(train, callbacks=list(plan.callbacks), class_weight=plan.class_weight)
    """
    training = spec.training
    gathered = Gathered()
    rate = gathered.part(lambda: build_learning_rate(training, steps_per_epoch), Rate(None))
    metrics = gathered.part(lambda: build_metrics(training.metrics, targets), None)
    # Without the metrics it is not known which names will be logged.
    has_validation = datasets.validation is not None
    names = AnyName({}) if metrics is None else Names.of(metrics, has_validation=has_validation)
    none: tuple[keras.callbacks.Callback, ...] = ()
    plan = TrainingPlan(
        optimizer=model and gathered.part(lambda: build_optimizer(training, rate.rate, model), None),
        loss=model and gathered.part(lambda: build_loss(targets, model), None),
        metrics=metrics or (),
        callbacks=(
            *gathered.part(lambda: rate.build_callbacks(names), ()),
            # Before what saves or swaps weights.
            *(gathered.part(lambda: build_pruning(training, model, steps_per_epoch), none) if model else none),
            *gathered.part(lambda: build_callbacks(training, names, folder), ()),
        ),
        class_weight=gathered.part(lambda: build_class_weight(training.class_weight, targets, datasets), None),
    )
    gathered.stop()
    return plan
