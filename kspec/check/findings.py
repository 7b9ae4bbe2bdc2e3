"""What a check has found: errors, which a run would end in, and warnings, which a careful colleague would mention."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kspec.errors import Problem

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing to mend or to know. problem: with the place in the file once the command has located it."""

    level: Level
    problem: Problem


def errors(problems: Iterable[Problem]) -> list[Finding]:
    """Problems that a run refuses or dies of."""
    return [Finding("error", problem) for problem in problems]


def warning(path: tuple[str | int, ...], message: str, hint: str = "", found: str = "") -> Finding:
    """Something that runs, and is probably not what was meant. The caret belongs under the key."""
    return Finding("warning", Problem(path, message, found=found, hint=hint, on_key=True))
