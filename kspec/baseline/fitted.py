"""What every baseline becomes: a name, and a function from features to predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kspec.builders.examples import Task

Predict = Callable[[Any], np.ndarray]
"""Features (n, ...) -> predictions (n, outputs): a probability for each class or label, or numbers."""


@dataclass(frozen=True)
class Fitted:
    """A baseline that has been fitted. name: in words, e.g. `logistic regression`."""

    name: str
    predict: Predict


def fit_each(estimator: Any, x: Any, y: np.ndarray, task: Task, outputs: int) -> Predict:
    """An estimator of scikit-learn fitted to what is predicted: once for classes, else once for each label or number.

    Args:
        estimator: not fitted; it stays so. With `predict_proba` for classes and labels.
        x: features (n, d), an array or a sparse matrix.
        y: class ids (n,), or labels or numbers (n, outputs), as in kspec.builders.examples.Datasets.
        task, outputs: as there; a class or a label that train does not hold gets the probability 0.
    """
    from sklearn.base import clone

    if task == "classification":
        classifier = clone(estimator).fit(x, y)
        return lambda features: _spread(classifier.predict_proba(features), classifier.classes_, outputs)
    one = _label if task == "multi_label" else _number
    columns = [one(clone(estimator), x, y[:, number]) for number in range(outputs)]
    return lambda features: np.stack([column(features) for column in columns], axis=1)


def _spread(probabilities: np.ndarray, classes: np.ndarray, outputs: int) -> np.ndarray:
    """Probabilities of the classes that train holds at the places of all classes."""
    result = np.zeros((len(probabilities), outputs), np.float32)
    result[:, classes.astype(np.int64)] = probabilities
    return result


def _label(estimator: Any, x: Any, y: np.ndarray) -> Predict:
    """The probability of a label; that of a label which all examples of train have, or none, is what train says."""
    if np.all(y == y[0]):
        return lambda features: np.full(features.shape[0], y[0], np.float32)
    estimator.fit(x, y)
    return lambda features: np.asarray(estimator.predict_proba(features)[:, 1])


def _number(estimator: Any, x: Any, y: np.ndarray) -> Predict:
    estimator.fit(x, y)
    return lambda features: np.asarray(estimator.predict(features))
