"""Images at one size and with the channels the spec asks for; the same for every source, and for new images later."""

from __future__ import annotations

from typing import Any

from kspec.errors import DataError, Problem
from kspec.spec.data import Image


def fitted(images: Any, settings: Image) -> Any:
    """Images (h, w, c) or (n, h, w, c) resized and converted as `data.image` says: a tensor of the same dtype.

    Resizing is `keras.ops.image.resize` with antialiasing, so that a smaller image holds no aliases. 3 channels become
    1 by the weights of ITU-R BT.601, as in TensorFlow and Pillow; 1 becomes 3 by repetition.
    """
    import keras

    dtype = images.dtype
    x = keras.ops.cast(images, "float32")
    if settings.size is not None:
        x = keras.ops.image.resize(
            x,
            settings.size,
            interpolation=settings.interpolation,
            antialias=settings.interpolation != "nearest",
            crop_to_aspect_ratio=settings.crop_to_aspect_ratio,
            data_format="channels_last",
        )
    x = _channels(x, settings.channels)
    if keras.backend.standardize_dtype(dtype) == "uint8":
        x = keras.ops.clip(keras.ops.round(x), 0, 255)
    return keras.ops.cast(x, keras.backend.standardize_dtype(dtype))


def _channels(x: Any, wanted: int | None) -> Any:
    import keras

    held = x.shape[-1]
    if wanted is None or wanted == held:
        return x
    if wanted == 1 and held == 3:
        return keras.ops.image.rgb_to_grayscale(x, data_format="channels_last")
    if wanted == 3 and held == 1:
        return keras.ops.repeat(x, 3, axis=-1)
    raise DataError(Problem(("data", "image", "channels"), f"images of {held} channels cannot become {wanted}"))
