"""Images: the class whose mean image is nearest."""

from __future__ import annotations

import numpy as np

from kspec.baseline.fitted import Fitted
from kspec.builders.examples import Examples

BATCH = 256
"""Images that are held as floats at once."""


def fit_images(train: Examples, classes: int) -> Fitted:
    """The mean image of each class; a prediction is 1 for the class of the nearest one (Euclidean), 0 for all others.

    What scikit-learn's NearestCentroid does, in less memory: it would hold all images as float64.

    Args:
        train: x is images (n, height, width, channels), y class ids (n,).
        classes: how many there are; one that train does not hold is never predicted.
    """
    from sklearn.metrics import pairwise_distances_argmin

    x = np.asarray(train.x)
    held = np.unique(train.y)
    means = np.stack([x[train.y == one].mean(axis=0, dtype=np.float64).reshape(-1) for one in held])

    def predict(images: np.ndarray) -> np.ndarray:
        result = np.zeros((len(images), classes), np.float32)
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH].astype(np.float64)
            nearest = pairwise_distances_argmin(batch.reshape(len(batch), -1), means)
            result[np.arange(start, start + len(batch)), held[nearest]] = 1.0
        return result

    return Fitted("nearest class mean", predict)
