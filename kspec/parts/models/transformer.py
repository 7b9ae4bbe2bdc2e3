"""A Transformer encoder that classifies sequences, trained from scratch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras

from kspec.parts.layers.class_token import ClassToken
from kspec.parts.layers.position_embedding import PositionEmbedding
from kspec.parts.layers.sequence_pooling import SequencePooling
from kspec.parts.models.ends import predictions
from kspec.parts.models.rnn import embedded


def Transformer(
    input_shape: Sequence[int],
    units: int,
    output_activation: str = "softmax",
    *,
    vocabulary_size: int | None = None,
    num_layers: int = 2,
    num_heads: int = 4,
    hidden_dim: int = 128,
    intermediate_dim: int = 256,
    activation: str = "gelu",
    normalize_first: bool = True,
    norm: Literal["layer", "batch"] = "layer",
    pooling: Literal["mean", "max", "cls"] = "mean",
    dropout: float = 0.1,
    name: str = "transformer",
) -> keras.Model:
    """Token and position embeddings, encoder blocks of attention and a two-layer perceptron, pooling.

    Source: Vaswani et al., arXiv:1706.03762; with `normalize_first` Xiong et al., arXiv:2002.04745.

    input_shape: (length,) for token ids, of which 0 is padding, or (length, features) for sequences of numbers.
    units: outputs. output_activation: softmax, sigmoid or linear.
    vocabulary_size: number of token ids; needed for token ids.
    num_layers: blocks. num_heads: of attention; divides hidden_dim. hidden_dim: features of a step.
    intermediate_dim: units of the perceptron's hidden layer. activation: in it.
    normalize_first: normalise before each half of a block (steadier) or after it (as first published).
    norm: layer normalization, or batch normalization.
    pooling: the `mean` or `max` of all steps without padding, or `cls`, a learned first step.
    dropout: rate after the embedding, in the attention and after each half of a block.
    Raises ValueError if num_heads does not divide hidden_dim, and for token ids without vocabulary_size.

    Example:
        model = Transformer((128,), 2, vocabulary_size=20_000)
    """
    if hidden_dim % num_heads:
        raise ValueError(f"num_heads {num_heads} does not divide hidden_dim {hidden_dim}")
    block = _Block(num_heads, hidden_dim, intermediate_dim, activation, normalize_first, norm, dropout)
    inputs, x = embedded(input_shape, vocabulary_size, hidden_dim)
    if len(input_shape) == 2:
        x = keras.layers.Dense(hidden_dim, name="embedding")(x)
    if pooling == "cls":
        x = ClassToken(name="cls")(x)
    x = PositionEmbedding(name="position")(x)
    x = keras.layers.Dropout(dropout, name="embedding_dropout")(x)
    for number in range(1, num_layers + 1):
        x = block.add(x, f"block{number}")
    if normalize_first:
        x = block.normalized(x, "final_norm")
    x = SequencePooling("first" if pooling == "cls" else pooling, name="pool")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, predictions(x, units, output_activation), name=name)


@dataclass(frozen=True)
class _Block:
    """How every encoder block is made."""

    num_heads: int
    hidden_dim: int
    intermediate_dim: int
    activation: str
    normalize_first: bool
    norm: str
    dropout: float

    def add(self, x: Any, tag: str) -> Any:
        x = self._residual(x, self._attention, f"{tag}_attention")
        return self._residual(x, self._perceptron, f"{tag}_mlp")

    def normalized(self, x: Any, name: str) -> Any:
        if self.norm == "batch":
            return keras.layers.BatchNormalization(momentum=0.9, name=name)(x)
        return keras.layers.LayerNormalization(epsilon=1e-6, name=name)(x)

    def _residual(self, x: Any, half: Any, tag: str) -> Any:
        y = half(self.normalized(x, f"{tag}_norm") if self.normalize_first else x, tag)
        y = keras.layers.Dropout(self.dropout, name=f"{tag}_dropout")(y)
        x = keras.layers.Add(name=f"{tag}_add")([x, y])
        return x if self.normalize_first else self.normalized(x, f"{tag}_norm")

    def _attention(self, x: Any, tag: str) -> Any:
        size = self.hidden_dim // self.num_heads
        return keras.layers.MultiHeadAttention(self.num_heads, size, dropout=self.dropout, name=tag)(x, x)

    def _perceptron(self, x: Any, tag: str) -> Any:
        x = keras.layers.Dense(self.intermediate_dim, activation=self.activation, name=f"{tag}_dense1")(x)
        return keras.layers.Dense(self.hidden_dim, name=f"{tag}_dense2")(x)
