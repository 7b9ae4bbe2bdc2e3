"""MixUp and CutMix: each example blended with another one of its batch, labels included."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kspec.parts.augmentation.base import PerSampleAugmentation
from kspec.parts.augmentation.pixels import ROW, inside, random_pixels, restore


class _Mixing(PerSampleAugmentation):
    """Blends each example with a random one of the batch, with a share drawn from Beta(alpha, alpha) for every example.

    In Keras code call it, as Keras' layers of these names, with {"images": ..., "labels": ...}.
    """

    def __init__(self, alpha: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not (isinstance(alpha, int | float) and alpha > 0):
            raise ValueError(f"alpha must be a positive number, not {alpha!r}")
        self.alpha = alpha

    def mix(
        self, images: tf.Tensor, others: tf.Tensor, share: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The blended images, and the share of the labels of `images`, float32 (batch,)."""
        raise NotImplementedError(f"{type(self).__name__} must define mix()")

    def augment(self, images: tf.Tensor, labels: Any, seed: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor) -> Any:
        """The blended images and labels; labels: float (batch, ...). See PerSampleAugmentation.augment.

        Raises ValueError for labels that are not floating-point: class ids cannot be blended.
        """
        if not labels.dtype.is_floating:
            name = type(self).__name__
            raise ValueError(
                f"{name} blends labels: they must be floating-point, e.g. one-hot, not {labels.dtype.name}"
            )
        seeds = tf.random.split(seed, 3)
        batch = tf.shape(images)[0]
        partner = tf.argsort(tf.random.stateless_uniform([batch], seeds[0]))
        share = symmetric_beta(batch, float(self.alpha), seeds[1])
        mixed, share = self.mix(images, tf.gather(images, partner), share, seeds[2])
        weight = tf.cast(tf.reshape(share, (-1, *[1] * (labels.shape.rank - 1))), labels.dtype)
        return mixed, weight * labels + (1 - weight) * tf.gather(labels, partner)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The blended {"images": ..., "labels": ...} when training, else the inputs. ValueError for images alone."""
        if not isinstance(inputs, dict):
            raise ValueError(f'{type(self).__name__} blends labels too: call it with {{"images": ..., "labels": ...}}')
        if not training:
            return inputs
        seed = tf.cast(self._generator.next(), tf.int32)
        images = inputs["images"]
        index = tf.range(tf.shape(images, tf.int64)[0])
        images, labels = self.augment(images, inputs["labels"], seed, index, tf.constant(0, tf.int64))
        return {**inputs, "images": images, "labels": labels}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha}


@keras.saving.register_keras_serializable(package="kspec")
class MixUp(_Mixing):
    """Blends each image, and its label, with another of the batch. Source: Zhang et al., arXiv:1710.09412, equation 1.

    The share is drawn for every example (the paper's code draws one for a batch). Labels must be one-hot, or numbers.
    In Keras code call it with {"images": ..., "labels": ...}, as keras.layers.MixUp.

    alpha: of Beta(alpha, alpha), from which the share comes; 0.2 by default: mostly little mixing. 1 is uniform.
    seed: see PerSampleAugmentation.
    Raises ValueError for an alpha that is not positive, or integer labels.

    Example:
        MixUp(alpha=0.2)({"images": images, "labels": keras.ops.one_hot(ids, 10)}, training=True)
    """

    def __init__(self, alpha: float = 0.2, **kwargs: Any) -> None:
        super().__init__(alpha, **kwargs)

    def mix(
        self, images: tf.Tensor, others: tf.Tensor, share: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """share * images + (1 - share) * others; see _Mixing.mix."""
        first, second = tf.cast(images, tf.float32), tf.cast(others, tf.float32)
        return restore(second + tf.reshape(share, ROW) * (first - second), images.dtype), share


@keras.saving.register_keras_serializable(package="kspec")
class CutMix(_Mixing):
    """Replaces a rectangle of each image by that of another of the batch.

    Source: Yun et al., arXiv:1905.04899, section 3.1.
    The rectangle has the image's aspect ratio, and its centre is any pixel, so that it may be cut off at the border.
    Labels are blended by the area that was really replaced. Share and place are drawn for every example.
    In Keras code call it with {"images": ..., "labels": ...}, as keras.layers.CutMix.

    alpha: of Beta(alpha, alpha), from which the share of the first image comes; 1 by default: uniform.
    seed: see PerSampleAugmentation.
    Raises ValueError for an alpha that is not positive, or integer labels.

    Example:
        CutMix(alpha=1.0)({"images": images, "labels": keras.ops.one_hot(ids, 10)}, training=True)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(alpha, **kwargs)

    def mix(
        self, images: tf.Tensor, others: tf.Tensor, share: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The images with a rectangle of the others, and the share of the area that is left; see _Mixing.mix."""
        height, width = tf.unstack(tf.shape(images)[1:3])
        centres = random_pixels(seed, tf.shape(images))
        side = tf.sqrt(1 - share)
        rows = _around(centres[0], side, height)
        columns = _around(centres[1], side, width)
        replaced = _count(rows) * _count(columns)
        left = 1 - replaced / tf.cast(height * width, tf.float32)
        return tf.where(rows[:, :, None, None] & columns[:, None, :, None], others, images), left


def symmetric_beta(count: tf.Tensor | int, alpha: float, seed: tf.Tensor) -> tf.Tensor:
    """`count` numbers from Beta(alpha, alpha), float32 (count,); alpha is positive.

    X / (X + Y) with X, Y ~ Gamma(alpha), in logarithms by Gamma(alpha) ~ Gamma(alpha + 1) U^(1 / alpha), because for a
    small alpha both X and Y would underflow to 0. Source: Marsaglia and Tsang 2000, ACM TOMS 26(3), section 6.
    """
    seeds = tf.random.split(seed, 2)
    gammas = tf.random.stateless_gamma([2, count], seeds[0], alpha + 1)
    # 1 - u, as u may be 0.
    uniforms = 1 - tf.random.stateless_uniform([2, count], seeds[1])
    logs = tf.math.log(gammas) + tf.math.log(uniforms) / alpha
    return tf.sigmoid(logs[0] - logs[1])


def _around(centre: tf.Tensor, fraction: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Positions covered by an interval of `fraction` of the size around the centre: bool (batch, size)."""
    length = tf.cast(tf.round(fraction * tf.cast(size, tf.float32)), tf.int32)
    return inside(centre - length // 2, length, size)


def _count(covered: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(covered, tf.float32), axis=1)
