"""Batch normalization in one fused operation."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kspec")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`, computed by TensorFlow's fused kernel where that exists.

    Keras 3 composes the layer from about ten operations in float32; the fused kernel reads bfloat16, keeps the
    statistics in float32 and takes a sixth of the time on a CPU. Arguments, weights and results are those of the
    Keras layer. It falls back to that layer's own code on other backends and for inputs that are not (batch, height,
    width, channels), masked, renormalised or synchronised over replicas.

    Example:
        keras.layers.Conv2D(64, 3, use_bias=False), FusedBatchNormalization(momentum=0.9)
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The normalised inputs, same shape; updates the moving statistics when training."""
        if mask is not None or not self._fusable(inputs):
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        learning = bool(training) and self.trainable
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=ops.convert_to_tensor(self.gamma) if self.scale else tf.ones_like(self.moving_mean.value),
            offset=ops.convert_to_tensor(self.beta) if self.center else tf.zeros_like(self.moving_mean.value),
            mean=tf.constant([]) if learning else ops.convert_to_tensor(self.moving_mean),
            variance=tf.constant([]) if learning else ops.convert_to_tensor(self.moving_variance),
            epsilon=self.epsilon,
            is_training=learning,
        )
        if learning:
            # The kernel reports the sample variance (n - 1); Keras keeps the population variance (n).
            count = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], variance.dtype)
            self._move(self.moving_mean, mean)
            self._move(self.moving_variance, variance * ((count - 1.0) / count))
        return outputs

    def _fusable(self, inputs: Any) -> bool:
        last = self.axis in (-1, 3)
        plain = not (self.renorm or self.synchronized)
        return keras.backend.backend() == "tensorflow" and len(inputs.shape) == 4 and last and plain

    def _move(self, average: Any, value: Any) -> None:
        average.assign(average * self.momentum + value * (1.0 - self.momentum))
