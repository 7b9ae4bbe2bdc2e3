"""Contracts of augmentations, which run in tf.data."""

from __future__ import annotations

import numpy as np

from kspec.builders.data.augment import step_of
from kspec.testing.subject import Subject, as_array, require, require_equal, require_finite


def augmentation_is_pure(subject: Subject) -> None:
    """In tf.data the images follow from the seed alone, and keep their shape."""
    import tensorflow as tf

    [images] = subject.inputs()
    labels = np.eye(len(images), dtype="float32")
    step = step_of(subject.make(), tf.constant(images[:1]))
    index, epoch = tf.range(len(images), dtype=tf.int64), tf.constant(0, tf.int64)
    twice = tf.data.Dataset.from_tensors((images, labels)).repeat(2)
    (first, _), (second, _) = twice.map(lambda x, y: step(x, y, tf.constant([3, 4]), index, epoch))
    require(as_array(first).shape == images.shape, f"it makes {as_array(first).shape} of images of {images.shape}")
    require_finite(first, "it gives NaN or infinity on plain images")
    require_equal(second, first, "the same seed gives other images: draw with tf.random.stateless_* or a SeedGenerator")
