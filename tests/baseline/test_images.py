"""The nearest class mean, against scikit-learn's NearestCentroid."""

import numpy as np
from sklearn.neighbors import NearestCentroid

from kspec.baseline import images
from kspec.baseline.images import fit_images
from kspec.builders.examples import Examples

RNG = np.random.default_rng(0)


def test_it_is_the_nearest_centroid_in_batches(monkeypatch):
    monkeypatch.setattr(images, "BATCH", 7)
    x, y = RNG.integers(0, 256, (60, 4, 4, 3), np.uint8), RNG.integers(0, 3, 60)
    fitted = fit_images(Examples(x, y), 3)
    found = fitted.predict(x[:30])
    oracle = NearestCentroid().fit(x.reshape(60, -1).astype("float64"), y).predict(x[:30].reshape(30, -1))
    np.testing.assert_array_equal(found, np.eye(3)[oracle])
    assert fitted.name == "nearest class mean"


def test_a_class_that_train_lacks_is_never_predicted():
    x = np.array([0, 1, 9, 8], np.uint8).reshape(4, 1, 1, 1)
    found = fit_images(Examples(x, np.array([0, 0, 2, 2])), 4).predict(np.array([3, 6], np.uint8).reshape(2, 1, 1, 1))
    assert found.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
