"""Which models and states of a search stay on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from kspec import artifacts, checkpoints
from kspec.tuning import record as records
from kspec.tuning import scores
from kspec.tuning.folder import Search
from kspec.tuning.record import PAUSED, RUNNING, Trial


def tidy(search: Search, running: Sequence[Trial]) -> None:
    """Removes the models and states that nobody needs: of all but the best trials, and of those Hyperband has left."""
    ended = search.record.ended()
    best = scores.ranked(ended, search.tune.objective)[: search.tune.keep]
    last = search.record.trials[-1].proposal.bracket
    wanted = {one.proposal.past for one in search.record.trials if one.status == RUNNING}
    for trial in ended:
        goes_on = trial.number in wanted or (
            trial.status == PAUSED
            and (
                trial.proposal.bracket == last or any(one.proposal.bracket == trial.proposal.bracket for one in running)
            )
            and all(one.proposal.past != trial.number for one in search.record.trials)
        )
        folder = search.folder / records.TRIALS / trial.name
        if trial not in best:
            for model in folder.glob(f"**/{artifacts.MODEL}"):
                if not goes_on:
                    model.unlink()
        if not goes_on:
            for states in folder.glob(f"**/{checkpoints.FOLDER}"):
                shutil.rmtree(states, ignore_errors=True)
