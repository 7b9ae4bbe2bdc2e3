"""Erasing a part of each image: random rectangles, and squares of a fixed size."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from kspec.parts.augmentation.base import PerSampleAugmentation
from kspec.parts.augmentation.pixels import ROW, inside, interval, plain, random_pixels, restore, value_bounds


@keras.saving.register_keras_serializable(package="kspec")
class Cutout(PerSampleAugmentation):
    """Replaces a square of each image by one colour. Source: DeVries and Taylor, arXiv:1708.04552, section 3.

    As in the paper the centre is any pixel, so near the border a part of the square lies outside the image.

    size: the square's side in pixels. The paper found 16 best for CIFAR-10 and 8 for CIFAR-100.
    fill_value: a number, or one for each channel. None (default) takes the image's own mean colour; the paper puts
    zeros into normalised images, which is the mean colour of the data set.
    seed: see PerSampleAugmentation.
    Raises ValueError for a size below 1.

    Example:
        keras.Sequential([Cutout(8), keras.layers.Conv2D(16, 3)])
    """

    def __init__(self, size: int, fill_value: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if size < 1:
            raise ValueError(f"size must be at least 1 pixel, not {size}")
        self.size = size
        self.fill_value = plain(fill_value)

    def augment(self, images: tf.Tensor, labels: Any, seed: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor) -> Any:
        """The images with a square missing and the same labels; see PerSampleAugmentation.augment."""
        batch, height, width = tf.unstack(tf.shape(images)[:3])
        centres = random_pixels(seed, tf.shape(images))
        first = [centre - self.size // 2 for centre in centres]
        length = tf.fill([batch], self.size)
        square = inside(first[0], length, height)[:, :, None, None] & inside(first[1], length, width)[:, None, :, None]
        return tf.where(square, self._fill(images), images), labels

    def _fill(self, images: tf.Tensor) -> tf.Tensor:
        if self.fill_value is not None:
            return tf.cast(self.fill_value, images.dtype)
        return restore(tf.reduce_mean(tf.cast(images, tf.float32), axis=(1, 2), keepdims=True), images.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size, "fill_value": self.fill_value}


@keras.saving.register_keras_serializable(package="kspec")
class RandomErasing(PerSampleAugmentation):
    """Replaces a random rectangle of an image, with a probability. Source: Zhong et al., arXiv:1708.04896, algorithm 1.

    factor: the probability that an image is changed, 1 by default. (keras.layers.RandomErasing draws a probability
    between 0 and `factor`, so that its 1.0 changes every second image.)
    scale: bounds of the rectangle's area as a fraction of the image's, [0.02, 0.33] by default as in Keras.
    ratio: bounds of height / width, [0.3, 3.3] by default, drawn on a log scale so that lying and standing rectangles
    are equally likely. A side longer than the image's is cut to it, where the paper draws again.
    fill_value: a number, or one for each channel; None (default) gives each pixel random values from value_range.
    value_range: smallest and largest pixel value, [0, 255] by default. seed: see PerSampleAugmentation.
    Raises ValueError for a factor or scale beyond 0..1, or a ratio that is not positive.

    Example:
        keras.Sequential([RandomErasing(0.25), keras.layers.Conv2D(16, 3)])
    """

    def __init__(
        self,
        factor: float = 1.0,
        scale: list[float] | tuple[float, float] = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        ratio: list[float] | tuple[float, float] = (0.3, 3.3),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not (isinstance(factor, int | float) and 0 <= factor <= 1):
            raise ValueError(f"factor must be a probability, a number in 0..1, not {factor!r}")
        self._scale = interval("scale", scale, 0, 1, symmetric=False)
        self._ratio = interval("ratio", ratio, 1e-3, 1e3, symmetric=False)
        self._bounds = value_bounds(value_range)
        self.factor = factor
        self.scale, self.ratio = plain(scale), plain(ratio)
        self.fill_value, self.value_range = plain(fill_value), plain(value_range)

    def augment(self, images: tf.Tensor, labels: Any, seed: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor) -> Any:
        """The images with rectangles missing and the same labels; see PerSampleAugmentation.augment."""
        seeds = tf.random.split(seed, 2)
        batch, height, width = tf.unstack(tf.shape(images)[:3])
        chance, area, ratio, top, left = tf.unstack(tf.random.stateless_uniform([5, batch], seeds[0]))
        side = tf.sqrt(_between(area, self._scale) * tf.cast(height * width, tf.float32))
        stretch = tf.exp(_between(ratio, (math.log(self._ratio[0]), math.log(self._ratio[1]))) / 2)
        erased_rows = _place(top, side * stretch, height)
        erased_columns = _place(left, side / stretch, width)
        erased = erased_rows[:, :, None, None] & erased_columns[:, None, :, None]
        erased &= tf.reshape(chance < self.factor, ROW)
        return tf.where(erased, self._fill(images, seeds[1]), images), labels

    def _fill(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        if self.fill_value is not None:
            return tf.cast(self.fill_value, images.dtype)
        noise = tf.random.stateless_uniform(tf.shape(images), seed, *self._bounds)
        return restore(noise, images.dtype, self._bounds)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"factor": self.factor, "scale": self.scale, "ratio": self.ratio}
        return {**super().get_config(), **own, "fill_value": self.fill_value, "value_range": self.value_range}


def _between(drawn: tf.Tensor, bounds: tuple[float, float]) -> tf.Tensor:
    return bounds[0] + (bounds[1] - bounds[0]) * drawn


def _place(drawn: tf.Tensor, length: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Which positions an interval of `length` covers that starts where `drawn` in 0..1 says: bool (batch, size)."""
    whole = tf.minimum(tf.cast(tf.round(length), tf.int32), size)
    places = tf.cast(size - whole + 1, tf.float32)
    return inside(tf.cast(drawn * places, tf.int32), whole, size)
