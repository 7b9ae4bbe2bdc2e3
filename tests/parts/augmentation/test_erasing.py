import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.augmentation.erasing import Cutout, RandomErasing

WHITE = np.full((400, 16, 20, 3), 255, "uint8")


def _augment(layer, images=WHITE, seed=(1, 2)):
    result, _ = layer.augment(tf.constant(images), None, tf.constant(seed), None, None)
    return result.numpy()


def _holes(images):
    """Of each image in which something is missing: whether it is a full rectangle, its height and its width."""
    found = []
    for image in images:
        missing = (image != 255).any(axis=-1)
        if missing.any():
            rows, columns = missing.any(axis=1), missing.any(axis=0)
            assert np.flatnonzero(np.diff(np.flatnonzero(rows)) != 1).size == 0
            found.append((missing.sum() == rows.sum() * columns.sum(), rows.sum(), columns.sum()))
    return np.array(found)


@pytest.mark.parametrize("size", [5, 6])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_cutout_takes_a_square_that_the_border_may_cut(size, dtype):
    cut = _augment(Cutout(size, fill_value=0), WHITE.astype(dtype))
    assert cut.dtype == dtype
    assert set(np.unique(cut)) == {0, 255}
    holes = _holes(cut)
    assert len(holes) == 400
    assert holes[:, 0].all()
    assert holes[:, 1:].max(axis=0).tolist() == [size, size]
    # The centre is any pixel, so half of the square may lie outside.
    assert holes[:, 1:].min(axis=0).tolist() == [size - size // 2 if size % 2 == 0 else size // 2 + 1] * 2
    whole = ((holes[:, 1] == size) & (holes[:, 2] == size)).mean()
    assert abs(whole - (16 - size + 1) / 16 * (20 - size + 1) / 20) < 0.12


def test_cutout_every_centre_is_equally_likely():
    images = np.full((6000, 3, 4, 1), 255, "uint8")
    counts = (_augment(Cutout(1, fill_value=0), images) == 0).sum(axis=(0, 3))
    # 500 for each of 12 pixels; 5 standard deviations are 107.
    assert counts.sum() == 6000
    assert np.abs(counts - 500).max() < 107


def test_cutout_fills_with_the_mean_colour_or_the_given_one():
    image = np.array([[[0, 10], [100, 21]]], "uint8").reshape(1, 1, 2, 2)
    assert _augment(Cutout(9), image).ravel().tolist() == [50, 16, 50, 16]
    assert _augment(Cutout(9, fill_value=[1, 2]), image).ravel().tolist() == [1, 2, 1, 2]


def test_erasing_area_and_aspect_ratio():
    scale, ratio = (0.1, 0.2), (0.5, 2.0)
    holes = _holes(_augment(RandomErasing(scale=scale, ratio=ratio, fill_value=0)))
    assert len(holes) == 400
    assert holes[:, 0].all()
    area = holes[:, 1] * holes[:, 2] / (16 * 20)
    # Sides are rounded to whole pixels: at most half a pixel of about 5 to 9.
    assert 0.08 < area.min() < 0.115
    assert 0.185 < area.max() < 0.23
    found = holes[:, 1] / holes[:, 2]
    assert 0.4 < found.min() < 0.7
    assert 1.4 < found.max() < 2.5
    assert abs((found > 1).mean() - (found < 1).mean()) < 0.2


def test_erasing_exact_area_and_every_place():
    # A quarter of 16x20 = 320 pixels, as high as it is wide: sqrt(80) = 8.9, rounded 9.
    erased = _augment(RandomErasing(scale=(0.25, 0.25), ratio=(1, 1), fill_value=0))
    assert ((erased[..., 0] == 0).sum(axis=(1, 2)) == 81).all()
    corners = {tuple(np.argwhere(image[..., 0] == 0)[0]) for image in erased}
    assert {row for row, _ in corners} == set(range(8))
    assert {column for _, column in corners} == set(range(12))


def test_erasing_longer_than_the_image_is_cut_to_it():
    erased = _augment(RandomErasing(scale=(0.5, 0.5), ratio=(3.0, 3.0), fill_value=0), WHITE[:5])
    assert ((erased[..., 0] == 0).sum(axis=1).max(axis=1) == 16).all()


@pytest.mark.parametrize(("factor", "expected"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)])
def test_erasing_factor_is_the_probability(factor, expected):
    share = len(_holes(_augment(RandomErasing(factor, fill_value=0)))) / 400
    # 5 standard deviations of a share of 400.
    assert abs(share - expected) <= 5 * np.sqrt(expected * (1 - expected) / 400)


@pytest.mark.parametrize("value_range", [(0, 255), (0, 1)])
def test_erasing_noise_fills_the_range(value_range):
    images = np.full((50, 16, 20, 3), -1, "float32")
    noise = _augment(RandomErasing(value_range=value_range), images)
    noise = noise[noise != -1]
    assert noise.min() >= 0
    assert abs(noise.mean() / value_range[1] - 0.5) < 0.02
    assert abs(noise.std() / value_range[1] - 12**-0.5) < 0.02


LAYERS = [Cutout(4), Cutout(3, fill_value=(0.0, 1.0, 2.0)), RandomErasing(0.9), RandomErasing(fill_value=0)]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_each_example_its_own_draw_and_a_pure_function_of_the_seed(layer, dtype):
    image = np.random.default_rng(0).integers(0, 256, (1, 16, 20, 3)).astype(dtype)
    equal = np.repeat(image, 5, axis=0)
    first = _augment(layer, equal)
    assert first.dtype == dtype
    assert len({image.tobytes() for image in first}) > 3
    np.testing.assert_array_equal(_augment(layer, equal), first)
    assert (_augment(layer, equal, seed=(1, 3)) != first).any()


@pytest.mark.parametrize("layer", LAYERS)
def test_in_a_saved_model(layer, tmp_path):
    model = keras.Sequential([keras.Input((16, 20, 3)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == layer.get_config()
    images = np.random.default_rng(0).random((8, 16, 20, 3)).astype("float32")
    np.testing.assert_array_equal(loaded(images), images)
    assert (loaded(images, training=True).numpy() != images).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Cutout(0), "size must be at least 1 pixel, not 0"),
        (lambda: RandomErasing(1.5), "factor must be a probability"),
        (lambda: RandomErasing((0.1, 0.2)), "factor must be a probability"),
        (lambda: RandomErasing(scale=(0, 2)), r"scale must lie in 0..1, not \(0, 2\)"),
        (lambda: RandomErasing(ratio=(0, 1)), "ratio must lie in 0.001..1000"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
