"""A search in its folder: what it is, what has happened, and where its trainings are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kspec.spec import Spec
from kspec.spec.tune import Tune
from kspec.text import Document
from kspec.tuning.parts import Part, parts
from kspec.tuning.place import trial_spec
from kspec.tuning.record import TRIALS, Record, Trial
from kspec.tuning.space import Axis


@dataclass
class Search:
    """A search in its folder."""

    folder: Path
    spec: Spec
    tune: Tune
    axes: list[Axis]
    base: Document
    record: Record

    def runs(self, trial: Trial) -> list[Path]:
        """The run folders of a trial."""
        return [self.run(trial, part) for part in self.parts(trial)]

    def run(self, trial: Trial, part: Part) -> Path:
        """The folder of one training."""
        return self.folder / TRIALS / trial.name / part.name

    def parts(self, trial: Trial) -> list[Part]:
        """The trainings of a trial."""
        return parts(self.trial_spec(trial), self.tune)

    def trial_spec(self, trial: Trial) -> Spec:
        """The spec of a trial."""
        return trial_spec(self.base, self.axes, trial.proposal.values)
