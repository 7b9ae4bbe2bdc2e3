"""A first layer that makes the patches of an image uncorrelated."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

# Images taken into the covariance at a time: bounds memory, not the result.
_CHUNK = 500


@keras.saving.register_keras_serializable(package="kspec")
class WhiteningConv2D(keras.layers.Layer):
    """A convolution whose fixed kernel whitens image patches; only its bias is trained.

    Its filters are the eigenvectors v of the covariance of all kernel_size x kernel_size patches of the training
    images, divided by sqrt(eigenvalue + epsilon), and once more with the opposite sign, so that a ReLU after it loses
    nothing: 2 * kernel_size^2 * channels filters, "valid" padding. Call `adapt(images)` before training; until then
    the kernel is zero.

    Source: D. Page, "How to train your ResNet 8", and K. Jordan, arXiv:2404.00498, section 3.1.

    kernel_size: side of the patch in pixels, 2 by default.
    epsilon: added to the eigenvalues (images in units of their standard deviation), 5e-4 by default: limits noise.
    Input (batch, height, width, channels) float; output (batch, height - kernel_size + 1, width - kernel_size + 1,
    filters).

    Example:
        stem = WhiteningConv2D(); stem.build(images.shape); stem.adapt(images[:5000])
    """

    def __init__(self, kernel_size: int = 2, epsilon: float = 5e-4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if kernel_size < 1:
            raise ValueError(f"kernel_size must be at least 1, not {kernel_size}")
        self.kernel_size = kernel_size
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the kernel (not trained) and the bias (trained) for images of this number of channels."""
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(f"WhiteningConv2D needs a known number of channels, not the shape {input_shape}")
        size = self.kernel_size
        self.filters = 2 * size * size * channels
        self.kernel = self.add_weight(
            shape=(size, size, channels, self.filters), initializer="zeros", trainable=False, name="kernel"
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """The whitened patches plus the bias."""
        return ops.conv(inputs, self.kernel, padding="valid") + self.bias

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(batch, height - kernel_size + 1, width - kernel_size + 1, filters)."""
        batch, height, width, channels = input_shape
        sides = [None if side is None else side - self.kernel_size + 1 for side in (height, width)]
        return (batch, *sides, 2 * self.kernel_size**2 * (channels or 0))

    def adapt(self, images: Any) -> None:
        """Sets the kernel from images (count, height, width, channels) as they flow into this layer."""
        images = np.asarray(images)
        if not self.built:
            self.build(images.shape)
        values, vectors = np.linalg.eigh(patch_covariance(images, self.kernel_size))
        whitening = (vectors / np.sqrt(values + self.epsilon))[:, ::-1]
        both = np.concatenate([whitening, -whitening], axis=1)
        self.kernel.assign(both.reshape(self.kernel.shape))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "kernel_size": self.kernel_size, "epsilon": self.epsilon}


def patch_covariance(images: NDArray[Any], size: int) -> NDArray[np.float64]:
    """The covariance of all size x size patches of images (count, height, width, channels).

    Returns (size * size * channels) squared values; a patch is flattened by row, column, channel, as a kernel is.
    """
    height, width, channels = images.shape[1:]
    features = size * size * channels
    total, squares, count = np.zeros(features), np.zeros((features, features)), 0
    for start in range(0, len(images), _CHUNK):
        part = images[start : start + _CHUNK].astype("float32")
        shifts = [
            part[:, row : height - size + 1 + row, column : width - size + 1 + column]
            for row in range(size)
            for column in range(size)
        ]
        patches = np.concatenate(shifts, axis=-1).reshape(-1, features)
        total += patches.sum(axis=0, dtype="float64")
        squares += patches.T @ patches
        count += len(patches)
    mean = total / count
    return squares / count - np.outer(mean, mean)
