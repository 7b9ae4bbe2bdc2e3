"""The baseline of an experiment, on its splits and by its metrics."""

import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_absolute_error, r2_score, roc_auc_score

from kspec.baseline.measure import as_read, fit, measured

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3)).astype("float32")
PAIR = (X[:, 0] + 0.5 * RNG.normal(size=80) > 0).astype("int64")


def predictions(experiment, part):
    splits = as_read(experiment.datasets)
    return fit(splits, experiment.datasets, experiment.spec).predict(splits[part].x)


@pytest.mark.parametrize(
    ("loss", "labels", "metrics"),
    [
        ("auto", "binary", ["accuracy", "AUC", "crossentropy"]),
        ("SparseCategoricalCrossentropy", "ids", ["accuracy", "crossentropy"]),
        ("CategoricalCrossentropy", "one_hot", ["accuracy", "crossentropy"]),
    ],
)
def test_the_metrics_are_those_of_the_training(built, loss, labels, metrics):
    experiment = built(X, PAIR, metrics, loss=loss)
    assert experiment.targets.labels == labels
    found = measured(experiment)
    assert (found.name, found.error, set(found.metrics)) == ("logistic regression", "", {"test"})
    test, probabilities = experiment.datasets.test, predictions(experiment, "test")
    assert found.metrics["test"]["accuracy"] == pytest.approx((probabilities.argmax(axis=1) == test.y).mean())
    assert found.metrics["test"]["crossentropy"] == pytest.approx(log_loss(test.y, probabilities), abs=1e-3)
    if "AUC" in metrics:  # Keras sums over 200 thresholds
        assert found.metrics["test"]["auc"] == pytest.approx(roc_auc_score(test.y, probabilities[:, 1]), abs=0.02)


def test_the_networks_own_metrics_are_left_alone(built):
    experiment = built(X, PAIR, ["accuracy"])
    measured(experiment)
    assert float(experiment.plan.metrics[0].count) == 0


def test_numbers_on_validation_and_test(built):
    y = X @ np.array([[1.0], [2.0], [-1.0]]) + 0.1
    metrics = ["MeanAbsoluteError", "RootMeanSquaredError", "R2Score"]
    experiment = built(X, y, metrics, validation=0.25)
    found = measured(experiment)
    assert (found.name, list(found.metrics)) == ("ridge regression", ["validation", "test"])
    for split in ("validation", "test"):
        part, numbers = getattr(experiment.datasets, split), predictions(experiment, split)
        expected = {
            "mean_absolute_error": mean_absolute_error(part.y, numbers),
            "root_mean_squared_error": np.sqrt(np.mean((part.y - numbers) ** 2)),
            "r2_score": r2_score(part.y, numbers),
        }
        assert found.metrics[split] == pytest.approx(expected, 1e-4)


def test_several_labels(built):
    y = np.stack([PAIR, 1 - PAIR], axis=1)
    found = measured(built(X, y, ["accuracy"]))
    probabilities = predictions(built(X, y, ["accuracy"]), "test")
    assert found.metrics["test"]["accuracy"] == pytest.approx(((probabilities > 0.5) == y[60:]).mean())


TEXTS = np.array([f"<b>film</b> number {i} is {'good' if i % 2 else 'bad'}" for i in range(80)])
RNN = {"RNN": {"units_per_layer": [2]}}
RAW = {
    "layers": [
        {"TextVectorization": {"max_tokens": 9, "output_sequence_length": 4}},
        {"Embedding": {"input_dim": 9, "output_dim": 2}},
        "GlobalAveragePooling1D",
    ]
}


@pytest.mark.parametrize("output", ["int", "multi_hot", "raw"])
def test_texts_are_read_as_they_stand_whatever_the_network_reads(built, output):
    model = {"int": RNN, "multi_hot": "MLP", "raw": RAW}[output]
    experiment = built(TEXTS, np.arange(80) % 2, ["accuracy"], model=model, text={"output": output, "max_tokens": 4})
    assert as_read(experiment.datasets)["train"].x.tolist() == TEXTS[:60].tolist()
    found = measured(experiment)
    assert (found.name, found.metrics["test"]["accuracy"]) == ("TF-IDF + logistic regression", 1.0)


def test_texts_are_kept_only_where_they_are_asked_for(built):
    assert built(TEXTS, np.arange(80) % 2, baseline=False).datasets.texts == {}


def test_lists_of_word_ids_are_texts(built):
    ids = np.where(np.arange(80)[:, None] % 2, [[5, 6, 0]], [[6, 5, 0]]).astype("int32")  # only the order tells
    experiment = built(ids, np.arange(80) % 2, ["accuracy"], model=RNN)
    found = measured(experiment)
    assert (found.name, found.metrics["test"]["accuracy"]) == ("TF-IDF + logistic regression", 1.0)


def test_what_cannot_be_fitted_says_why(built):
    x = X.copy()
    x[-1] = np.inf  # in test
    found = measured(built(x, PAIR, ["accuracy"]))
    assert found.record() == {"error": found.error, "seconds": found.seconds}
    assert found.error == "Input X contains infinity or a value too large for dtype('float32')."


def test_a_metric_with_arguments_is_measured_with_them(built):
    y = np.arange(80) % 4
    experiment = built(X, y, [{"SparseTopKCategoricalAccuracy": {"k": 2, "name": "top2"}}])
    best = np.argsort(predictions(experiment, "test"), axis=1)[:, -2:]
    expected = np.mean([label in two for label, two in zip(y[60:], best, strict=True)])
    assert measured(experiment).metrics["test"] == {"top2": pytest.approx(expected)}
    assert isinstance(experiment.plan.metrics[0], keras.metrics.SparseTopKCategoricalAccuracy)
