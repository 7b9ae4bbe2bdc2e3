"""What the process of a training is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Order:
    """What to train.

    folder: of the run. spec: its text. objectives: names of metrics, the first one decides about hopelessness.
    direction: of the first one. epochs: stop when so many are done. limits: see kspec/tuning/scores.py.
    past: the folder of a run to go on from. plugins: files that the command line of the search named.
    other_versions: see `kspec resume`. away: the folder is one of two, and of no use when the search has gone.
    """

    folder: str
    spec: str
    objectives: Sequence[str]
    direction: str
    epochs: int | None = None
    limits: Sequence[float] | None = None
    past: str | None = None
    plugins: Sequence[str] = ()
    other_versions: bool = False
    away: bool = False

    def line(self) -> str:
        """As it is sent."""
        return json.dumps(asdict(self)) + "\n"
