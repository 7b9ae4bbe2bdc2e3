import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kspec.parts.augmentation.crop import RandomCrop

ZERO = tf.constant(0, tf.int64)


def _augment(layer, images, seed=(1, 2)):
    index = tf.range(len(images), dtype=tf.int64)
    return layer.augment(tf.constant(images), "labels", tf.constant(seed), index, ZERO)


def _all_crops(image, padding, mode):
    """Every place of the crop, with NumPy."""
    height, width, _ = image.shape
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)), mode=mode)
    places = range(2 * padding + 1)
    return [padded[i : i + height, j : j + width] for i in places for j in places]


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(4, 7),
    width=st.integers(4, 7),
    channels=st.integers(1, 3),
    padding=st.integers(0, 3),
    mode=st.sampled_from(["reflect", "constant"]),
    dtype=st.sampled_from(["uint8", "float32"]),
    seed=st.integers(0, 2**31 - 1),
)
def test_each_image_is_one_of_its_crops(height, width, channels, padding, mode, dtype, seed):
    images = np.random.default_rng(seed).integers(0, 256, (5, height, width, channels)).astype(dtype)
    result, labels = _augment(RandomCrop(padding, mode), images, (seed, 3))
    assert labels == "labels"
    assert result.dtype == dtype
    for image, cropped in zip(images, result.numpy(), strict=True):
        assert any(np.array_equal(cropped, crop) for crop in _all_crops(image, padding, mode))


def test_places_differ_within_a_batch_and_all_occur():
    image = np.arange(49, dtype="float32").reshape(7, 7, 1)
    result, _ = _augment(RandomCrop(padding=1), np.repeat(image[None], 300, axis=0))
    # The middle pixel, 24, becomes one of its 9 neighbours.
    middle, counts = np.unique(result[:, 3, 3, 0], return_counts=True)
    assert middle.tolist() == [16, 17, 18, 23, 24, 25, 30, 31, 32]
    assert counts.min() > 10


def test_function_of_the_seed():
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3)).astype("uint8")
    layer = RandomCrop(padding=2)
    np.testing.assert_array_equal(_augment(layer, images)[0], _augment(layer, images)[0])
    assert not np.array_equal(_augment(layer, images)[0], _augment(layer, images, (1, 3))[0])


def test_fill_value():
    images = np.full((50, 4, 4, 1), 5, "uint8")
    result, _ = _augment(RandomCrop(padding=2, mode="constant", fill_value=7), images)
    assert set(np.unique(result)) == {5, 7}


def test_serializes():
    layer = RandomCrop(padding=3, mode="constant", fill_value=1.0, seed=4)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(again, RandomCrop)
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(("arguments", "message"), [({"padding": -1}, "padding"), ({"mode": "wrap"}, "mode")])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomCrop(**arguments)


def test_reflection_wider_than_the_image():
    with pytest.raises(ValueError, match="cannot be reflected by 4 pixels"):
        _augment(RandomCrop(padding=4), np.zeros((1, 4, 8, 1), "uint8"))
