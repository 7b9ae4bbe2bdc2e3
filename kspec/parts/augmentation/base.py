"""What every augmentation of kspec is: a Keras layer, and a pure function of (batch, seed, position, epoch)."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

_LARGEST = 2**31 - 1


class PerSampleAugmentation(keras.layers.Layer):
    """Base class of augmentations that draw new random values for every example of a batch.

    A subclass writes `augment`. In tf.data kspec calls it with a seed that is a function of (run seed, epoch, batch,
    layer), so that the same run gives the same images, also after it was interrupted. In Keras code use it as any
    layer, or in `dataset.map`: `call` draws a seed from the layer's own generator and does nothing unless training.

    seed: of that generator, for `call` only; None draws one. The operations are TensorFlow's: with another backend
    the layer belongs into tf.data, not into a model.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        # autocast would turn pixels into half precision before they are augmented.
        super().__init__(autocast=False, **kwargs)
        self.seed = seed
        self._generator = keras.random.SeedGenerator(seed)

    def augment(self, images: tf.Tensor, labels: Any, seed: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor) -> Any:
        """The augmented batch, (images, labels), of the same shapes and types.

        images: uint8 or float32 (batch, height, width, channels), in the pixel range of the data. labels: anything.
        seed: int32 (2,), different for every batch and layer; the only source of randomness (`tf.random.stateless_*`).
        index: int64 (batch,), the examples' positions in the training set. epoch: int64 scalar, from 0.
        """
        raise NotImplementedError(f"{type(self).__name__} must define augment()")

    def call(self, images: Any, training: bool | None = None) -> Any:
        """The augmented images when training, else the images. Positions in the training set are drawn at random."""
        if not training:
            return images
        seed = tf.cast(self._generator.next(), tf.int32)
        index = tf.random.stateless_uniform(tf.shape(images)[:1], seed, maxval=_LARGEST, dtype=tf.int64)
        augmented, _ = self.augment(images, index, seed, index, tf.constant(0, tf.int64))
        return augmented

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}


def gather_pixels(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor, fill: float | None = None) -> tf.Tensor:
    """Images put together from whole pixels: output[b, i, j] = images[b, rows[b, i], columns[b, j]].

    images: (batch, height, width, channels) of any type. rows: int32 (batch, out_height); columns: int32 (batch,
    out_width).
    fill: value of pixels whose row or column lies outside the image; None promises that there are none.
    Returns (batch, out_height, out_width, channels). One flat gather: 2 ms for 512 CIFAR images on one core.
    """
    batch, height, width, channels = tf.unstack(tf.shape(images))
    table = tf.reshape(images, (batch * height * width, channels))
    flat = (tf.range(batch)[:, None, None] * height + rows[:, :, None]) * width + columns[:, None, :]
    if fill is not None:
        # Outside pixels point at one extra row: choosing among indices is cheaper than among pixels.
        inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
        flat = tf.where(inside, flat, batch * height * width)
        table = tf.concat([table, tf.fill((1, channels), tf.cast(fill, images.dtype))], axis=0)
    result = tf.gather(table, flat)
    return tf.ensure_shape(result, (images.shape[0], rows.shape[1], columns.shape[1], images.shape[3]))
