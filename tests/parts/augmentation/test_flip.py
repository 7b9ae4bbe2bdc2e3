import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.augmentation.flip import RandomFlip

IMAGES = np.repeat(np.array([[1, 2], [3, 4]], "uint8").reshape(1, 2, 2, 1), 400, axis=0)
NAMES = {(1, 2, 3, 4): "none", (2, 1, 4, 3): "horizontal", (3, 4, 1, 2): "vertical", (4, 3, 2, 1): "both"}


def _orientations(layer, seed=(1, 2), epoch=0, start=0):
    index = tf.range(start, start + len(IMAGES), dtype=tf.int64)
    images, _ = layer.augment(tf.constant(IMAGES), None, tf.constant(seed), index, tf.constant(epoch, tf.int64))
    assert images.dtype == "uint8"
    return np.array([NAMES[tuple(image.ravel())] for image in images.numpy()])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("horizontal", {"none", "horizontal"}),
        ("vertical", {"none", "vertical"}),
        ("horizontal_and_vertical", {"none", "horizontal", "vertical", "both"}),
    ],
)
@pytest.mark.parametrize("alternating", [False, True])
def test_every_orientation_equally_often(mode, expected, alternating):
    names, counts = np.unique(_orientations(RandomFlip(mode, alternating=alternating)), return_counts=True)
    assert set(names) == expected
    # 400 images: 5 standard deviations at p = 1/2 are 50.
    assert np.abs(counts - 400 / len(expected)).max() < 50


def test_drawn_anew_from_the_seed():
    layer = RandomFlip()
    np.testing.assert_array_equal(_orientations(layer), _orientations(layer, epoch=1))
    changed = (_orientations(layer) != _orientations(layer, seed=(1, 3))).mean()
    assert 0.35 < changed < 0.65


def test_alternating_mirrors_the_other_half_in_the_next_epoch():
    layer = RandomFlip(alternating=True)
    even, odd = _orientations(layer), _orientations(layer, epoch=1, seed=(5, 6))
    assert (even != odd).all()
    np.testing.assert_array_equal(even, _orientations(layer, epoch=2))


def test_alternating_halves_do_not_follow_the_order():
    mirrored = _orientations(RandomFlip(alternating=True)) == "horizontal"
    assert 0.35 < (mirrored[1:] == mirrored[:-1]).mean() < 0.65
    assert 0.35 < (mirrored[::2]).mean() < 0.65


def test_alternating_as_a_layer_draws():
    layer = RandomFlip(alternating=True, seed=0)
    first, second = layer(IMAGES, training=True), layer(IMAGES, training=True)
    changed = (first.numpy() != second.numpy()).any((1, 2, 3)).mean()
    assert 0.35 < changed < 0.65


def test_serializes():
    layer = RandomFlip("vertical", alternating=True, seed=4)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(again, RandomFlip)
    assert again.get_config() == layer.get_config()


def test_unknown_mode():
    with pytest.raises(ValueError, match="'diagonal'"):
        RandomFlip("diagonal")
