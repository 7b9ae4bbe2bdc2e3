"""Arithmetic on pixels that several augmentations share. Images are (batch, height, width, channels)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

ROW = (-1, 1, 1, 1)
"""The shape that gives each image of a batch its own number: `tf.reshape(numbers, ROW)`."""


def interval(name: str, factor: Any, lowest: float, highest: float, symmetric: bool) -> tuple[float, float]:
    """The lower and upper bound that a Keras `factor` argument means.

    factor: two bounds in any order; or one number f, which means (-|f|, |f|) if symmetric, else (0, f).
    Raises ValueError, naming the argument, unless both bounds lie in lowest..highest.
    """
    if isinstance(factor, Sequence) and not isinstance(factor, str) and len(factor) == 2:
        lower, upper = sorted(float(bound) for bound in factor)
    elif isinstance(factor, int | float):
        lower, upper = (-abs(float(factor)), abs(float(factor))) if symmetric else (0.0, float(factor))
    else:
        raise ValueError(f"{name} must be a number or two numbers, not {factor!r}")
    if not lowest <= lower <= upper <= highest:
        raise ValueError(f"{name} must lie in {lowest:g}..{highest:g}, not {factor!r}")
    return lower, upper


def value_bounds(value_range: Any) -> tuple[float, float]:
    """The smallest and largest pixel value; ValueError unless they are two different numbers in this order."""
    if isinstance(value_range, str) or len(value_range) != 2 or not value_range[0] < value_range[1]:
        raise ValueError(f"value_range must be two rising numbers such as [0, 255], not {value_range!r}")
    return float(value_range[0]), float(value_range[1])


def plain(argument: Any) -> Any:
    """A constructor argument as get_config holds it: a tuple becomes a list, as it does in a saved file."""
    return list(argument) if isinstance(argument, Sequence) and not isinstance(argument, str) else argument


def restore(values: tf.Tensor, dtype: tf.DType, bounds: tuple[float, float] | None = None) -> tf.Tensor:
    """float32 pixel values as the type they came in: clipped to `bounds` if given, and rounded for integers.

    Raises ValueError for uint8 with bounds other than 0..255: the values of such images always fill that range.
    """
    if dtype == tf.uint8:
        if bounds not in (None, (0.0, 255.0)):
            raise ValueError(f"value_range must be [0, 255] for uint8 images, not {bounds}")
        return tf.saturate_cast(tf.round(values), dtype)
    if bounds is not None:
        values = tf.clip_by_value(values, *bounds)
    return tf.cast(tf.round(values) if dtype.is_integer else values, dtype)


def scale_saturation(images: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Multiplies the saturation of HSV, at most to 1; hue and value stay.

    images: float32 (batch, height, width, 3), 0 is black. factors: float32 (batch,).
    With value v = max(r, g, b) and saturation s = (v - min) / v, a channel is x = v - s v t with t fixed by the hue. So
    scaling s scales the distance of x from v, and there is no need to go through HSV.
    """
    # Channel by channel: reductions over an axis of three are slow.
    red, green, blue = tf.unstack(images, axis=-1)
    value = tf.maximum(tf.maximum(red, green), blue)
    spread = value - tf.minimum(tf.minimum(red, green), blue)
    # At most 1/s, which is full saturation; grey pixels (spread 0) have no distance to scale.
    scale = tf.minimum(tf.reshape(factors, ROW[:3]), tf.math.divide_no_nan(value, spread))
    return images * scale[..., None] + (value * (1 - scale))[..., None]


def rotate_hue(images: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """Moves the hue of HSV by fractions of the colour circle.

    images: float32 (batch, height, width, 3), 0 is black. turns: float32 (batch,).
    """
    hue, saturation, value = tf.unstack(tf.image.rgb_to_hsv(images), axis=-1)
    hue = tf.math.floormod(hue + tf.reshape(turns, ROW[:3]), 1.0)
    return tf.image.hsv_to_rgb(tf.stack([hue, saturation, value], axis=-1))


def inside(start: tf.Tensor, length: tf.Tensor, size: tf.Tensor | int) -> tf.Tensor:
    """Which of the positions 0..size-1 lie in start..start+length-1, for each example: bool (batch, size).

    start, length: int32 (batch,). The part of an interval that lies outside is simply not there.
    """
    positions = tf.range(size)[None]
    return (positions >= start[:, None]) & (positions < (start + length)[:, None])


def random_pixels(seed: tf.Tensor, shape: tf.Tensor) -> list[tf.Tensor]:
    """A pixel for each example, all equally likely: rows and columns, int32 (batch,) each. shape: of the images."""
    drawn = tf.random.stateless_uniform([2, shape[0]], seed)
    places: list[tf.Tensor] = tf.unstack(tf.cast(drawn * tf.cast(shape[1:3, None], tf.float32), tf.int32))
    return places
