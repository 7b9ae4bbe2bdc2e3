"""Weights from the layers of one model to those of its smaller copy."""

from __future__ import annotations

import tempfile
from typing import Any

import keras
import numpy as np

from kspec.parts.neurons.structure import Cut, Structure


class Transfer:
    """Pairs of an old and a new layer, whose variables are copied once the new ones are built."""

    def __init__(self, structure: Structure, cut: Cut) -> None:
        self._slots, self._cut = structure.slots_of(), cut
        self._pairs: list[tuple[Any, Any]] = []

    def add(self, old: Any, new: Any) -> None:
        """Notes a pair of layers."""
        self._pairs.append((old, new))

    def add_all(self, pairs: list[tuple[Any, Any]]) -> None:
        """Notes several."""
        self._pairs += pairs

    def replace(self, new: dict[int, Any]) -> None:
        """Sends what goes to a new layer to another one instead, by the id of the new layer."""
        self._pairs = [(one, new.get(id(other), other)) for one, other in self._pairs]

    def twins(self) -> dict[int, Any]:
        """The new variable for each old one, by its id."""
        pairs = (zip(old.variables, new.variables, strict=True) for old, new in self._pairs)
        return {id(one): other for pair in pairs for one, other in pair}

    def run(self) -> None:
        """Copies everything.

        Raises ValueError naming the layer if the two do not fit: a layer that builds itself in another way.
        """
        for old, new in self._pairs:
            self._layer(old, new)

    def _layer(self, old: Any, new: Any) -> None:
        if len(old.variables) != len(new.variables):
            raise ValueError(f"the copy of the layer '{old.name}' ({type(old).__name__}) has other weights than it")
        for one, other in zip(old.variables, new.variables, strict=True):
            value = self.sliced(one)
            made = tuple(other.value.shape)  # `other.shape` is what its initializer was asked for
            if value.shape != made:
                raise ValueError(
                    f"the weight '{one.name}' of the layer '{old.name}' ({type(old).__name__}) becomes {value.shape}, "
                    f"and its copy begins with {made}: exclude the layers that lose neurons there, or give it an "
                    "initializer for any shape"
                )
            other.assign(value)
        for one, other in zip(old._flatten_layers(), new._flatten_layers(), strict=True):
            other.trainable = one.trainable
        if isinstance(new, keras.layers.Normalization):
            new.finalize_state()
        _copy_assets(old, new)

    def sliced(self, variable: Any) -> Any:
        """The value of a variable without the removed channels."""
        value = np.asarray(keras.ops.convert_to_numpy(variable))
        for slot in self._slots.get(id(variable), []):
            value = np.take(value, self._cut.kept(slot.tokens), axis=slot.axis)
        return value


def _copy_assets(old: Any, new: Any) -> None:
    """Vocabularies and other state that is no variable."""
    if not hasattr(old, "save_assets"):
        return
    with tempfile.TemporaryDirectory() as folder:
        old.save_assets(folder)
        new.load_assets(folder)
