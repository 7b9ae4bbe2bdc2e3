"""How sparse the weights have become, against what the schedule asked for."""

from __future__ import annotations

import math
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
    """Sentences about the groups that are less sparse than their schedule says, by more than one weight or block.

    renewed: the step of each group's last masks, 0 where it has none. step: the last one of the training. Nothing is
    said of m of n, which has no schedule.
    """
    if pattern.sparsity_m_by_n:
        return []
    each = [_shortfall(group, pattern, last, step) for group, last in zip(found, renewed, strict=True)]
    return [said for said in each if said]


def _shortfall(group: Group, pattern: Pattern, last: int, step: int) -> str:
    """The sentence about a group; empty where nothing is missing."""
    each = [reached(weight) for weight in group.weights]
    zeros, size = sum(one.zeros for one in each), sum(one.size for one in each)
    one_more = math.prod(pattern.block_size)
    wanted, why = _wanted(group.schedule, last, step)
    asked = _asked(group, pattern, wanted)
    if zeros >= asked - one_more:
        return ""
    if last and zeros < _asked(group, pattern, schedules.read(group.schedule, last)[1]) - one_more:
        why = "weights of the same magnitude stay or go together"
    name = each[0].path if len(each) == 1 else f"{len(each)} weights together"
    numbers = f"{zeros:,} of {size:,} are 0 ({zeros / size:.1%}), {asked:,} ({asked / size:.1%}) were asked for"
    return f"{name}: {numbers}: {why}"


def _asked(group: Group, pattern: Pattern, sparsity: np.float32) -> int:
    """The zeros that a sparsity asks for; with blocks at least these, since those at the edges are cut off."""
    shapes = [tuple(int(length) for length in weight.shape) for weight in group.weights]
    size = sum(map(math.prod, shapes))
    if pattern.block_size == (1, 1):
        return size - kept(size, sparsity)
    blocks = math.prod(-(-length // block) for length, block in zip(shapes[0], pattern.block_size, strict=True))
    return max(size - kept(blocks, sparsity) * math.prod(pattern.block_size), 0)


def _wanted(schedule: schedules.Schedule, last: int, step: int) -> tuple[np.float32, str]:
    """The sparsity that is asked for at the end of a training, and why it may not be there."""
    found = schedules.known(schedule)
    never = "" if last else f"none of the {step:,} steps renewed the masks"
    if found is not None and found.end_step > step:
        ended = f"the training ended at step {step:,}, the schedule ends at step {found.end_step:,}"
        return schedules.read(schedule, found.end_step)[1], f"{never}; {ended}" if never else ended
    if never:
        return schedules.read(schedule, step)[1], never
    if found is None or found.end_step < 0:
        return schedules.read(schedule, last)[1], ""
    why = f"the masks were last renewed at step {last:,}; let `frequency` divide the steps from begin to end"
    return schedules.read(schedule, found.end_step)[1], why
