"""Class weights by name, number or balance, and what Keras makes of them."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from kspec.builders.examples import Datasets, Examples
from kspec.builders.training.class_weight import build_class_weight

NAMES = ("ham", "egg", "spam")


def test_none_is_none(experiment):
    assert experiment().plan().class_weight is None


def test_by_name_and_by_number_and_one_for_the_rest(experiment):
    weights = {"spam": 3.0, "0": 0.5}
    assert experiment({"class_weight": weights}, names=NAMES).plan().class_weight == {0: 0.5, 1: 1.0, 2: 3.0}


def test_balanced_is_that_of_scikit_learn(experiment):
    ours = experiment({"class_weight": "balanced"})
    y = np.array([0] * 7 + [1] * 2 + [2])
    train = Examples(np.zeros((10, 4), "float32"), y)
    datasets = Datasets("array", "classification", train, None, None, (), 3, (4,), "float32")
    expected = compute_class_weight("balanced", classes=np.arange(3), y=y)
    assert build_class_weight("balanced", ours.targets, datasets) == pytest.approx(dict(enumerate(expected)))


@pytest.mark.parametrize(("loss", "classes"), [("auto", 3), ("CategoricalCrossentropy", 3), ("auto", 2)])
def test_fit_weighs_ids_one_hot_and_binary_labels(experiment, loss, classes):
    ours = experiment(
        {"loss": loss, "class_weight": {"0": 4.0}, "optimizer": {"SGD": {"learning_rate": 1e-9}}}, classes=classes
    )
    history = ours.fit(ours.plan(), epochs=1, batch_size=40)
    y = ours.datasets.train.y
    # Batch normalization in training mode, and the only batch: the loss of the first step.
    ours.model.get_layer("norm").momentum = 0.0
    predicted = np.asarray(ours.model(ours.datasets.train.x, training=True), "float64")
    likelihood = predicted[np.arange(40), y] if classes == 3 else np.where(y == 1, predicted[:, 0], 1 - predicted[:, 0])
    weights = np.where(y == 0, 4.0, 1.0)
    expected = -(weights * np.log(likelihood)).sum() / 40
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-3)


REFUSED = [
    ({"spem": 2.0}, {"names": NAMES}, ("spem",), "did you mean 'spam'?"),
    ({"3": 2.0}, {}, ("3",), ""),
    ("balanced", {"task": "regression"}, (), ""),
    ("balanced", {"task": "multi_label"}, (), ""),
]


@pytest.mark.parametrize(("weights", "arguments", "path", "hint"), REFUSED)
def test_weights_that_fit_no_class_are_refused(experiment, problem, weights, arguments, path, hint):
    found = problem(experiment({"class_weight": weights}, **arguments).plan)
    assert (found.path, found.hint) == (("training", "class_weight", *path), hint)


def test_a_class_without_examples_cannot_be_balanced(experiment, problem):
    ours = experiment({"class_weight": "balanced"}, names=NAMES)
    train = Examples(np.zeros((4, 4), "float32"), np.array([0, 1, 0, 1]))
    datasets = Datasets("array", "classification", train, None, None, NAMES, 3, (4,), "float32")
    assert "spam" in problem(build_class_weight, "balanced", ours.targets, datasets).message
