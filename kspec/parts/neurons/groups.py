"""Groups: the channels that stand at the same places of the same weights, such as the filters of a convolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kspec.parts.neurons.structure import Slot, Structure


@dataclass(frozen=True, eq=False)
class Group:
    """classes: roots of the channels, in the order of the first layer. slots: where they stand, by number.

    name: of the layers that make the channels. joined: whether an addition ties them to other layers' channels.
    """

    name: str
    layers: tuple[str, ...]
    classes: NDArray[np.int64]
    slots: tuple[int, ...]
    joined: bool


@dataclass(frozen=True)
class FrozenGroup:
    """Channels that all stay, and why. layers: that make them."""

    layers: tuple[str, ...]
    channels: int
    reason: str


@dataclass(frozen=True, eq=False)
class Groups:
    """All groups of a model, in the order of the graph."""

    prunable: tuple[Group, ...]
    frozen: tuple[FrozenGroup, ...]


def groups_of(structure: Structure) -> Groups:
    """Sorts the channels of a model into groups. Frozen ones are told by the layers that make them."""
    members: dict[int, list[int]] = {}
    for number, slot in enumerate(structure.slots):
        for root in np.unique(structure.channels.roots(slot.tokens)).tolist():
            members.setdefault(root, []).append(number)
    reasons, joined = structure.channels.frozen(), structure.channels.joined()
    free: dict[tuple[int, ...], list[int]] = {}
    held: dict[tuple[tuple[str, ...], str], int] = {}
    for root in sorted(members):
        signature = tuple(members[root])
        layers = makers([structure.slots[number] for number in signature])
        if root not in reasons and layers:
            free.setdefault(signature, []).append(root)
        elif layers:
            held[(layers, reasons[root])] = held.setdefault((layers, reasons[root]), 0) + 1
    names = _names([makers([structure.slots[number] for number in signature]) for signature in free])
    prunable = tuple(
        Group(name, makers([structure.slots[n] for n in signature]), np.array(roots), signature, roots[0] in joined)
        for name, (signature, roots) in zip(names, free.items(), strict=True)
    )
    return Groups(prunable, tuple(FrozenGroup(layers, count, why) for (layers, why), count in held.items()))


def makers(slots: list[Slot]) -> tuple[str, ...]:
    """The layers that make channels, each once."""
    return tuple(dict.fromkeys(slot.layer for slot in slots if slot.role == "out"))


def short(layers: tuple[str, ...]) -> str:
    """The names of layers in few words."""
    return " + ".join(layers[:2]) + (f" + {len(layers) - 2} more" if len(layers) > 2 else "")


def _names(layers: list[tuple[str, ...]]) -> list[str]:
    """A short name for each group, all different."""
    names: list[str] = []
    for each in layers:
        name = short(each)
        twins = sum(name == one or one.startswith(f"{name} #") for one in names)
        names.append(f"{name} #{twins + 1}" if twins else name)
    return names
