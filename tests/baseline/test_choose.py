"""Where there is no baseline, the key is refused."""

import numpy as np
import pytest

from kspec import baseline
from kspec.baseline.choose import DECISIONS, comparable
from kspec.builders.training.metrics import FITS
from kspec.errors import SpecError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (48, 4, 4, 1), np.uint8)
ROWS = RNG.normal(size=(48, 3)).astype("float32")
CLASSES = np.arange(48) % 3


def refused(experiment):
    with pytest.raises(SpecError) as caught:
        baseline.check(experiment)
    assert {problem.path for problem in caught.value.problems} == {("data", "baseline")}
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("y", "what"),
    [
        (RNG.normal(size=48), "images with numbers to predict"),
        (RNG.integers(0, 2, (48, 3)), "images with several labels"),
    ],
)
def test_images_are_for_classes(built, y, what):
    assert refused(built(IMAGES, y)) == [f"there is no baseline for {what}"]


def test_nothing_to_measure_on_and_nothing_to_compare(built):
    assert refused(built(ROWS, CLASSES, test=False, metrics=[])) == [
        "there is no split to measure a baseline on",
        "none of `training.metrics` can be computed for the baseline",
    ]


def test_one_class(built):
    experiment = built(ROWS, CLASSES)
    experiment.datasets.train.y[:] = 1  # a source that knows its classes may give a train split of one
    assert refused(experiment) == ["no baseline can be fitted: train holds examples of one class only"]


def test_a_nearest_mean_gives_no_probabilities(built):
    one_hot = {"loss": "CategoricalCrossentropy"}
    experiment = built(IMAGES, CLASSES, metrics=["AUC", "accuracy", "crossentropy", "F1Score"], **one_hot)
    assert [metric.name for metric in comparable(experiment)] == ["accuracy", "f1_score"]
    assert refused(built(IMAGES, CLASSES, metrics=["AUC"], **one_hot)) == [
        "none of `training.metrics` can be computed for the baseline"
    ]
    rows = built(ROWS, CLASSES, metrics=["AUC", "accuracy"], **one_hot)
    assert [metric.name for metric in comparable(rows)] == ["auc", "accuracy"]


def test_what_is_not_asked_for_is_not_checked(built):
    baseline.check(built(IMAGES, RNG.normal(size=48), baseline=False))


def test_the_decisions_are_metrics_of_keras():
    assert set(DECISIONS) <= set(FITS)
