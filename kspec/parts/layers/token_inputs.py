"""From strings to the inputs of a KerasHub text backbone: tags out, tokens, the part of a long text that counts."""

from __future__ import annotations

from typing import Any

import keras
import keras_hub
import tensorflow as tf

from kspec.parts.layers.truncate import KEEP
from kspec.parts.standardize import TAG

MOST_TOKENS = 8192
"""Tokens that are looked at of one text where its tail is wanted; of longer texts, the rest is not read."""

LEAST_TOKENS = 4
"""The shortest `sequence_length`: the marks of beginning and end, and something between."""


@keras.saving.register_keras_serializable(package="kspec")
class TokenInputs(keras_hub.models.Preprocessor):
    """A KerasHub preprocessor for classification, with the choice of what is kept of a long text.

    KerasHub's own preprocessors cut at the end. This one wraps any of them and keeps the beginning, the end, or a
    quarter of beginning and three of end (Sun et al. 2019, arXiv:1905.05583, section 5.3.1); the tokens that mark
    beginning and end of a text stay. A causal model's preprocessor gives its tokens without an end token and without
    labels.

    preprocessor: of a KerasHub text classifier or causal language model.
    sequence_length: tokens of an example, the marks of beginning and end included; shorter ones are padded.
    truncate: `head`, `tail` or `head_tail`.
    strip_html: replaces tags such as `<br />` by a space.

    Input: strings (batch,); output: a dict of (batch, sequence_length). A dict passes as it is: it is tokenized
    already, so that tokens can be kept and reused.

    Raises:
        ValueError: another `truncate`, or a length below LEAST_TOKENS.

    Example:
        preprocessor = keras_hub.models.TextClassifierPreprocessor.from_preset("bert_base_en_uncased")
        classifier.preprocessor = TokenInputs(preprocessor, 192, truncate="head_tail")
    """

    def __init__(
        self, preprocessor: Any, sequence_length: int, truncate: str = "head", strip_html: bool = True, **kwargs: Any
    ) -> None:
        if truncate not in KEEP:
            raise ValueError(f"truncate must be one of {KEEP}, not {truncate!r}")
        if sequence_length < LEAST_TOKENS:
            raise ValueError(f"sequence_length must be at least {LEAST_TOKENS}, not {sequence_length}")
        super().__init__(**kwargs)
        self.preprocessor = preprocessor
        self.sequence_length, self.truncate, self.strip_html = sequence_length, truncate, strip_html
        self.built = True  # what there is to build is the wrapped one's, which is built when it first sees texts

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of the wrapped preprocessor."""
        return self.preprocessor.tokenizer

    def call(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """(inputs, labels, weights), without what is not given. Labels and weights pass."""
        if not isinstance(x, dict):
            x = self._tokens(tf.convert_to_tensor(x))
        return keras.utils.pack_x_y_sample_weight(x, y, sample_weight)

    def _tokens(self, texts: Any) -> dict[str, Any]:
        if tf.executing_eagerly():  # KerasHub's Python way of tokenizing is 15 times slower than the graph's
            return dict(tf.data.Dataset.from_tensors(texts).map(self._tokens).get_single_element())
        if self.strip_html:
            texts = tf.strings.regex_replace(texts, TAG, " ")
        if self.truncate == "head":
            return self._packed(texts, self.sequence_length)
        whole = self._packed(texts, max(MOST_TOKENS, self.sequence_length))
        has_mask = "padding_mask" in whole  # FNet's has none
        is_token = whole["padding_mask"] if has_mask else whole["token_ids"] != self.tokenizer.pad_token_id
        lengths = tf.reduce_sum(tf.cast(is_token, tf.int32), axis=1, keepdims=True)
        head = 1 if self.truncate == "tail" else self.sequence_length // 4  # 1: the mark of the beginning
        positions = tf.range(self.sequence_length)[None]
        left_out = tf.maximum(lengths - self.sequence_length, 0)
        positions = positions + tf.where(positions >= head, left_out, 0)
        return {key: tf.gather(value, positions, batch_dims=1) for key, value in whole.items()}

    def _packed(self, texts: Any, length: int) -> dict[str, Any]:
        """The tokens as the wrapped preprocessor packs them, (batch, length)."""
        if isinstance(self.preprocessor, keras_hub.models.CausalLMPreprocessor):
            # Its call would make the next tokens the labels; this gives the tokens alone.
            return dict(self.preprocessor.generate_preprocess(texts, sequence_length=length))
        if not self.preprocessor.built:
            self.preprocessor.build(None)
        self.preprocessor.sequence_length = length
        return dict(self.preprocessor(texts))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        config.pop("tokenizer", None)  # the wrapped preprocessor's, which holds it
        return {
            **config,
            "preprocessor": keras.layers.serialize(self.preprocessor),
            "sequence_length": self.sequence_length,
            "truncate": self.truncate,
            "strip_html": self.strip_html,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a saved configuration."""
        return cls(**{**config, "preprocessor": keras.layers.deserialize(config["preprocessor"])})
