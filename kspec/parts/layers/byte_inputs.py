"""From strings to the inputs of a KerasHub text backbone without a vocabulary: the bytes of a text are its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import keras_hub
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kspec")
class ByteInputs(keras_hub.models.Preprocessor):
    """The bytes of texts as the inputs of a backbone.

    names: of the backbone's inputs, some of token_ids, padding_mask and segment_ids.
    sequence_length: tokens of an example; shorter ones are padded.

    Works in tf.data. Input: strings (batch,); output: a dict of int32 (batch, sequence_length).
    """

    def __init__(self, names: Sequence[str], sequence_length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names, self.sequence_length = list(names), sequence_length
        self.tokenizer = keras_hub.tokenizers.ByteTokenizer()
        self.tokenizer.pad_token_id = 0
        self.built = True

    def call(self, x: Any, y: Any = None, sample_weight: Any = None) -> dict[str, Any]:
        """The inputs; labels and weights are not looked at."""
        ids = self.tokenizer(x).to_tensor(0, shape=(None, self.sequence_length))
        made = {
            "token_ids": ids,
            "padding_mask": tf.cast(ids != 0, tf.int32),
            "segment_ids": tf.zeros_like(ids),
        }
        return {name: made[name] for name in self.names}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        config.pop("tokenizer", None)  # made by the constructor
        return {**config, "names": self.names, "sequence_length": self.sequence_length}
