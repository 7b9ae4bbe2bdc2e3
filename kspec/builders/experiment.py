"""A spec as a compiled Keras model with its data: the whole build, in the order of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kspec.builders import device
from kspec.builders.data import build_data, synthetic_data
from kspec.builders.data.pipeline import pipeline, steps_an_epoch
from kspec.builders.examples import Datasets
from kspec.builders.model import text_output
from kspec.builders.model.build import build_network, by_pattern
from kspec.builders.model.file import saved_preprocessor
from kspec.builders.saved import with_preprocessor
from kspec.builders.targets import Targets, targets
from kspec.builders.training import TrainingPlan, build_training
from kspec.builders.training.trial import examples
from kspec.errors import Gathered, Problem, SpecError
from kspec.spec import Spec
from kspec.spec.component import Component

SMOKE_STEPS = 3
SMOKE_EPOCH = 1_000_000
"""The steps of an epoch that a smoke run's learning rate reckons with: rates that fall at step 32,000 are built too."""


@dataclass(frozen=True)
class Experiment:
    """Everything `model.fit` needs, made from a spec.

    model: compiled, from what the pipeline gives to predictions.
    train, validation, test: tf.data of (features, labels) batches; None where the spec has no such split.
    epoch, first: the variables that order the examples of each epoch, and say with which batch an epoch begins.
    steps_per_epoch: batches of `train`.
    """

    spec: Spec
    datasets: Datasets
    targets: Targets
    settings: device.Settings
    model: Any
    plan: TrainingPlan
    train: Any
    validation: Any
    test: Any
    epoch: Any
    first: Any
    steps_per_epoch: int

    def fit(self, callbacks: Sequence[Any] = (), **arguments: Any) -> Any:
        """`model.fit` on the spec's data, epochs, callbacks and class weights; returns Keras' History.

        Args:
            callbacks: further Keras callbacks; or a `CallbackList` of all of them, as `listed` gives them.
            arguments: arguments of `fit` to set or replace, e.g. `epochs=1`, `verbose=1`.

        Example:
            history = kspec.build(kspec.load_spec("specs/quickstart.yaml")).fit()
        """
        import keras

        whole = callbacks if isinstance(callbacks, keras.callbacks.CallbackList) else self.listed(callbacks)
        asked = {
            "epochs": self.spec.training.epochs,
            "verbose": 0,
            "shuffle": False,
            "class_weight": self.plan.class_weight,
            "validation_data": self.validation,
            **arguments,
        }
        return self.model.fit(
            self.train,
            callbacks=whole,
            **asked,
        )

    def listed(self, callbacks: Sequence[Any] = ()) -> list[Any]:
        """All callbacks of the training in order: the counter of epochs, those of the spec, and further ones."""
        from kspec.parts.callbacks.epoch_counter import EpochCounter

        return [EpochCounter(self.epoch, self.first), *self.plan.callbacks, *callbacks]

    def build_metrics(self) -> None:
        """Makes the variables of the metrics, which Keras makes at the first step, so that they can be given values."""
        labels, predictions = examples(self.targets)
        self.model.compute_metrics(None, labels, predictions)
        self.model.reset_metrics()

    def deployable(self) -> Any:
        """The trained model from raw features, as a user has them, to predictions."""
        return with_preprocessor(self.datasets.preprocessor, self.model)


def build(spec: Spec, *, smoke: bool = False, folder: Path | None = None) -> Experiment:
    """The experiment of a spec: data loaded, model built and compiled.

    Args:
        spec: from `load_spec`.
        smoke: generated data of the right shape and random weights instead of pretrained ones.
        folder: where callbacks that write files put them; by default the current folder.

    Raises:
        SpecError: a key that the data or the model contradicts; nothing was written.

    Example:
        experiment = kspec.build(kspec.load_spec("specs/quickstart.yaml"))
        experiment.fit(verbose=1)
        experiment.model.evaluate(experiment.test)
    """
    return assemble(spec, load_data(spec, smoke=smoke), smoke=smoke, folder=folder)


def load_data(spec: Spec, *, smoke: bool = False) -> Datasets:
    """The data of a spec, split, cleaned and read; with `smoke`, generated.

    For a saved model to train on, they are read as that model reads them: by the statistics in its file.
    """
    load = synthetic_data if smoke else build_data
    fitted = None if spec.model.file is None else saved_preprocessor(spec.model.file)
    return load(spec.data, spec.seed, text_output(spec.model, spec.data), fitted)


def assemble(
    spec: Spec,
    datasets: Datasets,
    *,
    smoke: bool = False,
    folder: Path | None = None,
    pretrained: bool = True,
    network: Any = None,
    stand_in: bool = True,
) -> Experiment:
    """The experiment of a spec on data that is already there.

    pretrained: False leaves the weights random and downloads none, for a caller who has weights to put in.
    network: a built network that takes the place of `spec.model`.
    stand_in: whether in a smoke run a small random network takes the place of a preset that is not at hand.

    Raises:
        SpecError: every key that the data, the model or another key contradicts, as far as one does not hide another.
    """
    import keras
    import tensorflow as tf

    settings = device.choose(spec.device, spec.model)
    gathered = Gathered()
    wanted = gathered.part(lambda: _targets(spec, datasets, spec.training.loss), None)
    # With a loss that does not fit the labels, the rest is checked with one that does.
    known = wanted or _targets(spec, datasets, "auto")
    epoch, first = (tf.Variable(0, dtype=tf.int64, trainable=False, name=name) for name in ("epoch", "first"))
    limit = SMOKE_STEPS if smoke else spec.training.steps_per_epoch
    given = {"seed": spec.seed, "training": True, "epoch": epoch, "steps": limit, "first": first}
    steps = steps_an_epoch(len(datasets.train), spec.data, limit)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(settings.precision)
    try:
        keras.utils.set_random_seed(spec.seed)
        options = {"pretrained": pretrained and not smoke, "stand_in": stand_in and smoke}
        model = network
        if network is None:
            model = gathered.part(lambda: build_network(spec.model, datasets, known, **options), None)
        datasets = _as_read(model, datasets)
        train = gathered.part(lambda: pipeline(datasets.train, spec.data, known, **given), None)
        validation, test = (
            None if part is None else pipeline(part, spec.data, known, seed=spec.seed, training=False, epoch=None)
            for part in (datasets.validation, datasets.test)
        )
        if model is not None:
            if network is None:
                gathered.part(lambda: by_pattern(spec.model, model), None)
            gathered.part(lambda: check_views(spec.evaluate.views, model), None)
            is_saved = network is not None or spec.model.file is not None
            settings = device.as_saved(settings, model) if is_saved else settings
        length = SMOKE_EPOCH if smoke else steps
        plan: Any = gathered.part(lambda: build_training(spec, model, known, datasets, length, folder or Path()), None)
        if wanted is None:  # which metrics fit depends on how the loss wants the labels
            gathered.problems = [one for one in gathered.problems if one.path[:2] != ("training", "metrics")]
        gathered.stop()
        _compile(model, plan, settings, spec.training.steps_per_execution)
    finally:
        keras.config.set_dtype_policy(before)
    return Experiment(spec, datasets, known, settings, model, plan, train, validation, test, epoch, first, steps)


def _as_read(model: Any, datasets: Datasets) -> Datasets:
    """The data with tokens in place of texts, for a model that tokenizes by itself: once, and not in every epoch."""
    from kspec.builders.data.tokens import tokenized

    preprocessor = getattr(model, "preprocessor", None)
    # By its name: the class imports KerasHub, which takes a second. The data of a stage are tokens already.
    if type(preprocessor).__name__ != "TokenInputs" or isinstance(datasets.train.x, dict):
        return datasets
    return tokenized(datasets, preprocessor)


def _targets(spec: Spec, datasets: Datasets, loss: Component | Literal["auto"]) -> Targets:
    return targets(datasets.task, datasets.num_outputs, loss, spec.data.augment)


def _compile(model: Any, plan: Any, settings: device.Settings, steps_per_execution: int) -> None:
    model.compile(
        optimizer=plan.optimizer,
        loss=plan.loss,
        metrics=list(plan.metrics),
        jit_compile=settings.jit_compile,
        steps_per_execution=steps_per_execution,
    )


def check_views(views: Sequence[str], model: Any) -> None:
    """Test-time views are for images.

    Raises:
        SpecError: views are asked for, and the model reads something else.
    """
    shape = tuple(model.input_shape) if isinstance(model.input_shape, tuple) else ()
    if views and len(shape) != 4:
        message = "test-time views are for images, and the model reads something else"
        raise SpecError(Problem(("evaluate", "views"), message, "no views", ", ".join(views)))
