"""Cuts or pads token ids to one length, keeping the beginning, the end, or both."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

KEEP = ("head", "tail", "head_tail")


@keras.saving.register_keras_serializable(package="kspec")
class Truncate(keras.layers.Layer):
    """Token ids (batch, any length) padded with 0 at the end -> ids (batch, sequence_length), padded likewise.

    sequence_length: tokens to keep, at least 1.
    keep: what stays of a longer text: "head" its beginning (default), "tail" its end, "head_tail" a quarter of the
        beginning and three quarters of the end, which is best for classification in Sun et al., arXiv:1905.05583,
        section 5.3.1 (128 of 510 tokens from the beginning).
    Id 0 is padding and stands nowhere else. Raises ValueError for another `keep` or a length below 1.

    Example:
        vectorize = keras.layers.TextVectorization(output_mode="int")
        keras.Sequential([vectorize, Truncate(256, keep="tail")])
    """

    def __init__(self, sequence_length: int, keep: str = "head", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if sequence_length < 1:
            raise ValueError(f"sequence_length must be at least 1, not {sequence_length}")
        if keep not in KEEP:
            raise ValueError(f"keep must be one of {KEEP}, not {keep!r}")
        self.sequence_length = sequence_length
        self.keep = keep

    def call(self, ids: Any) -> Any:
        """The ids at the positions that stay."""
        lengths = ops.sum(ops.cast(ids != 0, "int32"), axis=1, keepdims=True)
        head = {"head": self.sequence_length, "tail": 0, "head_tail": self.sequence_length // 4}[self.keep]
        positions = ops.arange(self.sequence_length, dtype="int32")[None]
        left_out = ops.maximum(lengths - self.sequence_length, 0)
        positions = positions + ops.where(positions >= head, left_out, 0)
        # A batch may be shorter than sequence_length, down to no token at all: padding makes every position exist.
        padded = ops.pad(ids, ((0, 0), (0, self.sequence_length)))
        return ops.take_along_axis(padded, positions, axis=1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, sequence_length)."""
        return input_shape[0], self.sequence_length

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "sequence_length": self.sequence_length, "keep": self.keep}
