import keras
import numpy as np
import pytest
import tensorflow as tf
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


def norm_alone():
    return keras.Sequential([keras.Input((4, 4, 2)), layers.BatchNormalization()])


@pytest.mark.parametrize("batch", [(X, np.zeros(10)), [X, np.zeros(10)], [X], X], ids=["tuple", "list", "alone", "x"])
def test_batches_as_data_loaders_give_them(batch):
    model = norm_alone()
    assert recalibrate(model, iter([batch, batch])) == 1
    np.testing.assert_allclose(model.layers[0].moving_mean, X.mean((0, 1, 2)), rtol=1e-5)


def test_a_list_is_an_array_for_each_of_several_inputs():
    one, two = keras.Input((4, 4, 2)), keras.Input((4, 4, 2))
    model = keras.Model([one, two], layers.BatchNormalization(name="norm")(layers.Subtract()([one, two])))
    for data in ([X, 3 * X], [[X, 3 * X]], [[[X, 3 * X], np.zeros(10)]]):
        assert recalibrate(model, data) == 1
        np.testing.assert_allclose(model.get_layer("norm").moving_mean, -2 * X.mean((0, 1, 2)), rtol=1e-5)


def test_two_arrays_in_a_list_are_no_inputs_of_one():
    with pytest.raises(ValueError, match=r"a list of 2 arrays for a model of 1 input\(s\); write \(x, y\)"):
        recalibrate(norm_alone(), [X, np.zeros(10)])


class Endless(keras.utils.PyDataset):
    @property
    def num_batches(self):
        return None

    def __getitem__(self, index):
        return X, np.zeros(10)


@pytest.mark.parametrize("data", [tf.data.Dataset.from_tensors((X, 0)).repeat(), Endless()])
def test_data_without_an_end(data):
    with pytest.raises(ValueError, match="data has no end: give a dataset without `repeat`"):
        recalibrate(norm_alone(), data)


def test_noise_of_a_whole_number_is_off_too():
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.GaussianNoise(1), layers.BatchNormalization()])
    recalibrate(model, X)
    np.testing.assert_allclose(model.layers[1].moving_variance, X.var((0, 1, 2)), rtol=1e-3)
    assert model.layers[0].stddev == 1
