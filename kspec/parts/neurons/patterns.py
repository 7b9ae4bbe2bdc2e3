"""Shell patterns over the names of layers that fit none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

NEAREST = 3
"""So many names are given for a pattern that fits none."""


class PatternError(ValueError):
    """Patterns that fit no layer.

    argument: that holds them. patterns: in their order there. known: the names of the layers that they could fit.
    """

    def __init__(self, argument: str, patterns: Iterable[str], known: Iterable[str], where: str) -> None:
        self.argument, self.patterns, self.known = argument, tuple(patterns), tuple(dict.fromkeys(known))
        near = {one: ", ".join(get_close_matches(one, self.known, NEAREST, cutoff=0.0)) for one in self.patterns}
        said = "; ".join(f"{one!r} (nearest: {found})" for one, found in near.items())
        super().__init__(f"{argument}: no layer of {where} fits {said}")


def listed(patterns: str | Sequence[str]) -> tuple[str, ...]:
    """Patterns as they may be given: one alone is a list of one, not of its letters."""
    return (patterns,) if isinstance(patterns, str) else tuple(patterns)
