"""search.json: what a search is and what has happened in it. It is written whole after every event.

    <runs>/<name>/<time>-<short id>/
        spec.yaml      the spec with `tune`, complete
        search.json    the trials, and in which order they began and ended
        trials/0000/   the run folder of each trial; below it one for each seed and fold where there are several
        trials.csv     a row a trial
        best.yaml      a plain spec: the best trial's
        report.html    the trials in pictures
        log.txt        what the terminal showed

The oracle is a function of the order of events, so nothing else of it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kspec import artifacts
from kspec.errors import UsageError
from kspec.tuning.proposal import Proposal

FILE, TRIALS, BEST, TABLE, REPORT, LOCK = "search.json", "trials", "best.yaml", "trials.csv", "report.html", "lock"
RUNNING, FINISHED, STOPPED, PAUSED, FAILED, DIVERGED = "running", "finished", "stopped", "paused", "failed", "diverged"
ASKED, TOLD = "began", "ended"


@dataclass
class Trial:
    """One trial.

    number: from 0, in the order they began. proposal: what the oracle said.
    limits: the value of the objective after each epoch beyond which the training is hopeless; None where none is.
    status: running; finished; stopped, as hopeless; paused, until Hyperband lets it go on; failed; diverged.
    scores: objective -> mean over the trainings. spread: of the first objective, the standard deviation over them.
    score: what the oracle was told. epochs: trained, of the first training. seconds: by the clock, all trainings.
    error: the message, kind and traceback of a failure.
    threads: that it had, where trainings ran beside each other: their number can change the last bits of a convolution.
    """

    number: int
    proposal: Proposal
    limits: list[float] | None = None
    status: str = RUNNING
    scores: dict[str, float] = field(default_factory=dict)
    spread: float | None = None
    score: float | None = None
    epochs: int = 0
    seconds: float = 0.0
    error: dict[str, str] | None = None
    threads: int | None = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"{self.number:04d}"


@dataclass
class Record:
    """Everything that search.json says.

    facts: about the search as a whole, as in run.json. spec: the text of spec.yaml. seconds: that all processes of the
    search have run. events: [began or ended, number of the trial], in their order.
    """

    facts: dict[str, Any]
    spec: str
    status: str = RUNNING
    seconds: float = 0.0
    trials: list[Trial] = field(default_factory=list)
    events: list[tuple[str, int]] = field(default_factory=list)

    def ended(self) -> list[Trial]:
        """The trials that have ended, in that order."""
        return [self.trials[number] for event, number in self.events if event == TOLD]

    def open(self) -> list[Trial]:
        """The trials that have begun and not ended."""
        return [trial for trial in self.trials if trial.status == RUNNING]


def write(folder: Path, record: Record) -> None:
    """Writes search.json."""
    tree = {**record.facts, **{key: value for key, value in asdict(record).items() if key != "facts"}}
    artifacts.write_text(folder / FILE, json.dumps(tree, indent=1, ensure_ascii=False) + "\n")


def read(folder: Path) -> Record:
    """The record of a search.

    Raises:
        UsageError: search.json cannot be read.
    """
    path = folder / FILE
    try:
        tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        own = {key: tree.pop(key) for key in ("spec", "status", "seconds")}
        trials = [_trial(one) for one in tree.pop("trials")]
        events = [(event, number) for event, number in tree.pop("events")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: not the record of a search: {type(error).__name__}: {error}") from error
    return Record(tree, trials=trials, events=events, **own)


def _trial(tree: Mapping[str, Any]) -> Trial:
    return Trial(**{**tree, "proposal": Proposal(**tree["proposal"])})


def is_search(folder: Path) -> bool:
    """Whether a folder is that of a search."""
    return (folder / FILE).is_file()
