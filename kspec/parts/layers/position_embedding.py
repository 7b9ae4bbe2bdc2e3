"""A learned vector for each position."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kspec")
class PositionEmbedding(keras.layers.Layer):
    """Adds a learned vector to each step of a sequence, by its position (Vaswani et al., arXiv:1706.03762, 3.5).

    embeddings_initializer: of the vectors.
    Input and output (batch, length, features); length is fixed when the layer is built. Masks pass through.

    Example:
        x = PositionEmbedding()(keras.layers.Embedding(1000, 64, mask_zero=True)(tokens))
    """

    def __init__(self, embeddings_initializer: Any = "glorot_uniform", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """One vector for each of the positions."""
        if input_shape[1] is None:
            raise ValueError("PositionEmbedding needs sequences of a fixed length")
        self.embeddings = self.add_weight(
            shape=tuple(input_shape[1:]), initializer=self.embeddings_initializer, name="embeddings"
        )

    def call(self, inputs: Any) -> Any:
        """The inputs with the vectors added."""
        return inputs + ops.convert_to_tensor(self.embeddings)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        initializer = keras.initializers.serialize(self.embeddings_initializer)
        return {**super().get_config(), "embeddings_initializer": initializer}
