"""Random brightness, contrast, saturation and hue, drawn for every example."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kspec.parts.augmentation.base import PerSampleAugmentation
from kspec.parts.augmentation.pixels import (
    ROW,
    interval,
    plain,
    restore,
    rotate_hue,
    scale_saturation,
    value_bounds,
)

# As keras.config.epsilon(): keeps full saturation, 1 / (1 - 1), a finite factor.
_EPSILON = 1e-7


class _Colour(PerSampleAugmentation):
    """A change of colour by a factor that is drawn for every example."""

    def __init__(self, factor: Any, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._bounds = self.bounds(factor)
        self._low, self._high = value_bounds(value_range)
        self.factor = plain(factor)
        self.value_range = plain(value_range)

    def bounds(self, factor: Any) -> tuple[float, float]:
        """The bounds between which the numbers are drawn."""
        raise NotImplementedError(f"{type(self).__name__} must define bounds()")

    def change(self, images: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        """The changed images; float32, pixels in value_range. drawn: float32 (batch,)."""
        raise NotImplementedError(f"{type(self).__name__} must define change()")

    def draw(self, seed: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
        """A number for each example, float32 (batch,)."""
        return tf.random.stateless_uniform([batch], seed, *self._bounds)

    def augment(self, images: tf.Tensor, labels: Any, seed: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor) -> Any:
        """The images in new colours, clipped to value_range, and the same labels; see PerSampleAugmentation.augment."""
        changed = self.change(tf.cast(images, tf.float32), self.draw(seed, tf.shape(images)[0]))
        return restore(changed, images.dtype, (self._low, self._high)), labels

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


@keras.saving.register_keras_serializable(package="kspec")
class RandomBrightness(_Colour):
    """Adds a random amount to each image; the arguments are those of keras.layers.RandomBrightness.

    factor: bounds of what is added as a fraction of value_range: -1 is black, 1 is white; 0.2 means -0.2..0.2.
    value_range: smallest and largest pixel value, [0, 255] by default; the result is clipped to it. seed: see
    PerSampleAugmentation.
    Raises ValueError for a factor beyond -1..1.

    Example:
        keras.Sequential([RandomBrightness(0.2), keras.layers.Conv2D(16, 3)])
    """

    def bounds(self, factor: Any) -> tuple[float, float]:
        """-factor..factor; see _Colour.bounds."""
        return interval("factor", factor, -1, 1, symmetric=True)

    def change(self, images: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        """Adds; see _Colour.change."""
        return images + tf.reshape(drawn, ROW) * (self._high - self._low)


@keras.saving.register_keras_serializable(package="kspec")
class RandomContrast(_Colour):
    """Scales the distance of each pixel from its image's mean, channel by channel, as keras.layers.RandomContrast says.

    factor: [lower, upper], each in 0..1, gives a scale in 1 - lower..1 + upper; one number stands for both. (Keras 3.15
    documents this, but with one number its layer only raises the contrast, and it sorts the two.)
    value_range: smallest and largest pixel value, [0, 255] by default; the result is clipped to it. seed: see
    PerSampleAugmentation.
    Raises ValueError for a factor beyond 0..1.

    Example:
        keras.Sequential([RandomContrast(0.2), keras.layers.Conv2D(16, 3)])
    """

    def bounds(self, factor: Any) -> tuple[float, float]:
        """1 - lower..1 + upper; see _Colour.bounds."""
        interval("factor", factor, 0, 1, symmetric=False)
        lower, upper = (factor, factor) if isinstance(factor, int | float) else factor
        return 1.0 - lower, 1.0 + upper

    def change(self, images: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        """Scales about the mean; see _Colour.change."""
        mean = tf.reduce_mean(images, axis=(1, 2), keepdims=True)
        return (images - mean) * tf.reshape(drawn, ROW) + mean


@keras.saving.register_keras_serializable(package="kspec")
class RandomSaturation(_Colour):
    """Scales the saturation of each image; the arguments are those of keras.layers.RandomSaturation.

    factor: bounds in 0..1; f scales the saturation by f / (1 - f): 0 is grey, 0.5 changes nothing, 1 is as colourful as
    possible. One number f means 0..f. Give [0.4, 0.6] for a mild change both ways.
    (Keras 3.15 does not keep the saturation at 1 or below where pixels go to 255, so colours leave the range.)
    value_range: smallest and largest pixel value, [0, 255] by default. seed: see PerSampleAugmentation.
    Raises ValueError for a factor beyond 0..1, or images without three channels.

    Example:
        keras.Sequential([RandomSaturation((0.4, 0.6)), keras.layers.Conv2D(16, 3)])
    """

    def bounds(self, factor: Any) -> tuple[float, float]:
        """0..factor; see _Colour.bounds."""
        return interval("factor", factor, 0, 1, symmetric=False)

    def change(self, images: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        """Scales the saturation; see _Colour.change."""
        _need_colours(self, images)
        return scale_saturation(images - self._low, drawn / (1 - drawn + _EPSILON)) + self._low


@keras.saving.register_keras_serializable(package="kspec")
class RandomHue(_Colour):
    """Turns the colours of each image around the colour circle; the arguments are those of keras.layers.RandomHue.

    factor: bounds in 0..1 of the size of the turn, in half circles; the direction is drawn too. One number f means
    0..f.
    value_range: smallest and largest pixel value, [0, 255] by default. seed: see PerSampleAugmentation.
    Raises ValueError for a factor beyond 0..1, or images without three channels.

    Example:
        keras.Sequential([RandomHue(0.1), keras.layers.Conv2D(16, 3)])
    """

    def bounds(self, factor: Any) -> tuple[float, float]:
        """0..factor; see _Colour.bounds."""
        return interval("factor", factor, 0, 1, symmetric=False)

    def draw(self, seed: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
        """A part of the colour circle for each example, positive or negative; see _Colour.draw."""
        lower, upper = self._bounds
        drawn = tf.random.stateless_uniform([batch], seed, -1, 1)
        # One draw gives size and direction: |drawn| is uniform in 0..1 and independent of the sign.
        return tf.sign(drawn) * (lower + (upper - lower) * tf.abs(drawn)) / 2

    def change(self, images: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        """Turns the hue; see _Colour.change."""
        _need_colours(self, images)
        return rotate_hue(images - self._low, drawn) + self._low


def _need_colours(layer: keras.layers.Layer, images: tf.Tensor) -> None:
    if images.shape[-1] != 3:
        raise ValueError(f"{type(layer).__name__} needs images with three channels, not {images.shape[-1]}")
