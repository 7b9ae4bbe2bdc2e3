"""Texts as the tokens of a KerasHub model: made once, in tf.data, and kept; every epoch reads them from memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from kspec.builders.examples import Datasets, Examples
from kspec.parts.autotune import untuned

BATCH = 64
PADDED_TO = 32
"""A batch is padded to a multiple of this: few shapes, for which kernels are prepared once."""
MASK = "padding_mask"


def is_tokens(features: Any) -> bool:
    """Whether features are tokens with a padding mask, and so may be cut to their longest example."""
    return isinstance(features, dict) and MASK in features


def tokenized(datasets: Datasets, preprocessor: Any) -> Datasets:
    """The data with tokens in place of texts.

    preprocessor: a kspec.parts.layers.token_inputs.TokenInputs.
    Examples of validation and test are sorted by their length where `data.text.group_by_length` says so; their order
    matters to no metric.
    """

    def held_out(part: Examples | None) -> Examples | None:
        if part is None:
            return None
        x = tokens_of(part.x, preprocessor)
        is_sorted = datasets.text.group_by_length and is_tokens(x)
        return Examples(*by_length(x, part.y)) if is_sorted else Examples(x, part.y)

    return replace(
        datasets,
        train=Examples(tokens_of(datasets.train.x, preprocessor), datasets.train.y),
        validation=held_out(datasets.validation),
        test=held_out(datasets.test),
    )


def tokens_of(texts: Any, preprocessor: Any) -> dict[str, np.ndarray]:
    """The tokens of texts as arrays (n, sequence_length); whole numbers as int32."""
    batches = tf.data.Dataset.from_tensor_slices(np.asarray(texts)).batch(BATCH)
    found = untuned(batches.map(preprocessor, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE))
    parts = [{key: _small(value) for key, value in batch.items()} for batch in found.as_numpy_iterator()]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _small(values: np.ndarray) -> np.ndarray:
    return values if values.dtype == bool else values.astype(np.int32)


def by_length(x: Any, y: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Tokens and labels, sorted by the number of tokens; of equal ones the first stays first."""
    rows = np.argsort(token_counts(x), kind="stable")
    return {key: value[rows] for key, value in x.items()}, y[rows]


def token_counts(features: Any) -> np.ndarray:
    """Tokens of each example, padding left out: int64 (n,)."""
    counts: np.ndarray = np.asarray(features[MASK]).sum(axis=1, dtype=np.int64)
    return counts


def trimmed(features: Any) -> Any:
    """A batch without the columns that are padding in all of its examples, in steps of PADDED_TO columns.

    Some are left of texts without a token too.
    """
    longest = tf.maximum(tf.reduce_max(tf.reduce_sum(tf.cast(features[MASK], tf.int32), axis=1)), 1)
    columns = tf.minimum((longest + PADDED_TO - 1) // PADDED_TO * PADDED_TO, tf.shape(features[MASK])[1])
    return {key: value[:, :columns] for key, value in features.items()}
