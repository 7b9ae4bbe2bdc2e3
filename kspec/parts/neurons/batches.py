"""The data that a model is measured on: arrays, or batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import GeneratorType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kspec.parts.autotune import in_order

EXPECTED = "data is a tuple (x, y) of arrays, or an iterable of such batches"


def arguments(data: Any, batch_size: int) -> dict[str, Any]:
    """The arguments with which `fit` without shuffling, and `evaluate`, pass over the data once.

    data: (x, y) or (x, y, sample weights), or what else `fit` takes.
    Raises ValueError for data without labels, and for data without an end.
    """
    if isinstance(data, tuple):
        _refuse_no_arrays(data)
        return in_order(*data, batch_size=batch_size)
    if _is_array(data) or isinstance(data, (str, dict, list)):
        hint = "; write (x, y) with round brackets" if isinstance(data, list) else ""
        raise ValueError(f"{EXPECTED}, not {_told(data)}{hint}")
    refuse_endless(data)
    # Of a generator, Keras takes tuples only.
    return {"x": (_as_tuple(batch) for batch in data) if isinstance(data, GeneratorType) else data}


def inputs_of(model: Any, data: Any, batch_size: int) -> Iterator[Any]:
    """The inputs of a model, batch after batch.

    data: an array (a list or dict of arrays for several inputs), or a tuple (x, y) of them; or an iterable of batches
    x, (x, y) or, as PyTorch's DataLoader has them, [x, y].
    Raises ValueError for a list of arrays that are not one for each input, and for data without an end.
    """
    data = data[0] if isinstance(data, tuple) else data
    several = isinstance(data, list) and all(map(_is_array, data))
    if several and len(data) > 1 and not _are_inputs(model, data):
        count = len(model.inputs)
        raise ValueError(f"data is a list of {len(data)} arrays for a model of {count} input(s); write (x, y)")
    if _is_array(data) or isinstance(data, dict) or several:
        yield from _slices(data, batch_size)
        return
    refuse_endless(data)
    for batch in data:
        pair = isinstance(batch, tuple) or (isinstance(batch, list) and not _are_inputs(model, batch))
        yield batch[0] if pair else batch


def labels_of(data: Any) -> NDArray[Any]:
    """The labels of the first output: all of arrays, or those of the first batch.

    Raises ValueError where there are none and for a generator, whose batches would be lost.
    """
    if isinstance(data, Iterator):
        raise ValueError(
            "data is read once for each group and share, and a generator or iterator ends after the first pass: give "
            "arrays, a tf.data dataset or a PyDataset"
        )
    found = data if isinstance(data, tuple) else next(iter(data), None)
    if found is None:
        raise ValueError(f"{EXPECTED}; found no batch")
    if not isinstance(found, (tuple, list)) or len(found) < 2:
        raise ValueError(f"{EXPECTED}; found {_told(found)} without labels")
    labels: NDArray[Any] = np.asarray(keras.ops.convert_to_numpy(keras.tree.flatten(found[1])[0]))
    return labels


def refuse_endless(data: Any) -> None:
    """Raises ValueError for a dataset that says that it has no end."""
    repeated = isinstance(data, tf.data.Dataset) and int(data.cardinality()) == tf.data.INFINITE_CARDINALITY
    if repeated or (isinstance(data, keras.utils.PyDataset) and data.num_batches is None):
        raise ValueError("data has no end: give a dataset without `repeat`, or `take` some batches of it")


def _refuse_no_arrays(data: tuple[Any, ...]) -> None:
    if len(data) not in (2, 3):
        raise ValueError(f"{EXPECTED}; found a tuple of {len(data)}")
    wrong = [one for part in data for one in keras.tree.flatten(part) or [part] if not _is_array(one)]
    if wrong:
        raise ValueError(f"{EXPECTED}; found {_told(wrong[0])} where an array belongs")


def _slices(data: Any, batch_size: int) -> Iterator[Any]:
    for start in range(0, len(keras.tree.flatten(data)[0]), batch_size):
        end = start + batch_size
        yield keras.tree.map_structure(lambda one: np.asarray(one[start:end]), data)  # noqa: B023


def _are_inputs(model: Any, values: Iterable[Any]) -> bool:
    """Whether a list is one array for each of several inputs."""
    values, inputs = list(values), getattr(model, "inputs", None)
    return all(map(_is_array, values)) and (inputs is None or len(inputs) == len(values) > 1)


def _as_tuple(batch: Any) -> Any:
    return tuple(batch) if isinstance(batch, list) else batch


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape")


def _told(value: Any) -> str:
    """What was found, in words."""
    if isinstance(value, (list, tuple, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    return "an array alone" if _is_array(value) else f"{type(value).__name__}"
