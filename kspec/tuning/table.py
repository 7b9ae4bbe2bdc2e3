"""The trials as a table: trials.csv, and best.yaml."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from kspec import artifacts
from kspec.spec.writer import write
from kspec.tuning import record as records
from kspec.tuning import scores
from kspec.tuning.folder import Search
from kspec.tuning.parts import part_spec
from kspec.tuning.record import PAUSED, Trial
from kspec.tuning.space import shown
from kspec.tuning.threads import NAMES


def write_table(search: Search) -> None:
    """Writes trials.csv: a row for each trial in the order they began, numbers that read back to the same bits."""
    metrics = [one.metric for one in search.tune.objective]
    keys = [axis.key for axis in search.axes]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["trial", "status", *metrics, "spread", "epochs", "seconds", *keys, "continues", "error"])
    for trial in search.record.trials:
        values = trial.proposal.values
        past = trial.proposal.past
        writer.writerow(
            [
                trial.name,
                trial.status,
                *(repr(trial.scores[one]) if one in trial.scores else "" for one in metrics),
                "" if trial.spread is None else repr(trial.spread),
                trial.epochs,
                trial.seconds,
                *(shown(values[key]) if key in values else "" for key in keys),
                "" if past is None else search.record.trials[past].name,
                "" if trial.error is None else trial.error["message"].splitlines()[0],
            ]
        )
    artifacts.write_text(search.folder / records.TABLE, table.getvalue())


def best(search: Search) -> Trial | None:
    """The best trial so far; None where none has ended well."""
    able = scores.ranked(search.record.ended(), search.tune.objective)
    return able[0] if able else None


def write_best(search: Search) -> Path | None:
    """Writes best.yaml, the spec of the best trial; None where there is none.

    Running it gives the score again, bit for bit, on the same machine and with as many threads. Of several trainings
    it is the first one; with folds it is the spec with its own validation split.
    """
    winner = best(search)
    if winner is None:
        return None
    spec, trainings = search.trial_spec(winner), search.parts(winner)
    if search.tune.folds is None:
        spec = part_spec(spec, trainings[0])
    path = search.folder / records.BEST
    lines = [f"# The best trial, {winner.name}, of the search {search.folder.name}: {said(search, winner)}."]
    if len(trainings) > 1:
        first = scores.score_of(search.runs(winner)[0], search.tune.objective[0].metric)
        what = "trains on the split of the spec" if search.tune.folds else f"repeats the first of them: {first!r}"
        lines.append(f"# That is the mean of {len(trainings)} trainings; this file {what}.")
    if winner.status == PAUSED:
        lines.append(f"# That is after epoch {winner.epochs}; this file trains to the end.")
    if winner.threads is not None:
        setting = " ".join(f"{name}={winner.threads}" for name in NAMES)
        lines.append(f"# It had {winner.threads} thread(s). For the same bits: {setting} kspec run {path}")
    artifacts.write_text(path, "\n".join(lines) + "\n" + write(spec))
    return path


def said(search: Search, trial: Trial) -> str:
    """The scores of a trial in a line: `val_accuracy 0.98`."""
    return ", ".join(f"{one.metric} {trial.scores[one.metric]!r}" for one in search.tune.objective)
