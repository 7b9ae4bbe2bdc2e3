"""Linear or trees: the better on validation, else by the number of rows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from kspec.baseline import numbers
from kspec.baseline.numbers import fit_numbers
from kspec.builders.examples import Examples

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (300, 2)).astype("float32")
STRAIGHT = (X[:, 0] > X[:, 1]).astype("int64")
CORNERS = (X[:, 0] * X[:, 1] > 0).astype("int64")
"""Classes that no straight line parts."""


def name_of(y, task="classification", outputs=2, validation=True, **options):
    part = Examples(X[200:], y[200:]) if validation else None
    return fit_numbers(Examples(X[:200], y[:200]), part, task, outputs, **{"scaled": False, "seed": 0, **options})


@pytest.mark.parametrize(("y", "name"), [(STRAIGHT, "logistic regression"), (CORNERS, "gradient boosting")])
def test_the_better_on_validation(y, name):
    fitted = name_of(y)
    assert fitted.name == name
    assert (fitted.predict(X[200:]).argmax(axis=1) == y[200:]).mean() > 0.9


def test_the_better_for_numbers_has_the_smaller_error():
    straight = (3 * X[:, :1] - X[:, 1:]).astype("float32")
    assert name_of(straight, "regression", 1).name == "ridge regression"
    bent = np.abs(X).sum(axis=1, keepdims=True).astype("float32")
    assert name_of(bent, "regression", 1).name == "gradient boosting"


def test_the_better_for_labels():
    assert name_of(np.stack([STRAIGHT, 1 - STRAIGHT], axis=1), "multi_label").name == "logistic regression"
    assert name_of(np.stack([CORNERS, 1 - CORNERS], axis=1), "multi_label").name == "gradient boosting"


def test_of_two_equals_the_simpler():
    sure = (X[:, 0] > 0).astype("int64")
    part = Examples(np.array([[-0.9, 0], [0.9, 0]], "float32"), np.array([0, 1]))
    fitted = fit_numbers(Examples(X, sure), part, "classification", 2, scaled=False, seed=0)
    assert fitted.name == "logistic regression"


def test_without_validation_the_number_of_rows_decides(monkeypatch):
    assert name_of(CORNERS, validation=False).name == "logistic regression"
    monkeypatch.setattr(numbers, "ENOUGH", 200)
    assert name_of(STRAIGHT, validation=False).name == "gradient boosting"


def test_trees_are_left_out_where_they_would_take_long(monkeypatch):
    monkeypatch.setattr(numbers, "MOST_VALUES", 200 * 2 * 2 - 1)
    monkeypatch.setattr(numbers, "ENOUGH", 1)
    assert name_of(CORNERS).name == "logistic regression"
    assert name_of(CORNERS, validation=False).name == "logistic regression"


def test_the_linear_model_is_scikit_learns_on_flat_features():
    x = X.reshape(300, 2, 1)
    fitted = fit_numbers(Examples(x, STRAIGHT), None, "classification", 2, scaled=False, seed=0)
    np.testing.assert_allclose(fitted.predict(x), LogisticRegression().fit(X, STRAIGHT).predict_proba(X), atol=1e-4)


def test_scaling_makes_the_unit_of_a_number_mean_nothing():
    y = (X[:, :1] + X[:, 1:]).astype("float32")
    stretched = X * np.array([1.0, 1000.0], "float32")
    one, two = (
        fit_numbers(Examples(x, y), None, "regression", 1, scaled=True, seed=0).predict(x) for x in (X, stretched)
    )
    np.testing.assert_allclose(one, two, atol=1e-4)
    standard = (X - X.mean(axis=0)) / X.std(axis=0)
    np.testing.assert_allclose(one, Ridge().fit(standard, y).predict(standard).reshape(-1, 1), atol=1e-4)
