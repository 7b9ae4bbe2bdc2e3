"""From what the source holds to what the network reads: one function for each kind of data."""

from __future__ import annotations

from typing import Any

import numpy as np

from kspec.builders.data.image import prepare_images
from kspec.builders.data.prepared import Prepared, Splits, each_split, train_features
from kspec.builders.data.table import prepare_table, table_by
from kspec.builders.data.text import prepare_texts
from kspec.builders.examples import Kind
from kspec.builders.model.text_output import Output
from kspec.spec.data import Data


def preprocess(kind: Kind, splits: Splits, data: Data, output: Output, fitted: Any = None) -> Prepared:
    """The splits as the network reads them. Statistics and vocabularies come from train alone.

    fitted: a preprocessor of tables or texts to use instead of fitting one.

    Raises:
        DataError: images of different sizes, values missing in a table, numbers that are none.
    """
    if kind == "image":
        return prepare_images(splits, data.image)
    if kind == "table":
        return prepare_table(splits, data.columns) if fitted is None else table_by(fitted, splits)
    if kind == "text":
        return prepare_texts(splits, data.text, output, fitted)
    train = train_features(splits)
    if output == "int" and train.dtype.kind in "iu" and train.ndim == 2:
        return prepare_ids(splits)
    return prepare_arrays(splits)


def prepare_ids(splits: Splits) -> Prepared:
    """Token ids (n, length), 0 for padding, as a network with an embedding reads them: int32, any id that occurs."""
    size = max(int(np.asarray(part.x).max()) for part in splits.values() if part is not None) + 1
    return Prepared(each_split(splits, _int32), train_features(splits).shape[1:], "int32", vocabulary_size=size)


def prepare_arrays(splits: Splits) -> Prepared:
    """Arrays of numbers (n, ...), as float32."""
    return Prepared(each_split(splits, _float32), tuple(np.shape(train_features(splits))[1:]), "float32")


def _int32(x: Any) -> np.ndarray:
    return np.asarray(x).astype(np.int32)


def _float32(x: Any) -> np.ndarray:
    return np.asarray(x).astype(np.float32)
