import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.augmentation.geometry import RandomRotation, RandomTranslation, RandomZoom

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 12, 3), dtype="uint8")
SQUARE = IMAGES[:, :, :8]


def _augment(layer, images=IMAGES, seed=(1, 2)):
    result, _ = layer.augment(tf.constant(images), None, tf.constant(seed), None, None)
    return result.numpy()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(("factor", "quarters"), [(0.25, 1), (-0.25, -1), (0.5, 2), (1.0, 0)])
def test_quarter_turns_equal_rot90(dtype, interpolation, factor, quarters):
    layer = RandomRotation((factor, factor), interpolation=interpolation, fill_mode="constant")
    turned = _augment(layer, SQUARE.astype(dtype))
    assert turned.dtype == dtype
    np.testing.assert_allclose(turned, np.rot90(SQUARE, quarters, axes=(1, 2)).astype(dtype), atol=1e-3)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_whole_pixel_shifts_down_and_right(interpolation):
    # 0.25 of 8 rows and 0.25 of 12 columns: 2 down and 3 to the right.
    arguments = {"height_factor": (0.25, 0.25), "width_factor": (0.25, 0.25), "interpolation": interpolation}
    inner = IMAGES[:, :6, :9]
    pad = ((0, 0), (2, 0), (3, 0), (0, 0))
    expected = {
        "wrap": np.roll(IMAGES, (2, 3), axis=(1, 2)),
        "constant": np.pad(inner, pad, constant_values=7),
        "nearest": np.pad(inner, pad, mode="edge"),
        "reflect": np.pad(inner, pad, mode="symmetric"),
    }
    for fill_mode, images in expected.items():
        layer = RandomTranslation(**arguments, fill_mode=fill_mode, fill_value=7)
        np.testing.assert_array_equal(_augment(layer), images, err_msg=fill_mode)


def test_half_a_pixel_is_the_rounded_mean():
    images = np.array([[10, 21, 40, 40]], "uint8").reshape(1, 1, 4, 1)
    layer = RandomTranslation((0, 0), (-0.125, -0.125), fill_mode="nearest")
    # 15.5 rounds to the even 16.
    assert _augment(layer, images).ravel().tolist() == [16, 30, 40, 40]


@pytest.mark.parametrize("layer", [RandomZoom(0.0), RandomZoom(0, 0), RandomRotation(0), RandomTranslation(0, 0)])
def test_factor_zero_changes_nothing(layer):
    np.testing.assert_array_equal(_augment(layer), IMAGES)


def test_zooming_out_to_half_size_averages_four_pixels():
    images = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    zoomed = _augment(RandomZoom((1.0, 1.0), fill_mode="constant", fill_value=-1), images)[0, :, :, 0]
    # The inner 2x2 shows the 4x4 at half size, sampled between four pixels each.
    np.testing.assert_allclose(zoomed[1:3, 1:3], [[2.5, 4.5], [10.5, 12.5]])


def test_zooming_in_enlarges_the_middle():
    images = np.array([1, 2, 3, 4, 5], "float32").reshape(1, 1, 5, 1)
    zoomed = _augment(RandomZoom((0, 0), (-0.5, -0.5)), images)
    np.testing.assert_allclose(zoomed.ravel(), [2, 2.5, 3, 3.5, 4])


def test_zoom_keeps_the_aspect_ratio_without_a_width_factor():
    diagonal = np.eye(9, dtype="float32").reshape(1, 9, 9, 1).repeat(4, axis=0)
    together = _augment(RandomZoom(0.5, fill_mode="constant"), diagonal)
    np.testing.assert_allclose(together, together.transpose(0, 2, 1, 3), atol=1e-5)
    apart = _augment(RandomZoom(0.5, 0.5, fill_mode="constant"), diagonal)
    assert np.abs(apart - apart.transpose(0, 2, 1, 3)).max() > 0.1


def test_rotations_stay_within_the_bounds():
    # A single bright pixel 8 to the right of the centre tells the angle.
    images = np.zeros((300, 21, 21, 1), "float32")
    images[:, 10, 18] = 1
    turned = _augment(RandomRotation((0.0, 0.125), fill_mode="constant"), images)[..., 0]
    rows, columns = np.mgrid[:21, :21] - 10
    angles = np.degrees(np.arctan2(-(turned * rows).sum((1, 2)), (turned * columns).sum((1, 2))))
    assert -1 < angles.min() < 3
    assert 42 < angles.max() < 46


LAYERS = [RandomRotation(0.1), RandomTranslation([0.1, 0.2], 0.1), RandomZoom((-0.2, 0.1), fill_mode="wrap")]


@pytest.mark.parametrize("layer", LAYERS)
def test_each_example_its_own_draw_and_a_pure_function_of_the_seed(layer):
    equal = np.repeat(IMAGES[:1], 5, axis=0)
    first = _augment(layer, equal)
    assert len({image.tobytes() for image in first}) == 5
    np.testing.assert_array_equal(_augment(layer, equal), first)
    assert (_augment(layer, equal, seed=(1, 3)) != first).any()


@pytest.mark.parametrize("layer", LAYERS)
def test_in_a_saved_model(layer, tmp_path):
    model = keras.Sequential([keras.Input((8, 12, 3)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == layer.get_config()
    images = IMAGES.astype("float32")
    np.testing.assert_array_equal(loaded(images), images)
    assert (loaded(images, training=True).numpy() != images).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomRotation(1.5), "factor must lie in -1..1, not 1.5"),
        (lambda: RandomRotation("0.1"), "factor must be a number or two numbers, not '0.1'"),
        (lambda: RandomRotation(0.1, fill_mode="mirror"), "fill_mode must be one of"),
        (lambda: RandomRotation(0.1, interpolation="cubic"), "interpolation must be one of"),
        (lambda: RandomTranslation(0.1, [0.1, 0.2, 0.3]), "width_factor must be a number or two"),
        (lambda: RandomZoom(1.0), "height_factor must be above -1"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
