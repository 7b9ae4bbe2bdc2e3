"""How sparse the weights have become, against what the schedule asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from kspec.parts.pruning import schedules
from kspec.parts.pruning.engines import Pattern
from kspec.parts.pruning.masks import kept
from kspec.parts.pruning.targets import Group


@dataclass(frozen=True)
class Reached:
    """How sparse a weight is. path: of the weight. size: its numbers. zeros: how many of them are 0."""

    path: str
    size: int
    zeros: int

    @property
    def sparsity(self) -> float:
        """The share of zeros."""
        return self.zeros / self.size


def reached(weight: keras.Variable) -> Reached:
    """How sparse a weight is now."""
    array = keras.ops.convert_to_numpy(weight)
    return Reached(weight.path, array.size, int(array.size - np.count_nonzero(array)))


def shortfalls(found: Sequence[Group], pattern: Pattern, renewed: Sequence[int], step: int) -> list[str]:
    """Sentences about the groups that are less sparse than their schedule says, by more than one weight.

    renewed: the step of each group's last masks, 0 where it has none. step: the last one of the training. Nothing is
    said of m of n, which has no schedule, nor of blocks, the last of which are cut off at the edges.
    """
    if pattern != Pattern():
        return []
    said = []
    for group, last in zip(found, renewed, strict=True):
        each = [reached(weight) for weight in group.weights]
        zeros, size = sum(one.zeros for one in each), sum(one.size for one in each)
        wanted, why = _wanted(group.schedule, last, step)
        asked = size - kept(size, wanted)
        if zeros >= asked - 1:
            continue
        if last and zeros < size - kept(size, schedules.read(group.schedule, last)[1]) - 1:
            why = "weights of the same magnitude stay or go together"
        name = each[0].path if len(each) == 1 else f"{len(each)} weights together"
        numbers = f"{zeros:,} of {size:,} are 0 ({zeros / size:.1%}), {asked:,} ({asked / size:.1%}) were asked for"
        said.append(f"{name}: {numbers}: {why}")
    return said


def _wanted(schedule: schedules.Schedule, last: int, step: int) -> tuple[np.float32, str]:
    """The sparsity that is asked for at the end of a training, and why it may not be there."""
    if not last:
        return schedules.read(schedule, step)[1], f"none of the {step} steps renewed the masks"
    found = schedules.known(schedule)
    if found is None or not 0 <= found.end_step <= step:  # between two renewals nothing is missing
        return schedules.read(schedule, last)[1], ""
    why = f"the masks were last renewed at step {last}; let `frequency` divide the steps from begin to end"
    return schedules.read(schedule, found.end_step)[1], why
