import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.augmentation.base import PerSampleAugmentation, gather_pixels


class AddNoise(PerSampleAugmentation):
    def augment(self, images, labels, seed, index, epoch):
        noise = tf.random.stateless_uniform((tf.shape(images)[0], 1, 1, 1), seed, maxval=100)
        return images + noise, labels


IMAGES = np.zeros((4, 2, 3, 1), "float32")


def test_as_a_layer_only_in_training():
    layer = AddNoise(seed=1)
    np.testing.assert_array_equal(layer(IMAGES), IMAGES)
    first, second = layer(IMAGES, training=True), layer(IMAGES, training=True)
    assert len(set(np.ravel(first))) == 4
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, AddNoise(seed=1)(IMAGES, training=True))


def test_half_precision_models_keep_the_pixels():
    layer = AddNoise(dtype="mixed_bfloat16")
    assert layer(IMAGES, training=True).dtype == "float32"


def test_in_dataset_map():
    layer = AddNoise(seed=1)
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(2).map(lambda x: layer(x, training=True))
    values = np.concatenate([batch.numpy().ravel() for batch in dataset])
    assert len(set(values)) == 4


def test_config_round_trip():
    layer = AddNoise(seed=7, name="noise")
    assert AddNoise.from_config(layer.get_config()).get_config() == layer.get_config()


def test_abstract():
    with pytest.raises(NotImplementedError, match="must define augment"):
        PerSampleAugmentation()(IMAGES, training=True)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_gather_pixels(dtype):
    image = np.array([[1, 2, 3], [4, 5, 6]]).reshape(1, 2, 3, 1)
    images = tf.constant(np.concatenate([image, image * 10]), dtype)
    rows, columns = tf.constant([[1, 0], [0, 2]]), tf.constant([[2, 1, 0], [-1, 0, 3]])
    result = gather_pixels(images, rows, columns, fill=9.0)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result[..., 0], [[[6, 5, 4], [3, 2, 1]], [[9, 10, 9], [9, 9, 9]]])


def test_augmentation_in_a_model_trains():
    model = keras.Sequential([keras.Input((2, 3, 1)), AddNoise(seed=0), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(IMAGES, np.zeros((4, 1)), verbose=0)
