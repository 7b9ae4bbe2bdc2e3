"""A random crop of the padded image, with its own place for every example."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kspec.parts.augmentation.base import PerSampleAugmentation, gather_pixels

MODES = ("reflect", "constant")


@keras.saving.register_keras_serializable(package="kspec")
class RandomCrop(PerSampleAugmentation):
    """Pads each image by `padding` pixels a side and cuts the original size out at a random place.

    Unlike `keras.layers.RandomCrop`, which draws one place for a whole batch, every example gets its own.
    Source: the augmentation of He et al., arXiv:1512.03385, section 4.2 (padding 4, zeros).

    padding: pixels a side, 4 by default; each of the (2 padding + 1)^2 places is equally likely.
    mode: "reflect" mirrors the image at its border without repeating the border pixel (default); "constant" puts
    `fill_value`.
    fill_value: 0 by default. seed: see PerSampleAugmentation.
    Raises ValueError for a negative padding, an unknown mode, or a reflection wider than the image.

    Example:
        keras.Sequential([RandomCrop(padding=4), keras.layers.Conv2D(16, 3)])
    """

    def __init__(self, padding: int = 4, mode: str = "reflect", fill_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if padding < 0:
            raise ValueError(f"padding must be at least 0, not {padding}")
        if mode not in MODES:
            raise ValueError(f"mode must be one of {MODES}, not {mode!r}")
        self.padding = padding
        self.mode = mode
        self.fill_value = fill_value

    def augment(self, images: tf.Tensor, labels: Any, seed: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor) -> Any:
        """The shifted images and the same labels; see PerSampleAugmentation.augment."""
        height, width = images.shape[1:3]
        if self.mode == "reflect" and self.padding >= min(height, width):
            raise ValueError(f"images of {height}x{width} cannot be reflected by {self.padding} pixels")
        shape = (tf.shape(images)[0], 2)
        offsets = tf.random.stateless_uniform(shape, seed, -self.padding, self.padding + 1, dtype=tf.int32)
        rows = tf.range(height)[None] + offsets[:, :1]
        columns = tf.range(width)[None] + offsets[:, 1:]
        if self.mode == "constant":
            return gather_pixels(images, rows, columns, self.fill_value), labels
        return gather_pixels(images, _reflect(rows, height), _reflect(columns, width)), labels

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"padding": self.padding, "mode": self.mode, "fill_value": self.fill_value}
        return {**super().get_config(), **own}


def _reflect(positions: tf.Tensor, size: int) -> tf.Tensor:
    """Positions mirrored into 0..size-1: -1 becomes 1, size becomes size - 2."""
    return (size - 1) - tf.abs((size - 1) - tf.abs(positions))
