import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from kspec.parts.augmentation import operations

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 20, 24, 3), dtype="uint8")
# A picture in the ordinary sense: few dark values, neighbours alike, so that histograms and smoothing have work to do.
ROWS, COLUMNS = np.mgrid[:20, :24]
SMOOTH = np.stack([40 + 5 * ROWS, 60 + 3 * COLUMNS, 200 - ROWS * COLUMNS // 4], axis=-1)[None].astype("uint8")


def _run(operation, images, strength):
    result = operation(tf.constant(images, tf.float32), tf.fill([len(images)], float(strength)))
    return np.clip(np.round(result.numpy()), 0, 255)


@pytest.mark.parametrize("images", [IMAGES, SMOOTH], ids=["noise", "smooth"])
@pytest.mark.parametrize(
    ("operation", "strength", "pillow"),
    [
        (operations.identity, 0, lambda image: image),
        (operations.brightness, 0.6, lambda image: ImageEnhance.Brightness(image).enhance(1.6)),
        (operations.brightness, -0.6, lambda image: ImageEnhance.Brightness(image).enhance(0.4)),
        (operations.contrast, 0.5, lambda image: ImageEnhance.Contrast(image).enhance(1.5)),
        (operations.contrast, -0.9, lambda image: ImageEnhance.Contrast(image).enhance(0.1)),
        (operations.colour, 0.7, lambda image: ImageEnhance.Color(image).enhance(1.7)),
        (operations.colour, -1, lambda image: ImageEnhance.Color(image).enhance(0.0)),
        (operations.sharpness, 0.9, lambda image: ImageEnhance.Sharpness(image).enhance(1.9)),
        (operations.sharpness, -0.9, lambda image: ImageEnhance.Sharpness(image).enhance(0.1)),
        (operations.posterize, 4, lambda image: ImageOps.posterize(image, 4)),
        (operations.posterize, 1.2, lambda image: ImageOps.posterize(image, 7)),
        (operations.solarize, 100, lambda image: ImageOps.solarize(image, 155)),
        (operations.autocontrast, 0, ImageOps.autocontrast),
        (operations.equalize, 0, ImageOps.equalize),
    ],
    ids=lambda argument: getattr(argument, "__name__", str(argument)),
)
def test_as_pillow(operation, strength, pillow, images):
    expected = np.stack([np.asarray(pillow(Image.fromarray(image))) for image in images])
    # Pillow truncates where kspec rounds, also inside the grey image: two levels at most.
    tolerance = 0 if operation in (operations.posterize, operations.solarize, operations.equalize) else 2
    np.testing.assert_allclose(_run(operation, images, strength), expected, atol=tolerance)


def test_translations_in_whole_pixels():
    # A quarter of 24 columns is 6, of 20 rows 5.
    right = np.pad(IMAGES[:, :, :-6], ((0, 0), (0, 0), (6, 0), (0, 0)))
    np.testing.assert_array_equal(_run(operations.translate_x, IMAGES, 0.25), right)
    up = np.pad(IMAGES[:, 5:], ((0, 0), (0, 5), (0, 0), (0, 0)))
    np.testing.assert_array_equal(_run(operations.translate_y, IMAGES, -0.25), up)


def test_rotation_in_degrees():
    square = IMAGES[:, :, :20]
    np.testing.assert_array_equal(_run(operations.rotate, square, 90), np.rot90(square, 1, axes=(1, 2)))


def test_shear_moves_rows_about_the_centre():
    images = np.zeros((1, 5, 9, 1), "uint8")
    images[0, :, 4] = 255
    # One pixel per row: a vertical line becomes a diagonal one.
    rows, columns = np.nonzero(_run(operations.shear_x, images, 1)[0, :, :, 0])
    assert rows.tolist() == [0, 1, 2, 3, 4]
    assert columns.tolist() in ([2, 3, 4, 5, 6], [6, 5, 4, 3, 2])
    transposed = _run(operations.shear_y, images.transpose(0, 2, 1, 3), 1)
    np.testing.assert_array_equal(transposed, _run(operations.shear_x, images, 1).transpose(0, 2, 1, 3))


def test_a_single_value_stays():
    flat = np.full((1, 6, 6, 3), 77, "uint8")
    for operation in (operations.autocontrast, operations.equalize, operations.contrast, operations.sharpness):
        np.testing.assert_array_equal(_run(operation, flat, 0.5), flat, err_msg=operation.__name__)
