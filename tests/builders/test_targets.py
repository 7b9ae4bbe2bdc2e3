"""Labels and output by task and loss."""

import pytest

from kspec.builders.targets import targets
from kspec.errors import SpecError
from kspec.spec.component import Component

MIXUP = (Component(name="MixUp"),)


@pytest.mark.parametrize(
    ("task", "outputs", "loss", "augment", "labels", "units", "activation", "chosen"),
    [
        ("classification", 3, "auto", (), "ids", 3, "softmax", "SparseCategoricalCrossentropy"),
        ("classification", 2, "auto", (), "binary", 1, "sigmoid", "BinaryCrossentropy"),
        ("classification", 3, "auto", MIXUP, "one_hot", 3, "softmax", "CategoricalCrossentropy"),
        ("classification", 2, "auto", MIXUP, "one_hot", 2, "softmax", "CategoricalCrossentropy"),
        ("classification", 2, "sparse_categorical_crossentropy", (), "ids", 2, "softmax", None),
        ("classification", 2, "hinge", (), "binary", 1, "sigmoid", None),
        ("classification", 3, "Circle", (), "ids", 3, "softmax", None),
        ("classification", 3, "mse", (), "one_hot", 3, "softmax", None),
        ("multi_label", 4, "auto", (), "multi_hot", 4, "sigmoid", "BinaryCrossentropy"),
        ("multi_label", 4, "Dice", (), "multi_hot", 4, "sigmoid", None),
        ("regression", 2, "auto", (), "numbers", 2, "linear", "MeanSquaredError"),
        ("regression", 1, "mae", (), "numbers", 1, "linear", None),
    ],
)
def test_labels_and_output_follow_task_and_loss(task, outputs, loss, augment, labels, units, activation, chosen):
    given = loss if loss == "auto" else Component(name=loss)
    found = targets(task, outputs, given, augment)
    assert (found.labels, found.units, found.activation) == (labels, units, activation)
    assert found.loss.name == (chosen or loss)


@pytest.mark.parametrize(
    ("task", "outputs", "loss", "augment", "said"),
    [
        ("classification", 3, "BinaryCrossentropy", (), "for two classes"),
        ("classification", 3, "SparseCategoricalCrossentropy", MIXUP, "blend labels"),
        ("multi_label", 3, "CategoricalCrossentropy", (), "exactly one class"),
        ("multi_label", 3, "SparseCategoricalCrossentropy", (), "exactly one class"),
        ("regression", 1, "BinaryCrossentropy", (), "for classes"),
        ("regression", 1, "Hinge", (), "for classes"),
        ("regression", 1, "Dice", (), "for classes"),
    ],
)
def test_a_loss_that_does_not_fit_the_task_is_refused(task, outputs, loss, augment, said):
    with pytest.raises(SpecError) as error:
        targets(task, outputs, Component(name=loss), augment)
    [found] = error.value.problems
    assert found.path == ("training", "loss")
    assert said in found.message
