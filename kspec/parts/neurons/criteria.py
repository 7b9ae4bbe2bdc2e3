"""Criteria: how much each channel matters. The least important ones go first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import keras
import numpy as np
from numpy.typing import NDArray

from kspec.parts.neurons.groups import Group
from kspec.parts.neurons.structure import Slot, Structure
from kspec.parts.neurons.taylor import taylor

Criterion = Literal["taylor", "l1", "l2", "bn_gamma", "random"]
CRITERIA: tuple[str, ...] = get_args(Criterion)

Scores = list[NDArray[np.float64]]
"""The score of each class of each group."""


def scores(
    structure: Structure, groups: tuple[Group, ...], criterion: str, data: Any, loss: Any, batch_size: int, seed: int
) -> Scores:
    """The scores of all groups; see kspec.prune_neurons for the criteria.

    Scores are made comparable between groups: the mean of each is 1. Otherwise whole layers go: a channel of a late,
    wide layer matters less to the loss than one of the first, and has a hundredth of its MACs. Norms of weights are
    taken as in DepGraph (arXiv:2301.12900, section 3.3): the norms of the slices of each weight are divided by their
    mean, and averaged over the weights that a channel has a slice of.
    """
    if criterion == "taylor":
        return [_relative(score) for score in taylor(structure, groups, data, loss, batch_size)]
    if criterion == "random":
        random = np.random.default_rng(seed)
        return [random.random(len(group.classes)) for group in groups]
    if criterion == "bn_gamma":
        return [_mean_of_slots(structure, group, ("scale",), np.abs) for group in groups]
    return [_mean_of_slots(structure, group, ("out", "in", "through", "scale"), NORMS[criterion]) for group in groups]


NORMS: Mapping[str, Callable[[Any], Any]] = {"l1": np.abs, "l2": np.square}


def has_gamma(structure: Structure, group: Group) -> bool:
    """Whether a batch norm with a gamma follows a group, which `bn_gamma` needs."""
    return any(structure.slots[number].role == "scale" for number in group.slots)


def _mean_of_slots(
    structure: Structure, group: Group, roles: tuple[str, ...], norm: Callable[[Any], Any]
) -> NDArray[np.float64]:
    found = []
    for number in group.slots:
        slot = structure.slots[number]
        if slot.role in roles:
            score = class_sums(structure, slot, group, norm(_by_index(slot)))
            score = np.sqrt(score) if norm is np.square else score
            found.append(_relative(score))
    result: NDArray[np.float64] = np.mean(found, axis=0)
    return result


def _relative(score: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = score / max(score.mean(), np.finfo(np.float64).tiny)
    return result


def _by_index(slot: Slot) -> NDArray[np.float64]:
    """The variable with the slot's axis first and all else in one row."""
    value = np.asarray(keras.ops.convert_to_numpy(slot.variable), np.float64)
    return np.moveaxis(value, slot.axis, 0).reshape(value.shape[slot.axis], -1)


def class_sums(structure: Structure, slot: Slot, group: Group, values: Any) -> NDArray[np.float64]:
    """The sum of the values (one row for each index of the slot) over the indices of each class of a group."""
    roots = structure.channels.roots(slot.tokens)
    where = np.searchsorted(group.classes, roots)
    where = np.minimum(where, len(group.classes) - 1)
    mine = group.classes[where] == roots
    sums = np.bincount(where[mine], weights=values[mine].sum(axis=1), minlength=len(group.classes))
    return sums.astype(np.float64)
