"""`evaluate`: how the finished model is measured."""

from __future__ import annotations

from typing import Literal

from kspec.spec.base import ListedOrSingle, Section


class Evaluate(Section):
    """How the finished model is measured on validation and test."""

    views: ListedOrSingle[Literal["mirror", "shift"]] = ()
    """Test-time views whose predictions are averaged, reported beside the plain result: `mirror` (flipped left to
    right), `shift` (moved by a pixel along both diagonals)."""
