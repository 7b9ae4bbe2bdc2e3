"""Tables and arrays of numbers: a linear model, or gradient boosting."""

from __future__ import annotations

from typing import Any

import numpy as np

from kspec.baseline.fitted import Fitted, fit_each
from kspec.builders.examples import Examples, Task

ENOUGH = 1_000
"""Rows of train from which on, without validation data to decide it, trees are taken rather than a linear model."""
MOST_VALUES = 300_000_000
"""Rows times numbers times outputs beyond which trees would take long, and only the linear model is fitted."""
STEPS = 1_000
"""The most steps of the solver."""


def fit_numbers(
    train: Examples, validation: Examples | None, task: Task, outputs: int, *, scaled: bool, seed: int
) -> Fitted:
    """A linear model or gradient boosting with histograms (scikit-learn's, after LightGBM: Ke et al. 2017).

    The linear model is logistic regression for classes and labels, ridge regression for numbers. With validation data
    the one that is better there (accuracy, or mean squared error); without, the trees from 1,000 rows of train on.

    Args:
        train, validation: x (n, ...) is numbers; y, task, outputs as in kspec.builders.examples.Datasets.
        scaled: bring each number to mean 0 and variance 1 for the linear model.
        seed: of the trees.

    Raises:
        ValueError: numbers that are not finite.
    """
    kinds: dict[str, Any] = {_linear_name(task): _linear(task, scaled)}
    if flat(train.x).size * outputs <= MOST_VALUES:
        kinds["gradient boosting"] = _trees(task, seed)
    if validation is None:
        kinds = dict([list(kinds.items())[-1 if len(train) >= ENOUGH else 0]])
    fitted = [Fitted(name, _flat(fit_each(one, flat(train.x), train.y, task, outputs))) for name, one in kinds.items()]
    if len(fitted) == 1 or validation is None:
        return fitted[0]
    return max(fitted, key=lambda one: _score(one.predict(validation.x), validation.y, task))


def flat(x: Any) -> np.ndarray:
    """Features (n, ...) as (n, d)."""
    return np.asarray(x).reshape(len(x), -1)


def _flat(predict: Any) -> Any:
    return lambda x: predict(flat(x))


def _linear_name(task: Task) -> str:
    return "ridge regression" if task == "regression" else "logistic regression"


def _linear(task: Task, scaled: bool) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = Ridge() if task == "regression" else LogisticRegression(max_iter=STEPS)
    return make_pipeline(StandardScaler(), model) if scaled else model


def _trees(task: Task, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    return kind(early_stopping=False, random_state=seed)


def _score(predictions: np.ndarray, y: np.ndarray, task: Task) -> float:
    """Higher is better."""
    if task == "regression":
        return -float(np.mean((predictions - y) ** 2))
    right = predictions.argmax(axis=1) == y if task == "classification" else (predictions > 0.5) == (y > 0.5)
    return float(np.mean(right))
