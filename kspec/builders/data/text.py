"""Texts: handed on as strings, or vectorised once with a vocabulary of the train split."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kspec.builders.data.prepared import Prepared, Splits, each_split, train_features
from kspec.builders.model.text_output import Output
from kspec.errors import DataError, Problem
from kspec.parts.autotune import untuned
from kspec.parts.layers.truncate import Truncate
from kspec.parts.standardize import plain_words, plain_words_without_html
from kspec.spec.data import Text

BATCH = 512
VECTORIZATION = "text_vectorization"
MOST_VALUES = 2**32
"""Values of a split's bag-of-words matrix, which is held in memory; more is refused."""


def prepare_texts(splits: Splits, text: Text, output: Output, fitted: keras.Model | None = None) -> Prepared:
    """The splits as strings (`raw`), token ids int32 (n, sequence_length), or bags of words (n, vocabulary).

    Id 0 is padding, 1 an unknown word. A bag of words is uint8 (n, vocabulary) for `multi_hot`, else float32.

    fitted: a vectorizer made before; it takes the place of one with the vocabulary of train and the lengths of `text`.

    Raises:
        DataError: the vectorised texts would not fit in memory.
    """
    if output == "raw":
        return Prepared(splits, (), "string")
    model = vectorizer(train_features(splits), text, output) if fitted is None else fitted
    size = model.get_layer(VECTORIZATION).vocabulary_size()
    if output == "int":
        ids = each_split(splits, lambda x: apply(model, np.asarray(x), np.int32))
        return Prepared(ids, tuple(model.output_shape[1:]), "int32", model, size)
    _check_memory(splits, size, output)
    dtype = np.uint8 if output == "multi_hot" else np.float32
    return Prepared(each_split(splits, lambda x: apply(model, np.asarray(x), dtype)), (size,), "float32", model, size)


def vectorizer(texts: np.ndarray, text: Text, output: Output) -> keras.Model:
    """A Keras model from strings (batch,) to ids or a bag of words, with the vocabulary of `texts`."""
    layer = keras.layers.TextVectorization(
        max_tokens=text.max_tokens,
        standardize=plain_words_without_html if text.strip_html else plain_words,
        ngrams=text.ngrams,
        output_mode=output,
        name=VECTORIZATION,
        dtype="int64" if output == "int" else "float32",
    )
    layer.adapt(untuned(tf.data.Dataset.from_tensor_slices(texts).batch(BATCH)))
    inputs = keras.Input((), dtype="string", name="text")
    outputs = layer(inputs)
    if output == "int":
        outputs = Truncate(text.sequence_length, text.truncate, name="truncate", dtype="int32")(outputs)
    return keras.Model(inputs, outputs, name="preprocessor")


def apply(model: keras.Model, texts: np.ndarray, dtype: Any) -> np.ndarray:
    """The model's output for every text, as one array."""
    result = np.empty((len(texts), *model.output_shape[1:]), dtype)
    batches = untuned(tf.data.Dataset.from_tensor_slices(texts).batch(BATCH))
    vectors = batches.map(lambda batch: tf.cast(model(batch), dtype), num_parallel_calls=tf.data.AUTOTUNE)
    for number, batch in enumerate(vectors.prefetch(tf.data.AUTOTUNE)):
        result[number * BATCH : number * BATCH + len(batch)] = batch
    return result


def _check_memory(splits: Splits, size: int, output: Output) -> None:
    for role, part in splits.items():
        if part is not None and len(part) * size > MOST_VALUES:
            message = f"{len(part)} texts of {role} times {size} words do not fit in memory"
            hint = "lower data.text.max_tokens, or set data.text.output: int"
            raise DataError(Problem(("data", "text", "output"), message, "at most 2^32 values", output, hint))
