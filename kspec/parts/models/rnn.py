"""Recurrent networks for texts and other sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras

from kspec.parts.layers.sequence_pooling import SequencePooling
from kspec.parts.layers.token_embedding import TokenEmbedding
from kspec.parts.models.ends import predictions

CELLS = {"LSTM": keras.layers.LSTM, "GRU": keras.layers.GRU}


def RNN(
    input_shape: Sequence[int],
    units: int,
    output_activation: str = "softmax",
    *,
    vocabulary_size: int | None = None,
    cell: Literal["LSTM", "GRU"] = "LSTM",
    units_per_layer: Sequence[int] = (64,),
    bidirectional: bool = True,
    embedding_dim: int = 128,
    pooling: Literal["last", "max", "mean"] = "max",
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    batch_norm: bool = False,
    name: str = "rnn",
) -> keras.Model:
    """Stacked LSTM or GRU layers that read a sequence in one or both directions.

    On a CPU it is fastest in float32 without XLA.

    input_shape: (length,) for token ids, of which 0 is padding, or (length, features) for sequences of numbers.
    units: outputs. output_activation: softmax, sigmoid or linear.
    vocabulary_size: number of token ids; needed for token ids.
    cell: LSTM or GRU. units_per_layer: units of each recurrent layer (of each direction).
    bidirectional: read in both directions, and join what they give. embedding_dim: features of a token.
    pooling: from the steps to one vector: the state at the `last` one, the `max` or the `mean`; padding is left out.
    dropout: rate after the embedding and after each recurrent layer.
    recurrent_dropout: rate on the state between steps; with it a GPU cannot use its fast kernel.
    batch_norm: normalise the features after each recurrent layer.
    Raises ValueError for token ids without vocabulary_size, and for no recurrent layer.

    Example:
        model = RNN((200,), 1, "sigmoid", vocabulary_size=20_000, units_per_layer=[64])
    """
    if not units_per_layer:
        raise ValueError("units_per_layer is empty: an RNN needs at least one recurrent layer")
    inputs, x = embedded(input_shape, vocabulary_size, embedding_dim)
    if dropout:
        x = keras.layers.Dropout(dropout, name="embedding_dropout")(x)
    for number, width in enumerate(units_per_layer, start=1):
        whole = number < len(units_per_layer) or pooling != "last"
        layer = CELLS[cell](
            width, return_sequences=whole, recurrent_dropout=recurrent_dropout, name=f"recurrent{number}"
        )
        x = (keras.layers.Bidirectional(layer, name=f"recurrent{number}") if bidirectional else layer)(x)
        if batch_norm:
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        if number == len(units_per_layer) and pooling != "last":
            x = SequencePooling(pooling, name="pool")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
    return keras.Model(inputs, predictions(x, units, output_activation), name=name)


def embedded(input_shape: Sequence[int], vocabulary_size: int | None, dim: int) -> tuple[Any, Any]:
    """The input of a sequence model, and its sequence of vectors: token ids are embedded, numbers stay.

    Raises:
        ValueError: token ids without vocabulary_size.
    """
    if len(input_shape) == 2:
        inputs = keras.Input(tuple(input_shape), name="sequence")
        return inputs, inputs
    if vocabulary_size is None:
        raise ValueError("token ids need vocabulary_size; sequences of numbers have the shape (length, features)")
    inputs = keras.Input(tuple(input_shape), dtype="int32", name="tokens")
    return inputs, TokenEmbedding(vocabulary_size, dim, name="embedding")(inputs)
