"""How much each key of the space has to do with the objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kspec.tuning.record import Trial
from kspec.tuning.space import Axis, shown

FEWEST = 8
"""Trials below which nothing can be said."""
TREES, REPEATS = 200, 20


def importance(axes: Sequence[Axis], trials: Sequence[Trial]) -> dict[str, float] | None:
    """The share of each key in what a model of the objective loses when the key's values are shuffled; None for few.

    The model is a random forest over the trials, the loss its R2 on them (permutation importance: Breiman 2001, Random
    Forests, section 10). Shares are of the sum, so they say which keys mattered within this space and these trials, and
    nothing of cause.

    Args:
        axes: of the space. trials: with a score; those that Hyperband paused are not comparable and should be left out.
    """
    if len(trials) < FEWEST:
        return None
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    table = np.array([[code(axis, trial) for axis in axes] for trial in trials])
    scores = np.array([trial.score for trial in trials], dtype=float)
    if np.ptp(scores) == 0:
        return dict.fromkeys([axis.key for axis in axes], 0.0)
    forest = RandomForestRegressor(TREES, random_state=0).fit(table, scores)
    found = permutation_importance(forest, table, scores, n_repeats=REPEATS, random_state=0).importances_mean.clip(0)
    total = float(found.sum()) or 1.0
    return {axis.key: float(value) / total for axis, value in zip(axes, found, strict=True)}


def code(axis: Axis, trial: Trial) -> float:
    """A value as a number from 0 to 1; -1 where the trial has none. Orders of magnitude count for `log`."""
    if axis.key not in trial.proposal.values:
        return -1.0
    value: Any = trial.proposal.values[axis.key]
    if axis.dimension.kind in ("choice", "bool"):
        known = [shown(one) for one, _ in axis.corners()]
        return known.index(shown(value)) / max(1, len(known) - 1)
    low, high = getattr(axis.dimension, axis.dimension.kind)
    if axis.dimension.kind == "log":
        return float(np.log(value / low) / np.log(high / low))
    return float((value - low) / (high - low))
