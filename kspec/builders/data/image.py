"""Images: kept as stored, or brought to the size and channels that the spec asks for, also in the saved model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kspec.builders.data.images import fitted
from kspec.builders.data.prepared import Prepared, Splits, each_split, train_features
from kspec.errors import DataError, Problem
from kspec.spec.data import Image

BATCH = 512


def prepare_images(splits: Splits, image: Image) -> Prepared:
    """The splits as images (n, height, width, channels), of the type as stored.

    The preprocessor, where size or channels are set, does the same to a user's images of any size. It reads the type as
    stored and gives float32; `input_dtype` is float32 too, since augmentation turns uint8 into floats.

    Raises:
        DataError: the images differ in size and `data.image.size` is not set.
    """
    stored = np.shape(train_features(splits))[1:]
    if len(stored) != 3:
        expected = "data.image.size: [height, width]"
        raise DataError(Problem(("data", "image", "size"), "the images differ in size", expected, "no size"))
    ready = each_split(splits, lambda x: fit(np.asarray(x), image))
    shape = tuple(np.shape(train_features(ready))[1:])
    if image.size is None and shape == stored:
        return Prepared(ready, shape, "float32")
    size = (None, None) if image.size is not None else stored[:2]
    dtype = train_features(splits).dtype.name
    return Prepared(ready, shape, "float32", _model((*size, stored[2]), dtype, image))


def _model(shape: tuple[int | None, ...], dtype: str, image: Image) -> Any:
    inputs = keras.Input(shape, dtype=dtype, name="image")
    return keras.Model(inputs, keras.ops.cast(fitted(inputs, image), "float32"), name="preprocessor")


def fit(images: np.ndarray, image: Image) -> np.ndarray:
    """Images (n, height, width, channels) in the size and channels of the spec; the same array where they are so."""
    held = images.shape[1:]
    wanted = (*(image.size or held[:2]), image.channels or held[2])
    if held == wanted or not len(images):
        return images
    result = np.empty((len(images), *wanted), images.dtype)
    for start in range(0, len(images), BATCH):
        result[start : start + BATCH] = fitted(images[start : start + BATCH], image)
    return result
