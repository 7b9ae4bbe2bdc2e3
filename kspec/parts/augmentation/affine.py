"""Affine transformations of images, a different one for each example, as one TensorFlow operation."""

from __future__ import annotations

import tensorflow as tf

from kspec.parts.augmentation.pixels import restore

FILL_MODES = ("reflect", "constant", "nearest", "wrap")
INTERPOLATIONS = ("bilinear", "nearest")


def about_centre(
    linear: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], down: tf.Tensor, right: tf.Tensor, size: tf.Tensor
) -> tf.Tensor:
    """Transformations for `warp` that keep the centre of the image where it is, except for a shift.

    linear: a, b, c, d, each float32 (batch,): the output pixel at (x, y) from the centre shows the input at
    (a x + b y, c x + d y) from the centre; x grows to the right and y downwards. down, right: float32 (batch,), the
    shift of the whole in pixels. size: float32 (2,), height and width. Returns float32 (batch, 8).
    """
    a, b, c, d = linear
    middle_y, middle_x = (size[0] - 1) / 2, (size[1] - 1) / 2
    from_x, from_y = middle_x + right, middle_y + down
    none = tf.zeros_like(a)
    return tf.stack([a, b, middle_x - a * from_x - b * from_y, c, d, middle_y - c * from_x - d * from_y, none, none], 1)


def rotation(turns: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Rotations about the centre, counter-clockwise by a fraction of a full turn. turns: float32 (batch,)."""
    angle = turns * 6.283185307179586
    cos, sin, none = tf.cos(angle), tf.sin(angle), tf.zeros_like(angle)
    return about_centre((cos, -sin, sin, cos), none, none, size)


def scaling(vertical: tf.Tensor, horizontal: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Zooms about the centre; 1 changes nothing, 2 shows twice as much at half the size. float32 (batch,) each."""
    none = tf.zeros_like(vertical)
    return about_centre((horizontal, none, none, vertical), none, none, size)


def translation(down: tf.Tensor, right: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Shifts in pixels. down, right: float32 (batch,)."""
    one, none = tf.ones_like(down), tf.zeros_like(down)
    return about_centre((one, none, none, one), down, right, size)


def shear(vertical: tf.Tensor, horizontal: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Shears about the centre: y moves by `vertical` pixels per pixel of x, x by `horizontal` per pixel of y."""
    one, none = tf.ones_like(vertical), tf.zeros_like(vertical)
    return about_centre((one, horizontal, vertical, one), none, none, size)


def warp(
    images: tf.Tensor, transforms: tf.Tensor, fill_mode: str, interpolation: str, fill_value: float = 0.0
) -> tf.Tensor:
    """The transformed images, of the same shape and type. transforms: float32 (batch, 8), see `about_centre`.

    fill_mode and interpolation: see FILL_MODES, INTERPOLATIONS; fill_value counts for "constant".
    """
    # The operation truncates integers: half a grey level too dark, and a whole one after a rotation by 90 degrees.
    exact = interpolation == "nearest" or images.dtype.is_floating
    result = tf.raw_ops.ImageProjectiveTransformV3(
        images=images if exact else tf.cast(images, tf.float32),
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=float(fill_value),
        interpolation=interpolation.upper(),
        fill_mode=fill_mode.upper(),
    )
    result = tf.ensure_shape(result, images.shape)
    return result if exact else restore(result, images.dtype)
