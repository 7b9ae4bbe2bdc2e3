"""One component under test, and what every contract uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kspec.catalog.index import Entry
from kspec.catalog.resolve import called
from kspec.errors import SpecError
from kspec.testing.example import Example


class Broken(AssertionError):
    """A contract that a component does not keep; the message says what is wrong."""


@dataclass(frozen=True)
class Subject:
    """A component: its entry in the catalogue, the class or function, and on what it is tried.

    beside: name -> class or function of the other components of its plug-in, which it can have inside.
    """

    entry: Entry
    target: Any
    example: Example
    beside: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> Any:
        """A new one, made as kspec makes it from a spec.

        Raises:
            Broken: it cannot be made of the example's arguments.
        """
        try:
            return called(self.entry, self.target, self.example.arguments, (self.entry.name,))
        except SpecError as error:
            raise Broken(f"it cannot be made of {dict(self.example.arguments)}: {error}") from error

    def inputs(self) -> list[Any]:
        """The example's inputs."""
        return self.example.inputs(self.entry.kind)


def require(holds: bool, message: str) -> None:
    """Raises `Broken` with the message unless `holds`."""
    if not holds:
        raise Broken(message)


def require_equal(one: Any, other: Any, message: str) -> None:
    """Raises `Broken` unless two structures of numbers, texts and tensors are the same to the last bit."""
    require(same(one, other), message)


def same(one: Any, other: Any) -> bool:
    """Whether two structures are the same to the last bit; NaN is equal to NaN."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    left, right = as_array(one), as_array(other)
    numeric = left.dtype.kind in "fc" and right.dtype.kind in "fc"
    return left.shape == right.shape and left.dtype == right.dtype and np.array_equal(left, right, equal_nan=numeric)


def as_array(value: Any) -> Any:
    """A tensor, variable, number or text as a NumPy array; ragged and sparse tensors as dense ones."""
    import keras

    if hasattr(value, "to_tensor"):
        value = value.to_tensor()
    return keras.ops.convert_to_numpy(value) if keras.ops.is_tensor(value) else np.asarray(value)


def require_finite(value: Any, message: str) -> None:
    """Raises `Broken` where a number of the tensors is NaN or infinite."""
    for one in value if isinstance(value, list | tuple) else [value]:
        array = as_array(one)
        require(array.dtype.kind not in "fc" or bool(np.isfinite(array).all()), message)


def as_json(config: Any) -> Any:
    """A configuration as a file would give it back.

    Raises:
        Broken: JSON cannot hold it.
    """
    try:
        return json.loads(json.dumps(config))
    except (TypeError, ValueError) as error:
        raise Broken(f"its configuration is no JSON: {error}") from error
