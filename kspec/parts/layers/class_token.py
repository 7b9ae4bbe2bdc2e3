"""A learned first step that gathers what the whole sequence says."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kspec")
class ClassToken(keras.layers.Layer):
    """Puts one learned vector in front of each sequence, as BERT's [CLS] (Devlin et al., arXiv:1810.04805).

    Input (batch, length, features), output (batch, length + 1, features). A mask is extended by a visible step.

    Example:
        x = ClassToken()(embedded)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """The one vector."""
        self.token = self.add_weight(shape=(1, 1, input_shape[-1]), initializer="zeros", name="token")

    def call(self, inputs: Any) -> Any:
        """The longer sequences."""
        token = ops.cast(ops.convert_to_tensor(self.token), inputs.dtype)
        return ops.concatenate([ops.repeat(token, ops.shape(inputs)[0], axis=0), inputs], axis=1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask with a visible step in front."""
        return None if mask is None else ops.pad(mask, [[0, 0], [1, 0]], constant_values=True)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One step longer."""
        length = input_shape[1]
        return (input_shape[0], None if length is None else length + 1, input_shape[2])
