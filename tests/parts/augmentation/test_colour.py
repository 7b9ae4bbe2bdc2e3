import colorsys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from kspec.parts.augmentation.colour import RandomBrightness, RandomContrast, RandomHue, RandomSaturation

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), dtype="uint8")
GREY = np.repeat(IMAGES[..., :1], 3, axis=-1)
FLOATS = (IMAGES / 255).astype("float32")


def _augment(layer, images=IMAGES, seed=(1, 2)):
    result, _ = layer.augment(tf.constant(images), None, tf.constant(seed), None, None)
    return result.numpy()


def _as_hsv(rgb, change):
    """The pixel (three numbers in 0..1) after a change of its hue, saturation and value."""
    return colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*rgb)))


@pytest.mark.parametrize(
    "layer",
    [RandomBrightness(0), RandomContrast(0.0), RandomHue(0.0), RandomSaturation((0.5, 0.5))],
    ids=lambda layer: layer.name,
)
def test_the_neutral_factor_changes_nothing(layer):
    np.testing.assert_array_equal(_augment(layer), IMAGES)
    arguments = {**layer.get_config(), "value_range": [0, 1]}
    np.testing.assert_allclose(_augment(type(layer).from_config(arguments), FLOATS), FLOATS, atol=1e-6)


def test_brightness_adds_a_fraction_of_the_range_and_clips():
    images = np.array([0, 100, 230], "uint8").reshape(1, 1, 1, 3)
    assert _augment(RandomBrightness((0.2, 0.2)), images).ravel().tolist() == [51, 151, 255]
    assert _augment(RandomBrightness((-0.5, -0.5)), images).ravel().tolist() == [0, 0, 102]
    one = np.array([0.1, 0.5, 0.9], "float32").reshape(1, 1, 1, 3)
    brighter = _augment(RandomBrightness((0.2, 0.2), value_range=(0, 1)), one)
    np.testing.assert_allclose(brighter.ravel(), [0.3, 0.7, 1.0], rtol=1e-6)


def test_contrast_scales_about_the_mean_of_each_channel():
    images = np.array([[100, 0], [120, 40]], "uint8").reshape(1, 1, 2, 2)
    # Means 110 and 20. At twice the contrast 0 would become -20, and is clipped.
    assert _augment(_Double(0.5), images).ravel().tolist() == [90, 0, 130, 60]


class _Double(RandomContrast):
    """Always twice the contrast."""

    def bounds(self, factor):
        return 2.0, 2.0


def test_contrast_bounds_are_a_share_less_and_a_share_more():
    images = np.repeat(FLOATS[:1] * 100 + 50, 200, axis=0)
    ratios = _augment(RandomContrast((0.4, 0.1)), images).std(axis=(1, 2, 3)) / images[0].std()
    assert 0.59 < ratios.min() < 0.65
    assert 1.05 < ratios.max() < 1.11


def test_contrast_goes_both_ways():
    spread = _augment(RandomContrast(0.5), np.repeat(FLOATS[:1] * 100 + 50, 200, axis=0)).std(axis=(1, 2, 3))
    ratios = spread / (FLOATS[:1] * 100 + 50).std()
    assert 0.45 < ratios.min() < 0.6
    assert 1.4 < ratios.max() < 1.55


@given(st.tuples(*[st.integers(0, 255)] * 3), st.floats(0, 1))
def test_saturation_is_that_of_hsv(rgb, factor):
    scale = factor / (1 - factor + 1e-7)
    expected = _as_hsv(np.array(rgb) / 255, lambda h, s, v: (h, min(s * scale, 1), v))
    pixel = np.array(rgb, "float32").reshape(1, 1, 1, 3)
    changed = _augment(RandomSaturation((factor, factor)), pixel).ravel()
    np.testing.assert_allclose(changed, np.array(expected) * 255, atol=0.02)


def test_saturation_zero_is_grey_and_grey_stays_grey():
    grey = _augment(RandomSaturation((0, 0)))
    np.testing.assert_array_equal(grey, np.repeat(IMAGES.max(axis=-1, keepdims=True), 3, axis=-1))
    np.testing.assert_array_equal(_augment(RandomSaturation((1, 1)), GREY), GREY)


@given(st.tuples(*[st.integers(0, 255)] * 3), st.floats(0, 1), st.integers(0, 99))
def test_hue_is_that_of_hsv_in_either_direction(rgb, factor, seed):
    pixel = np.array(rgb, "float32").reshape(1, 1, 1, 3)
    changed = _augment(RandomHue((factor, factor)), pixel, seed=(seed, 0)).ravel()
    ways = [
        _as_hsv(np.array(rgb) / 255, lambda h, s, v, turn=turn: ((h + turn) % 1, s, v))
        for turn in (factor / 2, -factor / 2)
    ]
    assert min(np.abs(changed - np.array(way) * 255).max() for way in ways) < 0.02


def test_a_third_of_the_circle_swaps_the_channels():
    changed = _augment(RandomHue((2 / 3, 2 / 3)), np.repeat(IMAGES[:1], 20, axis=0))
    orders = {(2, 0, 1), (1, 2, 0)}
    found = {order for image in changed for order in orders if (image == IMAGES[0][..., order]).all()}
    assert found == orders


LAYERS = [RandomBrightness(0.3), RandomContrast(0.5), RandomSaturation([0.2, 0.8]), RandomHue(0.7)]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_each_example_its_own_draw_and_a_pure_function_of_the_seed(layer, dtype):
    equal = np.repeat(IMAGES[:1], 5, axis=0).astype(dtype)
    first = _augment(layer, equal)
    assert first.dtype == dtype
    assert first.min() >= 0
    assert first.max() <= 255
    assert len({image.tobytes() for image in first}) == 5
    np.testing.assert_array_equal(_augment(layer, equal), first)
    assert (_augment(layer, equal, seed=(1, 3)) != first).any()


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_in_a_saved_model(layer, tmp_path):
    model = keras.Sequential([keras.Input((6, 7, 3)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == layer.get_config()
    images = IMAGES.astype("float32")
    np.testing.assert_array_equal(loaded(images), images)
    assert (loaded(images, training=True).numpy() != images).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomBrightness(1.5), "factor must lie in -1..1, not 1.5"),
        (lambda: RandomContrast((-0.1, 0.1)), "factor must lie in 0..1"),
        (lambda: RandomHue(-0.1), "factor must lie in 0..1"),
        (lambda: RandomHue(0.1, value_range=(255, 0)), "value_range must be two rising numbers"),
        (lambda: _augment(RandomHue(0.1), IMAGES[..., :1]), "RandomHue needs images with three channels, not 1"),
        (lambda: _augment(RandomSaturation(0.1), IMAGES[..., :2]), "needs images with three channels, not 2"),
        (lambda: _augment(RandomHue(0.1, value_range=(0, 1))), r"value_range must be \[0, 255\] for uint8 images"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
