"""The stage `prune_weights`: a training with `kspec.PruneLowMagnitude`."""

from __future__ import annotations

from kspec.commands.stages.train import rehearse, run

__all__ = ["rehearse", "run"]
