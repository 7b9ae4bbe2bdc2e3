"""RandAugment, with its own operations for every example."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kspec.parts.augmentation import operations
from kspec.parts.augmentation.base import PerSampleAugmentation
from kspec.parts.augmentation.operations import Operation
from kspec.parts.augmentation.pixels import plain, restore, value_bounds

LARGEST_MAGNITUDE = 30

# (operation, strength at the largest magnitude, whether the sign is drawn). Source: Cubuk et al., arXiv:1909.13719,
# section 3, for the operations; Cubuk et al., arXiv:1805.09501, table 6, for the strengths.
OPERATIONS: tuple[tuple[Operation, float, bool], ...] = (
    (operations.identity, 0.0, False),
    (operations.autocontrast, 0.0, False),
    (operations.equalize, 0.0, False),
    (operations.rotate, 30.0, True),
    (operations.solarize, 255.0, False),
    (operations.colour, 0.9, True),
    (operations.posterize, 4.0, False),
    (operations.contrast, 0.9, True),
    (operations.brightness, 0.9, True),
    (operations.sharpness, 0.9, True),
    (operations.shear_x, 0.3, True),
    (operations.shear_y, 0.3, True),
    (operations.translate_x, 150 / 331, True),
    (operations.translate_y, 150 / 331, True),
)


@keras.saving.register_keras_serializable(package="kspec")
class RandAugment(PerSampleAugmentation):
    """Applies `num_ops` random operations of one strength to each image.

    Source: Cubuk et al., arXiv:1909.13719, section 3.
    The fourteen operations of the paper: none, autocontrast, equalize, rotate, solarize, colour, posterize, contrast,
    brightness, sharpness, shear and translate in x and y. Unlike keras.layers.RandAugment, which draws one sequence
    for a whole batch and computes all operations, every example draws its own and only those are computed.
    Images are worked on as 256 whole levels; float images are rounded to such levels of value_range.

    num_ops: operations one after another, 2 by default (N of the paper).
    magnitude: 0..30 (M of the paper), 9 by default: rotation by 9 degrees and so on; 30 is 30 degrees, a shift by 45 %.
    value_range: smallest and largest pixel value, [0, 255] by default. seed: see PerSampleAugmentation.
    Raises ValueError for num_ops below 1 or a magnitude beyond 0..30.

    Example:
        keras.Sequential([RandAugment(num_ops=2, magnitude=9), keras.layers.Conv2D(16, 3)])
    """

    def __init__(self, num_ops: int = 2, magnitude: float = 9, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if num_ops < 1:
            raise ValueError(f"num_ops must be at least 1, not {num_ops}")
        if not 0 <= magnitude <= LARGEST_MAGNITUDE:
            raise ValueError(f"magnitude must lie in 0..{LARGEST_MAGNITUDE}, not {magnitude}")
        self._low, self._high = value_bounds(value_range)
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.value_range = plain(value_range)

    def augment(self, images: tf.Tensor, labels: Any, seed: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor) -> Any:
        """The images after num_ops operations and the same labels; see PerSampleAugmentation.augment."""
        scale = (self._high - self._low) / (operations.LEVELS - 1)
        levels = _whole((tf.cast(images, tf.float32) - self._low) / scale)
        shape = (self.num_ops, tf.shape(images)[0])
        seeds = tf.random.split(seed, 2)
        choices = tf.random.stateless_uniform(shape, seeds[0], maxval=len(OPERATIONS), dtype=tf.int32)
        signs = 2.0 * tf.cast(tf.random.stateless_uniform(shape, seeds[1], maxval=2, dtype=tf.int32), tf.float32) - 1.0
        for step in range(self.num_ops):
            levels = apply_chosen(levels, choices[step], signs[step], self.magnitude / LARGEST_MAGNITUDE)
        return restore(levels * scale + self._low, images.dtype, (self._low, self._high)), labels

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"num_ops": self.num_ops, "magnitude": self.magnitude, "value_range": self.value_range}
        return {**super().get_config(), **own}


def apply_chosen(levels: tf.Tensor, choices: tf.Tensor, signs: tf.Tensor, share: float) -> tf.Tensor:
    """Each image after its own operation of OPERATIONS; every operation sees only the images that chose it.

    levels: float32 (batch, height, width, channels), whole numbers 0..255; so is the result. choices: int32 (batch,),
    rows of OPERATIONS. signs: float32 (batch,), 1 or -1. share: of the largest strength, 0..1.
    """
    groups = tf.dynamic_partition(levels, choices, len(OPERATIONS))
    places = tf.dynamic_partition(tf.range(tf.shape(choices)[0]), choices, len(OPERATIONS))
    group_signs = tf.dynamic_partition(signs, choices, len(OPERATIONS))
    changed = []
    for (operation, strongest, signed), group, group_sign in zip(OPERATIONS, groups, group_signs, strict=True):
        strength = share * strongest * (group_sign if signed else tf.ones_like(group_sign))
        changed.append(operation(group, strength))
    result = tf.reshape(tf.dynamic_stitch(places, changed), tf.shape(levels))
    return _whole(tf.ensure_shape(result, levels.shape))


def _whole(levels: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.round(levels), 0.0, operations.LEVELS - 1.0)
