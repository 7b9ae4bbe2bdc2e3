import numpy as np
import pytest

from kspec.builders.data.images import fitted
from kspec.errors import DataError
from kspec.spec.data import Image


def image(**settings: object) -> Image:
    return Image.model_validate(settings)


def test_a_plain_colour_stays_what_it_is() -> None:
    red = np.zeros((2, 6, 8, 3), np.uint8)
    red[..., 0] = 200
    result = np.asarray(fitted(red, image(size=[3, 4])))
    assert result.shape == (2, 3, 4, 3) and result.dtype == np.uint8
    assert (result == np.array([200, 0, 0])).all()


def test_nearest_repeats_pixels() -> None:
    tiny = np.array([[[1], [2]], [[3], [4]]], np.uint8)
    result = np.asarray(fitted(tiny, image(size=[4, 4], interpolation="nearest")))
    assert result[..., 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


def test_cropping_keeps_the_middle() -> None:
    wide = np.zeros((4, 8, 1), np.uint8)
    wide[:, 2:6] = 100
    assert (np.asarray(fitted(wide, image(size=[2, 2], crop_to_aspect_ratio=True))) == 100).all()


def test_channels() -> None:
    grey = np.full((1, 2, 2, 1), 7, np.uint8)
    assert np.asarray(fitted(grey, image(channels=3))).tolist() == np.full((1, 2, 2, 3), 7).tolist()
    # 0.299 * 100 + 0.587 * 50 + 0.114 * 10 = 60.39, rounded
    colour = np.array([[[[100, 50, 10]]]], np.uint8)
    assert np.asarray(fitted(colour, image(channels=1))).tolist() == [[[[60]]]]
    with pytest.raises(DataError, match="4 channels cannot become 3"):
        fitted(np.zeros((1, 2, 2, 4), np.uint8), image(channels=3))
