import keras
import numpy as np
import pytest
from keras import layers

from kspec import recalibrate
from kspec.parts.layers.batch_normalization import FusedBatchNormalization

X = np.random.default_rng(0).normal(3, 2, size=(10, 4, 4, 2)).astype("float32")


@pytest.mark.parametrize("kind", [layers.BatchNormalization, FusedBatchNormalization])
def test_the_mean_over_batches(kind):
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.Dropout(0.9), kind(momentum=0.7)])
    assert recalibrate(model, X, batch_size=5) == 1
    norm = model.layers[1]
    halves = X[:5], X[5:]
    np.testing.assert_allclose(norm.moving_mean, np.mean([x.mean((0, 1, 2)) for x in halves], axis=0), rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, np.mean([x.var((0, 1, 2)) for x in halves], axis=0), rtol=1e-5)
    assert (norm.momentum, model.layers[0].rate) == (0.7, 0.9)


def test_fixed_statistics_stay():
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.BatchNormalization()])
    model.layers[0].trainable = False
    assert recalibrate(model, X) == 0
    assert np.array_equal(model.layers[0].moving_mean, [0, 0])


def test_batches_with_labels():
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.BatchNormalization()])
    assert recalibrate(model, [(X, np.zeros(10))]) == 1
    np.testing.assert_allclose(model.layers[0].moving_mean, X.mean((0, 1, 2)), rtol=1e-5)


def test_no_data():
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.BatchNormalization()])
    with pytest.raises(ValueError, match="no data"):
        recalibrate(model, X[:0])
