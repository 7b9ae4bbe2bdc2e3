"""`checkpoint`: how often the state of the training is written, for `kspec resume`."""

from __future__ import annotations

from pydantic import Field

from kspec.spec.base import Section


class Checkpoint(Section):
    """How often the state of the training is written: at the end of every epoch, and within long epochs."""

    minutes: float = Field(default=10.0, gt=0, le=100_000, examples=[5])
    """Within an epoch, a state is written when this many minutes have passed since the last one."""
