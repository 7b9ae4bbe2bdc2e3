"""What the user sees: lines, tables and progress bars on a terminal, the plain lines in `log.txt` too."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

WIDTH = 110
"""Of what is printed where there is no terminal."""

_plain: list[str] = []


def console(width: int = WIDTH) -> Console:
    """The console of this process; colour and bars only where standard output is a terminal.

    width: where it is none.
    """
    screen = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    return screen if screen.is_terminal else Console(file=sys.stdout, highlight=False, soft_wrap=True, width=width)


def say(line: str, style: str | None = None) -> None:
    """Prints a line and keeps it for the log."""
    _plain.append(line)
    console().print(line, style=style, markup=False)


def show(table: Table, *, whole: bool = False) -> None:
    """Prints a table and keeps its plain form for the log.

    whole: what is no terminal gets it without a cell folded or cut, however wide that is.
    """
    width = max(WIDTH, Measurement.get(wide := Console(width=1000), wide.options, table).maximum) if whole else WIDTH
    plain = Console(file=None, width=width, no_color=True, force_terminal=False, record=True, quiet=False, stderr=False)
    with plain.capture() as captured:
        plain.print(table)
    _plain.append(captured.get().rstrip("\n"))
    console(width).print(table)


def log() -> str:
    """Everything said so far, as plain text."""
    return "\n".join(_plain) + "\n"


def restart_log(before: str = "") -> None:
    """Begins the log of a run, `before` with what an earlier process said; builders say things through `logging`."""
    _plain[:] = [before.removesuffix("\n")] if before else []
    logger = logging.getLogger("kspec")
    if not logger.handlers:
        logger.addHandler(_Said())
        logger.setLevel(logging.INFO)


class _Said(logging.Handler):
    """What code below the commands logs to the logger "kspec" is said like any other line."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


@contextmanager
def phase(timing: dict[str, float], name: str) -> Iterator[None]:
    """Adds the seconds that the block takes to `timing[name]`, with a spinner on a terminal."""
    start = time.perf_counter()
    screen = console()
    try:
        if screen.is_terminal and name != "fit":
            with screen.status(f"{name} ..."):
                yield
        else:
            yield
    finally:
        timing[name] = round(time.perf_counter() - start, 3)


def clock(seconds: float) -> str:
    """Seconds as `4.2 s` or `3 min 05 s`."""
    return f"{seconds:.1f} s" if seconds < 90 else f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
