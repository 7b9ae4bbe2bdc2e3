"""What an oracle proposes: the values of a trial, and for how long it trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Proposal:
    """What an oracle proposes.

    values: key of the space -> value. epochs: train until so many are done; None: to the end.
    past: the number of the trial whose training goes on; None: a new one. bracket: Hyperband's.
    """

    values: Mapping[str, Any]
    epochs: int | None = None
    past: int | None = None
    bracket: int | None = None
