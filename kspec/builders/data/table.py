"""Tables: numeric columns normalised, categorical ones one-hot, by a Keras model that is fitted on the train split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kspec.builders.data.prepared import Prepared, Splits, each_split, train_features
from kspec.errors import DataError, Problem
from kspec.spec.data import Columns

BATCH = 4096
Table = Mapping[str, np.ndarray]


def prepare_table(splits: Splits, columns: Columns) -> Prepared:
    """The splits as float32 (n, d): numeric columns first, then a group of zeros and ones for each categorical one.

    Raises:
        DataError: a numeric column holds something else, or two columns have one name.
    """
    train = train_features(splits)
    numeric = numeric_columns(train, columns)
    model = table_model(typed(train, numeric))
    ready = each_split(splits, lambda x: apply(model, typed(x, numeric)))
    return Prepared(ready, tuple(model.output_shape[1:]), "float32", model)


def numeric_columns(table: Table, columns: Columns) -> list[str]:
    """The columns that are numbers: those that the spec names, else all of a number type; the rest is categorical."""
    if columns.numeric is not None:
        return [name for name in table if name in columns.numeric]
    categorical = columns.categorical or ()
    return [name for name, values in table.items() if name not in categorical and _is_number(values)]


def _is_number(values: np.ndarray) -> bool:
    if values.dtype.kind == "O":
        return all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in values)
    return values.dtype.kind in "iuf"


def typed(table: Any, numeric: list[str]) -> Table:
    """Columns by the names and types of the model's inputs: float32, int64 or object array of str, each (n,).

    Raises:
        DataError: a value of a numeric column is not a number; two columns have one name.
    """
    if not isinstance(table, Mapping):
        found = f"an array of shape {np.shape(table)}"
        raise DataError(Problem(("data",), "the data are not a table", "columns", found))
    result: dict[str, np.ndarray] = {}
    for name, values in table.items():
        if input_name(name) in result:
            raise DataError(Problem(("data", "columns"), f"two columns are called '{input_name(name)}'"))
        result[input_name(name)] = _numbers(name, values) if name in numeric else _categories(values)
    return result


def input_name(column: str) -> str:
    """The name of a column's input; Keras allows no `/` in names."""
    return column.replace("/", "_")


def _numbers(name: str, values: np.ndarray) -> np.ndarray:
    try:
        return values.astype(np.float32)
    except (TypeError, ValueError):
        found = next(repr(v) for v in values if not _convertible(v))
        hint = f"name it under data.columns.categorical, or leave it out with data.columns.ignore: [{name}]"
        message = f"column '{name}' holds a value that is no number"
        raise DataError(Problem(("data", "columns", "numeric"), message, "numbers", found, hint)) from None


def _convertible(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _categories(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    if values.dtype.kind == "f" and np.array_equal(values, np.round(values)):
        return values.astype(np.int64)
    return np.array([str(v) for v in values.tolist()], object)


def table_model(train: Table) -> keras.Model:
    """The Keras model from typed columns, {name: (batch, 1)}, to float32 (batch, d), fitted on `train`."""
    inputs = {name: keras.Input((1,), dtype=_dtype(values), name=name) for name, values in train.items()}
    numeric = [name for name, values in train.items() if values.dtype.kind == "f"]
    parts = []
    if numeric:
        # Means in float64: float32 sums lose digits over many rows.
        values = np.stack([train[name] for name in numeric], axis=1).astype(np.float64)
        layer = keras.layers.Normalization(name="normalization", dtype="float32")
        layer.adapt(values)
        parts.append(layer(_join([inputs[name] for name in numeric], "numeric")))
    parts += [_one_hot(name, values)(inputs[name]) for name, values in train.items() if values.dtype.kind != "f"]
    return keras.Model(inputs, _join(parts, "features"), name="preprocessor")


def _dtype(values: np.ndarray) -> str:
    return {"f": "float32", "i": "int64", "O": "string"}[values.dtype.kind]


def _join(parts: list[Any], name: str) -> Any:
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate(name=name, dtype="float32")(parts)


def _one_hot(name: str, values: np.ndarray) -> keras.layers.Layer:
    """A lookup with one place for values that train does not hold, then one for each that it holds, sorted."""
    kind = keras.layers.StringLookup if values.dtype.kind == "O" else keras.layers.IntegerLookup
    layer = kind(num_oov_indices=1, output_mode="one_hot", name=f"{name}_one_hot")
    layer.set_vocabulary(np.unique(values))
    return layer


def apply(model: keras.Model, table: Table) -> np.ndarray:
    """The model's output for every row, as one array."""
    rows = len(next(iter(table.values())))
    result = np.empty((rows, model.output_shape[-1]), np.float32)
    compute = tf.function(model, reduce_retracing=True)
    for start in range(0, rows, BATCH):
        batch = {name: tf.convert_to_tensor(values[start : start + BATCH, None]) for name, values in table.items()}
        result[start : start + BATCH] = compute(batch)
    return result
