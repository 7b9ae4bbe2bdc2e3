"""How a text is brought to one form before it is split into words: functions for `keras.layers.TextVectorization`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

PUNCTUATION = r"[!-/:-@\[-`{-~]"
"""The punctuation of ASCII, as Keras' own `lower_and_strip_punctuation` removes it."""
TAG = r"<[^<>]*>"


@keras.saving.register_keras_serializable(package="kspec")
def plain_words(texts: Any) -> Any:
    """Texts in lower case (of every alphabet, unlike Keras' own function) and without ASCII punctuation.

    texts: strings of any shape; the result has the same.

    Example:
        keras.layers.TextVectorization(standardize=plain_words)
    """
    return tf.strings.regex_replace(tf.strings.lower(texts, encoding="utf-8"), PUNCTUATION, "")


@keras.saving.register_keras_serializable(package="kspec")
def plain_words_without_html(texts: Any) -> Any:
    """As `plain_words`, after every tag such as `<br />` has become a space.

    texts: strings of any shape; the result has the same.

    Example:
        keras.layers.TextVectorization(standardize=plain_words_without_html)
    """
    return plain_words(tf.strings.regex_replace(texts, TAG, " "))
