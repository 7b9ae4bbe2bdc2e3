"""How large a search is: trials and epochs, before it begins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

from kspec.spec.tune import Hyperband, Tune
from kspec.tuning.space import Axis, combinations


def planned(tune: Tune, axes: Sequence[Axis], epochs: int) -> int | None:
    """The trials of a search that only its number of trials ends; None where it is not known."""
    found = tune.trials
    if tune.algorithm.hyperband is not None:
        whole = len(rungs(tune.algorithm.hyperband, epochs))
        found = whole if found is None else min(found, whole)
    elif not any(axis.is_continuous for axis in axes) or tune.algorithm.grid is not None:
        whole = combinations(list(axes))
        found = whole if found is None else min(found, whole)
    return found


def total_epochs(tune: Tune, axes: Sequence[Axis], epochs: int) -> int | None:
    """Epochs that all trials together train, seeds and folds included; None where the number of trials is not known."""
    each = tune.executions * (tune.folds or 1)
    count = planned(tune, axes, epochs)
    if tune.algorithm.hyperband is not None:
        return each * sum(islice(rungs(tune.algorithm.hyperband, epochs), count))
    return None if count is None else each * count * epochs


def rungs(hyperband: Hyperband, epochs: int) -> list[int]:
    """The epochs that each trial of Hyperband trains beyond the trial that it continues.

    The sizes of brackets and rounds are KerasTuner's, which differ from the paper's in that the last round of a bracket
    holds more than one trial (`HyperbandOracle._get_size`).
    """
    factor = hyperband.factor
    brackets = 0
    while epochs / factor**brackets >= 1:
        brackets += 1
    found = []
    for bracket in reversed(range(brackets)):
        end = math.ceil(1 + math.log(epochs, factor)) / (bracket + 1)
        for turn in range(bracket + 1):
            count = math.ceil(end * factor ** (bracket - turn))
            length = math.ceil(epochs / factor ** (bracket - turn))
            before = math.ceil(epochs / factor ** (bracket - turn + 1)) if turn else 0
            found += [length - before] * count
    return found * hyperband.iterations
