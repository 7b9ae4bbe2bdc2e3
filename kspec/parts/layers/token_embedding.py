"""An embedding of token ids that never hides a whole sequence."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kspec")
class TokenEmbedding(keras.layers.Embedding):
    """`keras.layers.Embedding` with `mask_zero=True`, whose mask always shows the first step.

    An empty text is nothing but padding, and Keras' LSTM and GRU stop with an error on a GPU when a whole sequence is
    masked (cuDNN cannot compute it). Arguments, weights and outputs are those of the Keras layer.

    Example:
        x = TokenEmbedding(20_000, 128)(tokens)
    """

    def __init__(self, input_dim: int, output_dim: int, **kwargs: Any) -> None:
        super().__init__(input_dim, output_dim, **{**kwargs, "mask_zero": True})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True for the first step and for every id but 0: (batch, length)."""
        first = ops.arange(ops.shape(inputs)[1]) == 0
        return ops.logical_or(ops.not_equal(inputs, 0), first)
