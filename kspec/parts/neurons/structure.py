"""What is found in a model: which axes of which weights belong to which channels, and what a forward pass costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kspec.parts.neurons.channels import Channels, Flow, Tokens

Role = Literal["out", "in", "through", "scale", "other"]
"""What a slice of a weight is to its channel: `out` makes it, `in` reads it, `through` filters it alone (depthwise),
`scale` is a batch norm's gamma, `other` goes with it (bias, beta, moving statistics)."""


@dataclass(frozen=True, eq=False)
class Slot:
    """An axis of a variable, of which index i belongs to channel tokens[i]."""

    layer: str
    variable: Any
    axis: int
    tokens: Tokens
    role: Role


@dataclass(frozen=True, eq=False)
class Edit:
    """A place in a layer's configuration that holds the number of these channels."""

    path: tuple[str | int, ...]
    tokens: Tokens


@dataclass(frozen=True, eq=False)
class Product:
    """An amount of the form factor * (number of channels along each axis)."""

    factor: int
    axes: tuple[Tokens, ...] = ()


@dataclass(eq=False)
class Structure:
    """What the walk over a model collects.

    slots, edits: by layer, in the order of the graph. inner: channels inside a layer by a name of the rule's own
    ("units", "heads"). inputs: the channels of each input tensor of a model or nested model, by id.
    macs: multiply-accumulates of one example. uncounted: layers whose MACs depend on an unknown length.
    """

    model: Any
    channels: Channels = field(default_factory=Channels)
    slots: list[Slot] = field(default_factory=list)
    edits: dict[int, list[Edit]] = field(default_factory=dict)
    inner: dict[int, dict[str, Tokens]] = field(default_factory=dict)
    inputs: dict[int, Flow] = field(default_factory=dict)
    macs: list[Product] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)

    def slots_of(self) -> dict[int, list[Slot]]:
        """The slots of each variable, by its id."""
        found: dict[int, list[Slot]] = {}
        for slot in self.slots:
            found.setdefault(id(slot.variable), []).append(slot)
        return found

    def parameters(self) -> list[Product]:
        """The number of weights, as `model.count_params()` counts them, a product for each variable."""
        slots, products = self.slots_of(), []
        for variable in self.model.weights:
            cut = slots.get(id(variable), [])
            axes = {slot.axis for slot in cut}
            rest = [length for axis, length in enumerate(variable.shape) if axis not in axes]
            products.append(Product(int(np.prod(rest, dtype=np.int64)), tuple(slot.tokens for slot in cut)))
        return products


class Cut:
    """A choice of classes to remove."""

    def __init__(self, channels: Channels, removed: set[int]) -> None:
        """removed: classes, by their roots."""
        self.removed = removed
        roots = channels.roots(np.arange(len(channels)))
        self._gone = np.isin(roots, list(removed)) if removed else np.zeros(len(roots), bool)

    def gone(self, tokens: Tokens) -> NDArray[np.bool_]:
        """Whether each channel is removed."""
        return self._gone[tokens]

    def kept(self, tokens: Tokens) -> NDArray[np.int64]:
        """The positions of the channels that stay, ascending."""
        return np.flatnonzero(~self.gone(tokens))

    def count(self, tokens: Tokens) -> int:
        """How many of these channels stay."""
        return len(self.kept(tokens))

    def total(self, products: list[Product]) -> int:
        """The sum of the products after the removal."""
        lengths: dict[int, int] = {}
        total = 0
        for product in products:
            amount = product.factor
            for tokens in product.axes:
                if id(tokens) not in lengths:
                    lengths[id(tokens)] = self.count(tokens)
                amount *= lengths[id(tokens)]
            total += amount
        return total
