"""Initializers of layers that become smaller: an array in one loses what the weight loses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kspec.parts.neurons.structure import Cut, Slot

SUFFIX = "_initializer"


def fitted(layer: Any, config: Any, slots: Mapping[int, list[Slot]], cut: Cut) -> Any:
    """A layer's configuration in which the array of a `Constant`, such as a table of word vectors, has the new shape.

    With the old one the layer could be neither built nor loaded. Other initializers are those of any shape.
    Raises ValueError naming the layer for an array that several weights begin with, which lose different parts.
    """
    if isinstance(config, Mapping):
        return {
            key: _cut(layer, key, value, slots, cut) if _holds_array(key, value) else fitted(layer, value, slots, cut)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(fitted(layer, value, slots, cut) for value in config)
    return config


def _holds_array(key: str, value: Any) -> bool:
    constant = isinstance(value, Mapping) and value.get("class_name") == "Constant"
    return key.endswith(SUFFIX) and constant and np.ndim(_array(value)) > 0


def _array(serialized: Any) -> NDArray[Any]:
    constant = keras.initializers.deserialize(serialized)
    array: NDArray[Any] = np.asarray(keras.ops.convert_to_numpy(constant.value))
    return array


def _cut(layer: Any, key: str, serialized: Any, slots: Mapping[int, list[Slot]], cut: Cut) -> Any:
    whole, stem = _array(serialized), key.removesuffix(SUFFIX)
    # `depthwise_initializer` is that of `depthwise_kernel`.
    named = [variable for variable in layer.variables if variable.name in (stem, f"{stem}_kernel")]
    found = [_sliced(whole, variable, slots.get(id(variable), []), cut) for variable in named]
    if any(not np.array_equal(one, found[0]) for one in found):
        raise ValueError(
            f"the layer '{layer.name}' ({type(layer).__name__}) begins several weights with the array of its {key}, "
            "and they lose different parts: give it another initializer, or exclude it"
        )
    if not found or found[0].shape == whole.shape:
        return serialized
    return keras.initializers.serialize(keras.initializers.Constant(found[0]))


def _sliced(array: NDArray[Any], variable: Any, slots: list[Slot], cut: Cut) -> NDArray[Any]:
    """Without the removed channels; the array may have fewer axes than the weight, aligned at the right."""
    for slot in slots:
        axis = slot.axis - len(variable.shape)
        if -axis <= array.ndim and array.shape[axis] > 1:
            array = np.take(array, cut.kept(slot.tokens), axis=axis)
    return array
