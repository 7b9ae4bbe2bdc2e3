"""The plan as a whole, and the way of a NaN through it."""

import dataclasses

import keras
import pytest

from kspec.builders.training import TrainingPlan


def test_a_plan_is_frozen_and_trains(experiment):
    training = {
        "epochs": 3,
        "optimizer": {"SGD": {"momentum": 0.9}},
        "learning_rate": {"peak": 0.2, "warmup": "10%", "decay": "cosine"},
        "weight_decay": 1e-3,
        "metrics": ["accuracy", "crossentropy"],
        "class_weight": "balanced",
        "callbacks": [{"EarlyStopping": {"patience": 5}}],
    }
    ours = experiment(training)
    plan = ours.plan()
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.optimizer = None
    history = ours.fit(plan).history
    assert set(history) == {name + key for name in ("", "val_") for key in ("loss", "accuracy", "crossentropy")}
    assert history["loss"][-1] < history["loss"][0]


def test_defaults_are_keras_defaults(experiment):
    plan = experiment().plan()
    assert type(plan) is TrainingPlan
    assert type(plan.optimizer) is keras.optimizers.Adam
    assert float(plan.optimizer.learning_rate) == pytest.approx(1e-3)
    assert plan.optimizer.weight_decay is None
    assert plan.class_weight is None


def test_a_training_that_diverges_stops_with_its_step(experiment):
    training = {"epochs": 5, "optimizer": {"SGD": {"learning_rate": 1e20}}, "loss": "MeanSquaredError"}
    ours = experiment(training, task="regression")
    plan = ours.plan()
    history = ours.fit(plan)
    stopped = plan.callbacks[0].stopped
    assert len(history.epoch) == 1
    assert 1 < stopped.step <= 10
    assert stopped.last_finite_loss is not None
    assert stopped.learning_rate == pytest.approx(1e20)


def test_the_loss_scale_of_float16_takes_every_optimizer(experiment):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        ours = experiment({"epochs": 1, "learning_rate": {"peak": 0.1, "warmup": 0.2, "decay": "linear"}})
        ours.fit(ours.plan())
        assert isinstance(ours.model.optimizer, keras.optimizers.LossScaleOptimizer)
    finally:
        keras.config.set_dtype_policy("float32")
