"""One estimator for classes, one for each label or number."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from kspec.baseline.fitted import fit_each

X = np.arange(8.0).reshape(8, 1)


def test_classes_that_train_lacks_get_nothing():
    predict = fit_each(LogisticRegression(), X, np.repeat([0, 2], 4), "classification", 4)
    found = predict(np.array([[0.0], [7.0]]))
    assert found.shape == (2, 4)
    np.testing.assert_array_equal(found[:, [1, 3]], 0)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert found.argmax(axis=1).tolist() == [0, 2]


def test_labels_stand_alone_and_one_that_never_changes_is_what_train_says():
    y = np.stack([np.repeat([0, 1], 4), np.zeros(8), np.ones(8), np.repeat([1, 0], 4)], axis=1).astype("float32")
    estimator = LogisticRegression()
    found = fit_each(estimator, X, y, "multi_label", 4)(X)
    assert ((found > 0.5) == (y > 0.5)).all()
    np.testing.assert_array_equal(found[:, 1:3], y[:, 1:3])
    alone = LogisticRegression().fit(X, y[:, 3]).predict_proba(X)[:, 1]
    np.testing.assert_array_equal(found[:, 3], alone)
    assert not hasattr(estimator, "coef_")


def test_numbers():
    y = np.stack([2 * X[:, 0] + 1, -X[:, 0]], axis=1)
    found = fit_each(LinearRegression(), X, y, "regression", 2)(np.array([[10.0]]))
    assert found == pytest.approx(np.array([[21.0, -10.0]]))
