"""The optimizer of a plan against plain Keras, bit for bit where it is Keras' own."""

import keras
import numpy as np
import pytest

from kspec import catalog


def weights_after(experiment, plan):
    experiment.fit(plan)
    return experiment.model.get_weights()


def plain_keras(experiment, optimizer):
    """The weights after the same training with an optimizer made by hand."""
    experiment.model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    x, y = experiment.datasets.train.x, experiment.datasets.train.y
    experiment.model.fit(x, y, batch_size=4, epochs=experiment.spec.training.epochs, shuffle=False, verbose=0)
    return experiment.model.get_weights()


SAME = [
    ("SGD", {}, lambda: keras.optimizers.SGD()),
    (
        {"SGD": {"momentum": 0.9, "nesterov": True, "learning_rate": 0.05, "clipnorm": 1.0}},
        {},
        lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0),
    ),
    ("Adam", {"learning_rate": 0.02}, lambda: keras.optimizers.Adam(0.02)),
    ("AdamW", {}, lambda: keras.optimizers.AdamW()),
    ({"AdamW": {"weight_decay": 0.1}}, {}, lambda: keras.optimizers.AdamW(weight_decay=0.1)),
    (
        "SGD",
        {"learning_rate": {"peak": 0.1, "decay": "cosine"}},
        lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 19)),
    ),
    (
        {"SGD": {"use_ema": True, "ema_momentum": 0.5, "gradient_accumulation_steps": 2}},
        {},
        lambda: keras.optimizers.SGD(use_ema=True, ema_momentum=0.5, gradient_accumulation_steps=2),
    ),
]


@pytest.mark.parametrize(("optimizer", "more", "by_hand"), SAME)
def test_same_weights_as_plain_keras_bit_for_bit(experiment, optimizer, more, by_hand):
    training = {"epochs": 2, "optimizer": optimizer, **more}
    ours = experiment(training)
    found = weights_after(ours, ours.plan())
    for a, b in zip(found, plain_keras(experiment(training), by_hand()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_decoupled_decay_spares_biases_and_batch_normalization(experiment):
    ours = experiment({"optimizer": {"SGD": {"learning_rate": 0.1}}, "weight_decay": 0.5})
    optimizer = ours.plan().optimizer
    assert type(optimizer) is keras.optimizers.SGD
    before = {weight.path: weight.numpy() for weight in ours.model.trainable_weights}
    ones = [keras.ops.ones_like(weight) * 2.0 for weight in ours.model.trainable_weights]
    optimizer.apply(ones, ours.model.trainable_weights)
    for weight in ours.model.trainable_weights:
        kept = 1 - 0.1 * 0.5 if weight.path.endswith("kernel") else 1.0
        np.testing.assert_allclose(weight.numpy(), before[weight.path] * kept - 0.1 * 2.0, rtol=1e-5, atol=1e-7)


def test_coupled_decay_is_added_to_the_gradient_of_what_is_not_excluded(experiment):
    decay = {"value": 0.5, "decoupled": False, "exclude": ["body/*"]}
    ours = experiment({"optimizer": {"SGD": {"learning_rate": 0.1, "momentum": 0.9}}, "weight_decay": decay})
    optimizer = ours.plan().optimizer
    start = {weight.path: weight.numpy() for weight in ours.model.trainable_weights}
    zeros = [keras.ops.zeros_like(weight) for weight in ours.model.trainable_weights]
    for _ in range(2):
        optimizer.apply(zeros, ours.model.trainable_weights)
    for weight in ours.model.trainable_weights:
        # step 1: m = -0.05 w0, w1 = 0.95 w0; step 2: m = -0.045 w0 - 0.0475 w0, w2 = 0.8575 w0
        kept = 1.0 if weight.path.startswith("body/") else 0.8575
        np.testing.assert_allclose(weight.numpy(), start[weight.path] * kept, rtol=1e-5)


@pytest.mark.parametrize("decoupled", [True, False])
def test_groups_set_rate_and_decay_and_exclusions_hold_within_them(experiment, decoupled):
    training = {
        "optimizer": "SGD",
        "learning_rate": 0.1,
        "weight_decay": {"value": 0.5, "decoupled": decoupled},
        "parameter_groups": [
            {"match": "norm/*", "learning_rate": 3.0, "weight_decay": 0.2},
            {"match": "body/*", "learning_rate": 0.0},
            {"match": "predictions/*", "learning_rate": 2.0},
        ],
    }
    ours = experiment(training)
    optimizer = ours.plan().optimizer
    start = {weight.path: weight.numpy() for weight in ours.model.trainable_weights}
    optimizer.apply([keras.ops.ones_like(w) for w in ours.model.trainable_weights], ours.model.trainable_weights)
    rate_and_decay = {
        "norm/gamma": (0.3, 0.2),
        "norm/beta": (0.3, 0.2),
        "body/kernel": (0.0, 0.5),
        "body/bias": (0.0, 0.0),
        "predictions/kernel": (0.2, 0.5),
        "predictions/bias": (0.2, 0.0),
    }
    for weight in ours.model.trainable_weights:
        rate, decay = rate_and_decay["/".join(weight.path.split("/")[-2:])]
        expected = start[weight.path] * (1 - rate * decay) - rate
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-5, atol=1e-6)


REFUSED = [
    (
        {"parameter_groups": [{"match": "head/*"}]},
        ("training", "parameter_groups", 0, "match"),
        "matches no trainable weight",
    ),
    (
        {"parameter_groups": [{"match": "*"}, {"match": "*/kernel"}]},
        ("training", "parameter_groups", 1, "match"),
        "an earlier group takes",
    ),
    (
        {"weight_decay": {"value": 0.1, "exclude": ["*/bias", "*/embedding"]}},
        ("training", "weight_decay", "exclude", 1),
        "matches no trainable weight",
    ),
]


@pytest.mark.parametrize(("training", "path", "said"), REFUSED)
def test_pattern_that_matches_nothing_is_refused(experiment, problem, training, path, said):
    found = problem(experiment(training).plan)
    assert found.path == path
    assert said in found.message
    assert "body/kernel" in found.expected


def test_default_exclusions_may_match_nothing(experiment):
    ours = experiment({"weight_decay": 0.1})
    ours.model.get_layer("norm").trainable = False
    ours.model.get_layer("body").trainable = False
    assert ours.plan().optimizer.weight_decay == pytest.approx(0.1)


def test_argument_that_the_optimizer_refuses(experiment, problem):
    found = problem(experiment({"optimizer": {"SGD": {"momentum": 2.0}}}).plan)
    assert found.path == ("training", "optimizer", "SGD", "momentum")
    assert "momentum" in found.message


def test_a_model_trained_with_groups_is_saved_and_loaded(experiment, tmp_path):
    ours = experiment({"epochs": 1, "parameter_groups": [{"match": "*/kernel", "learning_rate": 0.5}]})
    ours.fit(ours.plan())
    ours.model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.optimizer.get_config()["groups"] == ours.model.optimizer.get_config()["groups"]


def test_every_optimizer_of_keras_trains_with_schedule_and_coupled_decay(experiment):
    training = {
        "epochs": 1,
        "learning_rate": {"peak": 0.01, "warmup": 0.2, "initial": 0.001, "decay": "cosine"},
        "weight_decay": {"value": 0.01, "decoupled": False},
    }
    for name in set(catalog.names("optimizer")) - {"LossScaleOptimizer"}:
        ours = experiment({"optimizer": name, **training})
        before = ours.model.get_weights()[0]
        assert np.isfinite(ours.fit(ours.plan(), steps_per_epoch=3).history["loss"][0]), name
        assert np.any(ours.model.get_weights()[0] != before), name
