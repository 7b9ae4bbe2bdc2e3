"""The operations of RandAugment on whole batches, each with a strength for every example.

Images are float32 (batch, height, width, channels) whose values are the whole numbers 0..255, strengths float32
(batch,). The results may lie outside 0..255 or between whole numbers; the caller clips and rounds. They follow
Pillow's operations of the same names, from which AutoAugment and RandAugment were built.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from kspec.parts.augmentation import affine
from kspec.parts.augmentation.pixels import ROW

Operation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
LEVELS = 256


def identity(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """The images; strength is ignored."""
    return images


def rotate(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Rotates by `strength` degrees counter-clockwise, filled with black."""
    return _warp(images, affine.rotation(strength / 360, _size(images)))


def shear_x(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Shears rows: x moves by `strength` pixels per pixel of y."""
    return _warp(images, affine.shear(tf.zeros_like(strength), strength, _size(images)))


def shear_y(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Shears columns: y moves by `strength` pixels per pixel of x."""
    return _warp(images, affine.shear(strength, tf.zeros_like(strength), _size(images)))


def translate_x(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Moves to the right by `strength` of the width, in whole pixels."""
    size = _size(images)
    return _warp(images, affine.translation(tf.zeros_like(strength), tf.round(strength * size[1]), size))


def translate_y(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Moves down by `strength` of the height, in whole pixels."""
    size = _size(images)
    return _warp(images, affine.translation(tf.round(strength * size[0]), tf.zeros_like(strength), size))


def brightness(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Scales by 1 + strength: -1 is black."""
    return images * tf.reshape(1 + strength, ROW)


def contrast(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Scales the distance from the mean grey by 1 + strength: -1 is grey all over."""
    return _away(images, tf.round(tf.reduce_mean(_grey(images), axis=(1, 2, 3), keepdims=True)), strength)


def colour(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Scales the distance from the grey image by 1 + strength: -1 is the grey image."""
    return _away(images, _grey(images), strength)


def sharpness(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Scales the distance from the smoothed image by 1 + strength. The outermost pixels are not smoothed.

    The smoothing kernel is Pillow's SMOOTH: 5 in the middle of a 3x3 square of ones, divided by 13.
    """
    middle = images[:, 1:-1, 1:-1]
    smooth = tf.round((9 * tf.nn.avg_pool2d(images, 3, 1, "VALID") + 4 * middle) / 13)
    change = tf.pad(middle - smooth, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return images + tf.reshape(strength, ROW) * change


def posterize(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Clears the lowest `strength` of the 8 bits."""
    step = tf.reshape(2.0 ** tf.round(strength), ROW)
    return tf.floor(images / step) * step


def solarize(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Inverts the pixels of 255 - strength and above."""
    return tf.where(images >= tf.reshape(LEVELS - 1 - strength, ROW), LEVELS - 1 - images, images)


def autocontrast(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Stretches each channel so that it reaches from 0 to 255; one of a single value stays. Strength is ignored."""
    low = tf.reduce_min(images, axis=(1, 2), keepdims=True)
    high = tf.reduce_max(images, axis=(1, 2), keepdims=True)
    return tf.where(high > low, tf.math.divide_no_nan((images - low) * (LEVELS - 1), high - low), images)


def equalize(images: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Spreads each channel's values so that all are about equally frequent, as Pillow does. Strength is ignored."""
    batch, channels = tf.shape(images)[0], tf.shape(images)[3]
    row = tf.range(batch)[:, None, None, None] * channels + tf.range(channels)
    bins = row * LEVELS + tf.cast(images, tf.int32)
    flat = tf.reshape(bins, [-1])
    counts = tf.math.unsorted_segment_sum(tf.ones_like(flat), flat, batch * channels * LEVELS)
    table = _equalizing(tf.reshape(counts, (-1, LEVELS)))
    return tf.gather(tf.reshape(table, [-1]), bins)


def _equalizing(counts: tf.Tensor) -> tf.Tensor:
    """Histograms (n, 256) int32 to the new value of each level, float32 (n, 256)."""
    levels = tf.range(LEVELS)
    highest = tf.reduce_max(tf.where(counts > 0, levels, 0), axis=1)
    last = tf.gather(counts, highest, axis=1, batch_dims=1)
    step = ((tf.reduce_sum(counts, axis=1) - last) // (LEVELS - 1))[:, None]
    # Step 0: too few pixels, or a single value, and Pillow leaves the channel alone.
    spread = (tf.cumsum(counts, axis=1, exclusive=True) + step // 2) // tf.maximum(step, 1)
    return tf.cast(tf.where(step > 0, tf.minimum(spread, LEVELS - 1), levels), tf.float32)


def _warp(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    return affine.warp(images, transforms, "constant", "bilinear")


def _size(images: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.shape(images)[1:3], tf.float32)


def _away(images: tf.Tensor, origin: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    return origin + tf.reshape(1 + strength, ROW) * (images - origin)


def _grey(images: tf.Tensor) -> tf.Tensor:
    """The luma of ITU-R BT.601 for three channels, else the mean of the channels: (batch, height, width, 1)."""
    if images.shape[-1] != 3:
        return tf.reduce_mean(images, axis=-1, keepdims=True)
    return tf.reduce_sum(images * tf.constant([0.299, 0.587, 0.114]), axis=-1, keepdims=True)
