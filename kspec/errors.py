"""Every way kspec can refuse or fail, and the exit code of each.

KspecError                 base; never raised itself
 ├── UsageError      (2)   the command line is wrong: no such file, a folder that cannot be written
 ├── SpecError       (2)   the spec is wrong: carries every `Problem` found, not only the first
 │    └── DataError  (2)   the data is not what the spec says: a column absent, an empty split
 └── RunError        (1)   the run itself failed: a loss that became NaN, a failed gate

Code below the spec layer knows no files: it raises `SpecError` with problems that carry only the dotted
`path` of the key to blame, and the command that holds the `Document` adds the `Mark`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

# A spec must not be able to command the terminal that shows what is wrong with it.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONGEST = 300


@dataclass(frozen=True)
class Mark:
    """A place in a file: 1-based line and column, and the text of that line."""

    file: str
    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with its address.

    path: the keys from the root of the spec, e.g. ("training", "optimizer"); list items are integers.
    message: what is wrong, in one line, without the path.
    expected, found: what was allowed there and what stood there; empty where it would only repeat the message.
    hint: what to do, e.g. "did you mean 'optimizer'?".
    mark: where; None until the layer that knows the file fills it in.
    on_key: the caret belongs under the key rather than under its value.
    """

    path: tuple[str | int, ...]
    message: str
    expected: str = ""
    found: str = ""
    hint: str = ""
    mark: Mark | None = None
    on_key: bool = False

    def render(self) -> str:
        """The problem as the user reads it: place and message, the line with a caret, then what to do."""
        lines = []
        address = dotted(self.path)
        where = f"{self.mark.file}:{self.mark.line}:{self.mark.column}: " if self.mark else ""
        message = f"{address + ': ' if address else ''}{self.message}"
        lines.append(where + (message if len(message) <= _LONGEST else f"{message[:_LONGEST]}..."))
        if self.mark and self.mark.text.strip():
            gutter = f"{self.mark.line:>6} | "
            lines.append(gutter + self.mark.text)
            lines.append(" " * (len(gutter) - 2) + "| " + " " * (self.mark.column - 1) + "^")
        for label, text in (("expected", self.expected), ("found", self.found), ("hint", self.hint)):
            if text:
                lines.append(f"       {label}: {text}")
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", "\n".join(lines))


class KspecError(Exception):
    """Base of all errors that kspec shows to its user as a message, not as a traceback."""

    exit_code = 1


class UsageError(KspecError):
    """The command line is wrong."""

    exit_code = 2


class SpecError(KspecError):
    """The spec is wrong. `problems` holds everything that was found, in the order of the file."""

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(problem.render() for problem in self.problems))


class DataError(SpecError):
    """The data is not what the spec says it is."""


class RunError(KspecError):
    """The run started and failed."""


class Gathered:
    """Runs parts that do not depend on each other and keeps the problems of each, so that none hides another's.

    Example:
        gathered = Gathered()
        rate = gathered.part(lambda: build_rate(spec), None)
        loss = gathered.part(lambda: build_loss(spec), None)
        gathered.stop()  # raises what was found, if anything
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._types: set[type[SpecError]] = set()

    def part(self, build: Callable[[], T], otherwise: T) -> T:
        """What `build` makes; `otherwise`, for later parts to go on with, where it raises a SpecError."""
        try:
            return build()
        except SpecError as error:
            self.problems += [problem for problem in error.problems if problem not in self.problems]
            self._types.add(type(error))
            return otherwise

    def stop(self) -> None:
        """Ends here if a part has failed.

        Raises:
            SpecError: every problem; a DataError where all of them are the data's.
        """
        if self.problems:
            raise (self._types.pop() if len(self._types) == 1 else SpecError)(self.problems)


def dotted(path: Sequence[str | int]) -> str:
    """`("data", "clean", 0)` as a person writes it: `data.clean[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or "" where none is near."""
    by_folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_folded, n=3, cutoff=0.6)
    # Length counts too: 'Adma' is Adam rather than Adamax, though it has more letters in common with the latter.
    best = max(near, key=lambda one: nearness(word.lower(), one), default=None)
    return f"did you mean '{by_folded[best]}'?" if best else ""


def nearness(word: str, known: str) -> float:
    """How alike two words are: the share of common letters, less 0.06 for each letter one is longer."""
    return difflib.SequenceMatcher(None, word, known).ratio() - 0.06 * abs(len(word) - len(known))
