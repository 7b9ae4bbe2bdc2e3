"""Tables: numeric columns normalised, categorical ones one-hot, by a Keras model that is fitted on the train split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from kspec.builders.data.labels import text_of
from kspec.builders.data.prepared import Prepared, Splits, each_split, train_features
from kspec.errors import DataError, Problem
from kspec.spec.data import Columns

BATCH = 4096
Table = Mapping[str, np.ndarray]
Kind = Literal["float32", "int64", "string"]


def prepare_table(splits: Splits, columns: Columns) -> Prepared:
    """The splits as float32 (n, d): numeric columns first, then a group of zeros and ones for each categorical one.

    Raises:
        DataError: a numeric column holds something else, or two columns have one name.
    """
    train = train_features(splits)
    kinds = column_kinds(train, columns)
    model = table_model(typed(train, kinds))
    ready = each_split(splits, lambda x: apply(model, typed(x, kinds)))
    return Prepared(ready, tuple(model.output_shape[1:]), "float32", model)


def table_by(model: keras.Model, splits: Splits) -> Prepared:
    """The splits as a preprocessor that was fitted before makes them.

    Raises:
        DataError: the columns are not those it was fitted on, or a value does not have its column's type.
    """
    train = train_features(splits)
    _require_table(train)
    wanted: dict[str, Kind] = {tensor.name: tensor.dtype for tensor in model.inputs}
    held = {input_name(name): name for name in train}
    if set(held) != set(wanted):
        hint = "data.columns says which columns are features"
        message = "the columns are not those of the saved model"
        raise DataError(Problem(("data", "columns"), message, ", ".join(wanted), ", ".join(train), hint))
    kinds = {held[name]: kind for name, kind in wanted.items()}
    ready = each_split(splits, lambda x: apply(model, typed(x, kinds)))
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


def column_kinds(train: Any, columns: Columns) -> dict[str, Kind]:
    """Column -> the type of its input: numbers float32; categories int64 where all of train's are whole, else text.

    Raises:
        DataError: the features are not a table.
    """
    _require_table(train)
    numeric = numeric_columns(train, columns)
    return {
        name: "float32" if name in numeric else "string" if _whole(values) is None else "int64"
        for name, values in train.items()
    }


def typed(table: Any, kinds: Mapping[str, Kind]) -> Table:
    """Columns by the names and types of the model's inputs: float32, int64 or object array of str, each (n,).

    kinds: of every column; see `column_kinds`. A table that comes later may hold 1 where train held "1".

    Raises:
        DataError: a value does not have the column's type; two columns have one name.
    """
    _require_table(table)
    result: dict[str, np.ndarray] = {}
    for name, values in table.items():
        if input_name(name) in result:
            raise DataError(Problem(("data", "columns"), f"two columns are called '{input_name(name)}'"))
        result[input_name(name)] = AS[kinds[name]](name, values)
    return result


def _require_table(table: Any) -> None:
    if not isinstance(table, Mapping):
        found = f"an array of shape {np.shape(table)}"
        raise DataError(Problem(("data",), "the data are not a table", "columns", found))


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


def _ids(name: str, values: np.ndarray) -> np.ndarray:
    whole = _whole(values)
    if whole is not None:
        return whole
    # Texts: one value that is no number makes pandas read the whole column so.
    ids = [_whole_number(value) for value in values.tolist()]
    if None in ids:
        message = f"column '{name}' holds a value that is no whole number, and train holds only those"
        found = repr(values[ids.index(None)])
        raise DataError(Problem(("data", "columns", "categorical"), message, "integers", found))
    return np.array(ids, np.int64)


def _whole_number(value: Any) -> int | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else None


def _whole(values: np.ndarray) -> np.ndarray | None:
    """Whole numbers and booleans as int64; None where there is anything else."""
    if values.dtype.kind == "O":
        if not all(isinstance(value, int | float | np.number) for value in values):
            return None
        values = values.astype(np.float64)
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    return values.astype(np.int64) if values.dtype.kind == "f" and np.array_equal(values, np.round(values)) else None


def _texts(name: str, values: np.ndarray) -> np.ndarray:
    return np.array([text_of(value) for value in values.tolist()], object)


AS: Mapping[Kind, Callable[[str, np.ndarray], np.ndarray]] = {"float32": _numbers, "int64": _ids, "string": _texts}
"""Type of an input -> (name, values) of a column in that type."""


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
