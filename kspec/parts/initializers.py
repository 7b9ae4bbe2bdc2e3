"""Initial values for kernels that Keras has no initializer for."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="kspec")
class PartialIdentity(keras.initializers.Initializer):
    """A convolution kernel whose first filters pass their input channel through unchanged.

    Filter i of the first min(inputs, filters) filters is 1 at the centre of channel i and 0 elsewhere; the other
    filters are uniform with variance 1/(3 fan_in), PyTorch's default for convolutions. A network of such layers
    starts near the identity and learns faster in its first epochs.

    Source: K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv:2404.00498, section 3.2 ("dirac").

    seed: as in the initializers of Keras: the same seed gives the same values.
    Raises ValueError for a shape that is no convolution kernel (spatial sizes, inputs, filters).

    Example:
        keras.layers.Conv2D(64, 3, padding="same", kernel_initializer=PartialIdentity(seed=1))
    """

    def __init__(self, seed: int | None = None) -> None:
        self._rest = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed=seed)
        self.seed = self._rest.seed

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        """The kernel of this shape, (..., inputs, filters)."""
        if len(shape) < 3:
            raise ValueError(f"PartialIdentity is for convolution kernels (spatial..., inputs, filters), not {shape}")
        kernel = np.array(keras.ops.convert_to_numpy(self._rest(shape, dtype="float32")))
        inputs, filters = shape[-2:]
        kept = min(inputs, filters)
        kernel[..., :kept] = 0
        centre = tuple(size // 2 for size in shape[:-2])
        kernel[centre][range(kept), range(kept)] = 1
        return keras.ops.convert_to_tensor(kernel, dtype=dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"seed": keras.saving.serialize_keras_object(self.seed)}
