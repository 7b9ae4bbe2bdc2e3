"""Channels: numbers for the neurons of a network, of which those that must be removed together are united."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]
"""One number a channel; the same number at two places is the same channel."""


@dataclass(frozen=True, eq=False)
class Flow:
    """The channels of a tensor: `tokens[i]` is the channel at index i of `axis`. None where none are known."""

    axis: int | None
    tokens: Tokens

    def at(self, axis: int) -> bool:
        """Whether the channels lie along this axis."""
        return self.axis == axis


NO_CHANNELS = Flow(None, np.zeros(0, np.int64))
"""A tensor without a known number of channels, such as a batch of token ids."""


class Channels:
    """A union-find over channels. A class of united channels is the smallest thing that can be removed.

    A class may be frozen, with a reason; and joined, if an addition ties the outputs of several layers together (the
    stream of a residual network).

    Source of the idea: Fang et al., DepGraph, arXiv:2301.12900 (groups of coupled parameters).
    """

    def __init__(self) -> None:
        self._parent: list[int] = []
        self._frozen: dict[int, str] = {}
        self._joined: set[int] = set()
        self._table: Tokens | None = None

    def __len__(self) -> int:
        return len(self._parent)

    def fresh(self, count: int) -> Tokens:
        """New channels."""
        first, self._table = len(self._parent), None
        self._parent.extend(range(first, first + count))
        return np.arange(first, first + count)

    def root(self, token: int) -> int:
        """The channel that stands for the class."""
        parent = self._parent
        while parent[token] != token:
            parent[token] = parent[parent[token]]
            token = parent[token]
        return token

    def roots(self, tokens: Tokens) -> Tokens:
        """The class of each channel."""
        if self._table is None:
            self._table = as_tokens([self.root(token) for token in range(len(self._parent))])
        return self._table[tokens]

    def unite(self, one: Tokens, other: Tokens) -> None:
        """Makes the channels at equal positions one class each. Both must be of the same length."""
        for left, right in zip(one.tolist(), other.tolist(), strict=True):
            a, b = self.root(left), self.root(right)
            if a != b:
                self._table = None
                self._parent[max(a, b)] = min(a, b)

    def freeze(self, tokens: Tokens, reason: str) -> None:
        """Forbids the removal of these channels; the first reason stays."""
        for token in tokens.tolist():
            self._frozen.setdefault(token, reason)

    def freeze_outputs(self, tokens: Tokens, reason: str) -> None:
        """The same, with a reason that says more than any other."""
        first = dict.fromkeys(tokens.tolist(), reason)
        self._frozen = {**first, **self._frozen, **first}

    def join(self, tokens: Tokens) -> None:
        """Marks these channels as part of a sum of several layers."""
        self._joined.update(tokens.tolist())

    def frozen(self) -> dict[int, str]:
        """Class -> why it is frozen."""
        reasons: dict[int, str] = {}
        for token, reason in self._frozen.items():
            reasons.setdefault(self.root(token), reason)
        return reasons

    def joined(self) -> set[int]:
        """The classes that an addition ties together."""
        return {self.root(token) for token in self._joined}


def as_tokens(values: Any) -> Tokens:
    """An array of channels."""
    return np.asarray(values, np.int64)
