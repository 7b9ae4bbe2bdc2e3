"""`evaluate`: how the finished model is measured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from kspec.errors import Problem
from kspec.spec.base import ListedOrSingle, Section, refuse


def _different(views: tuple[str, ...]) -> tuple[str, ...]:
    twice = [place for place, view in enumerate(views) if view in views[:place]]
    if twice:
        raise refuse(
            [Problem((place,), "a view that stands in the list before", found=views[place]) for place in twice]
        )
    return views


class Evaluate(Section):
    """How the finished model is measured on validation and test."""

    views: Annotated[ListedOrSingle[Literal["mirror", "shift"]], AfterValidator(_different)] = Field(
        default=(), examples=[["mirror", "shift"]]
    )
    """Test-time views whose predictions are averaged, reported beside the plain result: `mirror` (flipped left to
    right), `shift` (moved by a pixel along both diagonals)."""
