"""A small experiment: spec, network, targets and data for any kind of labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kspec.builders.examples import Datasets, Examples
from kspec.builders.targets import Targets, targets
from kspec.builders.training import TrainingPlan, build_training
from kspec.spec import Spec

STEPS = 10


@dataclass(frozen=True)
class Experiment:
    """What `build_training` takes, and the plan itself on demand."""

    spec: Spec
    model: keras.Model
    targets: Targets
    datasets: Datasets
    folder: Path

    def plan(self, steps_per_epoch: int = STEPS) -> TrainingPlan:
        return build_training(self.spec, self.model, self.targets, self.datasets, steps_per_epoch, self.folder)

    def labels(self) -> np.ndarray:
        """The labels of train as the pipeline would write them."""
        y = self.datasets.train.y
        if self.targets.labels == "one_hot":
            return np.eye(self.datasets.num_outputs, dtype="float32")[y]
        return y[:, None].astype("float32") if self.targets.labels == "binary" else y

    def fit(self, plan: TrainingPlan, **arguments: Any) -> keras.callbacks.History:
        """`compile` and `fit` with the plan, the examples in their order."""
        metrics = list(plan.metrics)
        self.model.compile(plan.optimizer, plan.loss, metrics=metrics, jit_compile=False)
        x, y = self.datasets.train.x, self.labels()
        held_out = None if self.datasets.validation is None else (x, y)
        known = {
            "batch_size": len(x) // STEPS,
            "epochs": self.spec.training.epochs,
            "shuffle": False,
            "verbose": 0,
            "callbacks": list(plan.callbacks),
            "class_weight": plan.class_weight,
            "validation_data": held_out,
        }
        return self.model.fit(x, y, **{**known, **arguments})


def network(outputs: int, activation: str) -> keras.Model:
    """Two dense layers with batch normalization between them."""
    keras.utils.set_random_seed(0)
    x = keras.Input((4,))
    hidden = keras.layers.Dense(8, name="body")(x)
    hidden = keras.layers.ReLU()(keras.layers.BatchNormalization(name="norm")(hidden))
    return keras.Model(x, keras.layers.Dense(outputs, activation=activation, name="predictions")(hidden))


@pytest.fixture
def experiment(tmp_path):
    """Makes an Experiment from the `training` section. classes: number of outputs; task: as in Datasets."""

    def make(training=None, task="classification", classes=3, validation=True, names=()):
        tree = {"data": {"sklearn": "digits"}, "model": {"layers": ["Flatten"]}, "training": training or {}}
        spec = Spec.model_validate(tree)
        rng = np.random.default_rng(0)
        x = rng.normal(size=(40, 4)).astype("float32")
        y = {
            "classification": np.arange(40) % classes,
            "multi_label": (rng.random((40, classes)) > 0.5).astype("float32"),
            "regression": rng.normal(size=(40, classes)).astype("float32"),
        }[task]
        train = Examples(x, y)
        held_out = train if validation else None
        datasets = Datasets("array", task, train, held_out, None, names, classes, (4,), "float32")
        wanted = targets(task, classes, spec.training.loss, spec.data.augment)
        return Experiment(spec, network(wanted.units, wanted.activation), wanted, datasets, tmp_path / "run")

    return make


@pytest.fixture
def problem():
    """Runs a function and returns the one Problem of the SpecError it ends in."""

    def caught(function, *arguments):
        from kspec.errors import SpecError

        with pytest.raises(SpecError) as error:
            function(*arguments)
        [found] = error.value.problems
        return found

    return caught
