"""Metrics by how labels are written."""

import keras
import numpy as np
import pytest

from kspec import catalog
from kspec.builders.training.metrics import FITS, GENERIC, fitting

LABELS = {
    "ids": {"classes": 3},
    "one_hot": {"classes": 3, "training": {"loss": "CategoricalCrossentropy"}},
    "binary": {"classes": 2},
    "multi_hot": {"classes": 3, "task": "multi_label"},
    "numbers": {"classes": 2, "task": "regression"},
}


def with_metrics(experiment, labels, metrics):
    arguments = dict(LABELS[labels])
    training = {**arguments.pop("training", {}), "metrics": metrics}
    ours = experiment(training, **arguments)
    assert ours.targets.labels == labels
    return ours


@pytest.mark.parametrize(
    ("labels", "name", "kind"),
    [
        ("ids", "accuracy", keras.metrics.SparseCategoricalAccuracy),
        ("one_hot", "accuracy", keras.metrics.CategoricalAccuracy),
        ("binary", "accuracy", keras.metrics.BinaryAccuracy),
        ("multi_hot", "accuracy", keras.metrics.BinaryAccuracy),
        ("numbers", "mean_absolute_error", keras.metrics.MeanAbsoluteError),
    ],
)
def test_auto(experiment, labels, name, kind):
    [metric] = with_metrics(experiment, labels, "auto").plan().metrics
    assert (metric.name, type(metric)) == (name, kind)


@pytest.mark.parametrize("labels", list(LABELS))
def test_the_numbers_of_a_fit_are_those_of_numpy(experiment, labels):
    ours = with_metrics(experiment, labels, "auto")
    plan = ours.plan()
    history = ours.fit(plan, epochs=1)
    predicted, y = ours.model.predict(ours.datasets.train.x, verbose=0), ours.datasets.train.y
    if labels == "numbers":
        expected = np.abs(predicted - y).mean()
    elif labels in ("ids", "one_hot"):
        expected = (predicted.argmax(1) == y).mean()
    else:
        expected = ((predicted > 0.5) == y.reshape(predicted.shape)).mean()
    assert history.history[f"val_{plan.metrics[0].name}"][0] == pytest.approx(expected, abs=1e-6)


def test_accuracy_and_crossentropy_are_what_the_labels_make_them(experiment):
    found = with_metrics(experiment, "one_hot", ["acc", "crossentropy"]).plan().metrics
    assert [type(metric).__name__ for metric in found] == ["CategoricalAccuracy", "CategoricalCrossentropy"]
    assert [metric.name for metric in found] == ["accuracy", "crossentropy"]


def test_auto_can_stand_beside_others(experiment):
    found = with_metrics(experiment, "numbers", ["auto", "RootMeanSquaredError"]).plan().metrics
    assert [metric.name for metric in found] == ["mean_absolute_error", "root_mean_squared_error"]


@pytest.mark.parametrize("labels", list(LABELS))
def test_every_metric_that_is_said_to_fit_can_be_computed_in_a_fit(experiment, labels):
    needed = {
        "PrecisionAtRecall": {"recall": 0.5},
        "RecallAtPrecision": {"precision": 0.5},
        "SensitivityAtSpecificity": {"specificity": 0.5},
        "SpecificityAtSensitivity": {"sensitivity": 0.5},
        "OneHotIoU": {"num_classes": 3, "target_class_ids": [0]},
        "OneHotMeanIoU": {"num_classes": 3},
        "SparseTopKCategoricalAccuracy": {"k": 2},
        "TopKCategoricalAccuracy": {"k": 2},
    }
    names = [name for name in fitting(labels) if name not in GENERIC]
    metrics = [{name: needed[name]} if name in needed else name for name in names]
    ours = with_metrics(experiment, labels, metrics)
    history = ours.fit(ours.plan(), epochs=1)
    assert len(history.history) == 2 * (len(names) + 1)


def test_every_metric_of_keras_is_in_the_table():
    assert set(catalog.names("metric")) == {*FITS, *GENERIC}


@pytest.mark.parametrize(
    ("labels", "metric", "fits"),
    [
        ("one_hot", "SparseCategoricalAccuracy", "CategoricalAccuracy"),
        ("ids", "CategoricalAccuracy", "SparseCategoricalAccuracy"),
        ("ids", "MeanAbsoluteError", "accuracy"),
        ("ids", "mae", "accuracy"),
        ("ids", "AUC", "accuracy"),
        ("numbers", "accuracy", "MeanAbsoluteError"),
        ("numbers", "Precision", "RootMeanSquaredError"),
        ("multi_hot", "CategoricalAccuracy", "BinaryAccuracy"),
        ("binary", "R2Score", "AUC"),
    ],
)
def test_metric_that_does_not_fit_is_refused_with_those_that_do(experiment, problem, labels, metric, fits):
    found = problem(with_metrics(experiment, labels, ["auto", metric]).plan)
    assert found.path == ("training", "metrics", 1)
    assert "does not fit the labels" in found.message
    assert fits in found.expected.removeprefix("one of ").split(", ")


def test_the_way_to_auc_for_several_classes_is_shown(experiment, problem):
    assert "one-hot" in problem(with_metrics(experiment, "ids", ["AUC"]).plan).hint


@pytest.mark.parametrize(
    ("labels", "metric", "said"),
    [
        ("one_hot", {"OneHotIoU": {"num_classes": 2, "target_class_ids": [0, 1]}}, "not the number of classes"),
        ("one_hot", {"Precision": {"top_k": 5}}, "precision cannot be computed: input must have at least k"),
        ("one_hot", {"F1Score": {"threshold": 7.0}}, "threshold"),
        ("multi_hot", {"AUC": {"from_logits": True}}, "probabilities, not logits"),
        ("numbers", {"MeanAbsoluteError": {"name": "loss"}}, "the training logs that itself"),
        ("numbers", {"MeanAbsoluteError": {"name": "val_loss"}}, "the training logs that itself"),
    ],
)
def test_metric_that_cannot_be_made_or_computed(experiment, problem, labels, metric, said):
    found = problem(with_metrics(experiment, labels, [metric]).plan)
    assert found.path[:3] == ("training", "metrics", 0)
    assert said in found.message


@pytest.mark.parametrize("metric", ["PearsonCorrelation", "ConcordanceCorrelation"])
def test_a_correlation_within_an_example_wants_several_numbers(experiment, problem, metric):
    """Keras computes along the last axis: of one number the result is NaN or 0, whatever is predicted."""
    one = getattr(keras.metrics, metric)()(np.arange(6.0)[:, None], np.arange(6.0)[:, None])
    assert np.isnan(float(one)) or float(one) == 0
    training = {"metrics": ["mae", metric]}
    found = problem(experiment(training, task="regression", classes=1).plan)
    assert found.path == ("training", "metrics", 1)
    assert (found.expected, found.found) == ("labels of several numbers", "one number")
    assert "R2Score" in found.hint
    other = problem(experiment({"metrics": "Precision"}, task="regression", classes=1).plan)
    assert "R2Score" in other.expected and metric not in other.expected
    along = {"metrics": [{metric: {"axis": 0}}]}
    assert len(experiment(along, task="regression", classes=1).plan().metrics) == 1
    assert len(experiment(training, task="regression", classes=2).plan().metrics) == 2


def test_two_metrics_of_one_name(experiment, problem):
    found = problem(with_metrics(experiment, "numbers", ["mae", "MeanAbsoluteError"]).plan)
    assert found.path == ("training", "metrics", 1)
    named = with_metrics(experiment, "numbers", ["mae", {"MeanAbsoluteError": {"name": "again"}}]).plan().metrics
    assert [metric.name for metric in named] == ["mean_absolute_error", "again"]


def test_names_do_not_count_up_within_a_process(experiment):
    for _ in range(2):
        found = with_metrics(experiment, "binary", ["AUC", "Precision"]).plan().metrics
        assert [metric.name for metric in found] == ["auc", "precision"]
    ours = with_metrics(experiment, "binary", ["AUC"])
    assert "val_auc" in ours.fit(ours.plan(), epochs=1).history
