"""From a sequence of vectors to one vector, without what a mask hides."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kspec")
class SequencePooling(keras.layers.Layer):
    """Mean, maximum, first or last of the steps that the mask shows.

    Keras' GlobalMaxPooling1D ignores masks, and its GlobalAveragePooling1D divides by zero where all is masked; here a
    sequence without any visible step gives zeros (mean, max) or its step 0 (first, last).

    mode: `mean`, `max`, `first` or `last`.
    Input (batch, length, features), and a mask (batch, length) from the layer before or as `mask=`; output
    (batch, features).

    Example:
        x = keras.layers.Embedding(1000, 64, mask_zero=True)(tokens)
        x = SequencePooling("mean")(x)
    """

    def __init__(self, mode: Literal["mean", "max", "first", "last"] = "mean", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if mode not in ("mean", "max", "first", "last"):
            raise ValueError(f"mode is mean, max, first or last, not {mode!r}")
        self.mode = mode
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The pooled vectors."""
        if mask is None:
            return self._unmasked(inputs)
        visible = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        if self.mode == "mean":
            return ops.sum(inputs * visible, axis=1) / ops.maximum(ops.sum(visible, axis=1), 1)
        if self.mode == "max":
            # Subtracting a large number instead of -inf keeps gradients finite; float16 ends at 65504.
            hidden = ops.max(inputs - (1 - visible) * 60000, axis=1)
            return hidden * ops.max(visible, axis=1)
        positions = ops.arange(ops.shape(inputs)[1], dtype="int32")
        shown = ops.cast(mask, "int32")
        index = ops.argmax(shown, axis=1) if self.mode == "first" else ops.max(shown * positions, axis=1)
        return ops.squeeze(ops.take_along_axis(inputs, ops.reshape(ops.cast(index, "int32"), (-1, 1, 1)), axis=1), 1)

    def _unmasked(self, inputs: Any) -> Any:
        if self.mode in ("mean", "max"):
            return (ops.mean if self.mode == "mean" else ops.max)(inputs, axis=1)
        return inputs[:, 0] if self.mode == "first" else inputs[:, -1]

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: a vector has no steps to mask."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(batch, features)."""
        return (input_shape[0], input_shape[2])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mode": self.mode}
