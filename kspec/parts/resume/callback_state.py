"""What a Keras callback remembers between steps, as plain data, and the way back.

Keras' `BackupAndRestore` saves nothing of the callbacks: patience, the best value and the best weights are lost. Here
the state of a callback is its attributes, as far as they hold data: numbers, strings, booleans, None, NumPy arrays,
tensors, variables, and lists, tuples and dictionaries of them. What is no data (a function, an open file, the model)
stays what the constructor and `on_train_begin` made of it. A callback that knows better defines

    get_state() -> dict                 of such data
    set_state(state: dict) -> None      after on_train_begin, or, within an epoch, after its on_epoch_begin
"""

from __future__ import annotations

import os
from typing import Any

import keras
import numpy as np

NOT_STATE = ("model", "_model", "params", "validation_data")
"""Attributes that belong to the `fit`, not to the callback."""
PLAIN = (bool, int, float, str)

Arrays = dict[str, np.ndarray]


class NotDataError(TypeError):
    """A value that cannot be written down."""


def take(callback: keras.callbacks.Callback, name: str, arrays: Arrays) -> dict[str, Any]:
    """The state of a callback: JSON-able, with the arrays moved into `arrays` under names that begin with `name`.

    Raises:
        NotDataError: `get_state` of the callback gives something that is no data.
    """
    if isinstance(callback, keras.callbacks.CSVLogger):
        callback.csv_file.flush()
        return {"bytes": os.path.getsize(callback.filename)}
    if hasattr(callback, "get_state"):
        return {key: _written(value, f"{name}/{key}", arrays) for key, value in callback.get_state().items()}
    state = {}
    for key, value in vars(callback).items():
        if key in NOT_STATE:
            continue
        kept: Arrays = {}
        try:
            state[key] = _written(value, f"{name}/{key}", kept)
        except NotDataError:
            continue
        arrays.update(kept)
    # Keras chooses the comparison at the end of the first epoch, and turns the sign of `min_delta` with it.
    state["monitor_op"] = getattr(callback, "monitor_op", None) is not None
    return state


def put(callback: keras.callbacks.Callback, state: dict[str, Any], arrays: Arrays) -> None:
    """Gives a callback the state that `take` took from its like.

    Raises:
        ValueError: a list of variables has another length or other shapes.
    """
    if isinstance(callback, keras.callbacks.CSVLogger):
        return  # its file is all it remembers: see cut_file
    if hasattr(callback, "set_state"):
        callback.set_state({key: _read(value, None, arrays) for key, value in state.items()})
        return
    if state["monitor_op"] and getattr(callback, "monitor_op", True) is None:
        callback._set_monitor_op()
    for key, value in state.items():
        if key != "monitor_op":
            setattr(callback, key, _read(value, vars(callback).get(key), arrays))


def cut_file(callback: keras.callbacks.Callback, state: dict[str, Any]) -> None:
    """Cuts the file of a `CSVLogger` to what it held when `take` was called, and lets the logger append to it."""
    if not isinstance(callback, keras.callbacks.CSVLogger):
        return
    callback.append = True
    if os.path.exists(callback.filename):
        os.truncate(callback.filename, min(state["bytes"], os.path.getsize(callback.filename)))


def _written(value: Any, name: str, arrays: Arrays) -> Any:
    """A value as JSON: plain values as they are, all others as {kind: content}."""
    if value is None or type(value) in PLAIN:
        return value
    if isinstance(value, list | tuple):
        items = [_written(item, f"{name}/{number}", arrays) for number, item in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": items}
    if isinstance(value, dict):
        if not all(type(key) in (str, int) for key in value):
            raise NotDataError(name)
        return {"dict": [[key, _written(item, f"{name}/{key}", arrays)] for key, item in value.items()]}
    kind = _array_kind(value)
    array = np.array(keras.ops.convert_to_numpy(value) if kind in ("tensor", "variable") else value)
    if array.dtype.kind not in "biufcV":  # V: bfloat16, which NumPy does not know by itself
        raise NotDataError(name)
    arrays[name] = array
    return {kind: name}


def _array_kind(value: Any) -> str:
    if isinstance(value, np.generic):
        return "scalar"
    if isinstance(value, np.ndarray):
        return "array"
    if isinstance(value, keras.Variable):
        return "variable"
    if keras.ops.is_tensor(value) and not isinstance(value, keras.KerasTensor):
        return "variable" if hasattr(value, "assign") else "tensor"
    raise NotDataError(type(value).__name__)


def _read(value: Any, present: Any, arrays: Arrays) -> Any:
    """The value that JSON stands for; variables that are `present` take their value and stay the same objects."""
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    if kind in ("list", "tuple"):
        there = present if isinstance(present, list | tuple) and len(present) == len(content) else [None] * len(content)
        items = [_read(item, one, arrays) for item, one in zip(content, there, strict=True)]
        return tuple(items) if kind == "tuple" else items
    if kind == "dict":
        old = present if isinstance(present, dict) else {}
        return {key: _read(item, old.get(key), arrays) for key, item in content}
    array = arrays[content]
    if kind == "variable":
        return _assigned(present, array, content)
    if kind == "tensor":
        return keras.ops.convert_to_tensor(array)
    return array[()] if kind == "scalar" else array


def _assigned(variable: Any, array: np.ndarray, name: str) -> Any:
    if not hasattr(variable, "assign") or tuple(variable.shape) != array.shape:
        raise ValueError(f"the callback holds no variable of shape {array.shape} for {name}")
    variable.assign(array)
    return variable
