"""The loss of a plan, and networks it does not fit."""

import dataclasses

import keras
import numpy as np
import pytest

from kspec import catalog


@pytest.mark.parametrize(
    ("task", "classes", "kind"),
    [
        ("classification", 3, "SparseCategoricalCrossentropy"),
        ("classification", 2, "BinaryCrossentropy"),
        ("multi_label", 3, "BinaryCrossentropy"),
        ("regression", 1, "MeanSquaredError"),
    ],
)
def test_auto_fits_the_task(experiment, task, classes, kind):
    assert type(experiment(task=task, classes=classes).plan().loss).__name__ == kind


def test_arguments_reach_the_loss(experiment):
    loss = experiment({"loss": {"CategoricalCrossentropy": {"label_smoothing": 0.3}}}).plan().loss
    y, out = np.array([[1.0, 0.0, 0.0]]), np.array([[0.7, 0.2, 0.1]])
    smooth = np.array([0.8, 0.1, 0.1])
    assert float(loss(y, out)) == pytest.approx(-(smooth * np.log(out[0])).sum(), rel=1e-5)


def test_logits_are_refused(experiment, problem):
    found = problem(experiment({"loss": {"SparseCategoricalCrossentropy": {"from_logits": True}}}).plan)
    assert found.path == ("training", "loss", "SparseCategoricalCrossentropy", "from_logits")
    assert found.found == "the network ends in softmax"


def test_a_network_for_classes_without_activation_is_refused(experiment, problem):
    x = keras.Input((4,))
    bare = keras.Model(x, keras.layers.Dense(3, name="predictions")(x))
    found = problem(dataclasses.replace(experiment(), model=bare).plan)
    assert (found.path, found.expected) == (("model",), "softmax")


def test_a_network_whose_last_layer_shows_no_activation_is_taken(experiment):
    x = keras.Input((4,))
    hidden = keras.layers.Dense(3)(x)
    model = keras.Model(x, keras.layers.Softmax(name="predictions")(hidden))
    dataclasses.replace(experiment(), model=model).plan()


def test_argument_that_the_loss_refuses(experiment, problem):
    found = problem(experiment({"loss": {"CategoricalGeneralizedCrossEntropy": {"q": 2.0}}}).plan)
    assert found.path == ("training", "loss")


def test_every_loss_of_keras_trains_classes_or_says_why_not(experiment):
    refused = {"BinaryCrossentropy", "BinaryFocalCrossentropy", "Hinge", "SquaredHinge"}  # two classes, test_targets
    for name in set(catalog.names("loss")) - refused - {"CTC"}:
        ours = experiment({"epochs": 1, "loss": name})
        assert np.isfinite(ours.fit(ours.plan(), steps_per_epoch=1).history["loss"][0]), name


def test_a_loss_for_sequences_cannot_be_computed(experiment, problem):
    found = problem(experiment({"loss": "CTC"}).plan)
    assert found.path == ("training", "loss")
    assert found.message.startswith("CTC cannot be computed")
