"""The sentence about a model that does not beat its baseline."""

from types import SimpleNamespace

import keras
import pytest

from kspec.baseline import Baseline, verdict

ACCURACY = keras.metrics.CategoricalAccuracy(name="accuracy")
ERROR = keras.metrics.MeanAbsoluteError(name="mean_absolute_error")
UNKNOWN = keras.metrics.Mean(name="own")


def said(model, baseline, *metrics):
    experiment = SimpleNamespace(plan=SimpleNamespace(metrics=metrics))
    return verdict(experiment, model, Baseline("a line", baseline))


@pytest.mark.parametrize(
    ("ours", "theirs", "beats"), [(0.91, 0.9, True), (0.9, 0.9, False), (0.89, 0.9, False), (float("nan"), 0.9, False)]
)
def test_accuracy_must_be_higher(ours, theirs, beats):
    sentence = said({"test": {"accuracy": ours}}, {"test": {"accuracy": theirs}}, ACCURACY)
    numbers = f"accuracy {ours:.4f}, the baseline {theirs:.4f}"
    expected = f"The model does not beat the baseline on the test split: {numbers} (a line)."
    assert sentence == ("" if beats else expected)


@pytest.mark.parametrize(("ours", "beats"), [(0.1, True), (0.2, False), (0.3, False)])
def test_an_error_must_be_lower(ours, beats):
    name = "mean_absolute_error"
    assert (said({"test": {name: ours}}, {"test": {name: 0.2}}, ERROR) == "") == beats


def test_the_first_metric_that_has_a_direction_decides():
    ours, theirs = {"own": 0.0, "mean_absolute_error": 1.0, "accuracy": 0.1}, {"own": 5.0, "mean_absolute_error": 2.0}
    assert said({"test": ours}, {"test": {**theirs, "accuracy": 0.9}}, UNKNOWN, ERROR, ACCURACY) == ""
    assert "accuracy 0.1" in said({"test": ours}, {"test": {"own": 5.0, "accuracy": 0.9}}, UNKNOWN, ERROR, ACCURACY)
    assert said({"test": ours}, {"test": {"own": 5.0}}, UNKNOWN) == ""


def test_a_baseline_that_is_no_number_is_passed_over():
    ours = {"test": {"mean_absolute_error": 9.0, "accuracy": 0.1}}
    theirs = {"test": {"mean_absolute_error": float("nan"), "accuracy": 0.9}}
    assert "accuracy 0.1" in said(ours, theirs, ERROR, ACCURACY)


def test_test_counts_and_without_it_validation():
    ours = {"validation": {"accuracy": 0.1}, "test": {"accuracy": 0.9}}
    assert said(ours, {"validation": {"accuracy": 0.5}, "test": {"accuracy": 0.5}}, ACCURACY) == ""
    assert "on the validation split" in said(ours, {"validation": {"accuracy": 0.5}}, ACCURACY)
