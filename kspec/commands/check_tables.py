"""What `kspec check` shows: the findings, errors and warnings apart, and the figures."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from kspec.check.findings import Finding
from kspec.commands.console import console
from kspec.errors import Problem, dotted


def show_findings(findings: Sequence[Finding]) -> None:
    """One table a level, and a line that counts them."""
    wrong = [finding.problem for finding in findings if finding.level == "error"]
    doubtful = [finding.problem for finding in findings if finding.level == "warning"]
    for title, style, problems in (("errors", "bold red", wrong), ("warnings", "bold yellow", doubtful)):
        if problems:
            console().print(_table(title, style, problems))
    print(f"{_many(len(wrong), 'error')}, {_many(len(doubtful), 'warning')}")


def _many(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"


def _table(title: str, style: str, problems: Sequence[Problem]) -> Table:
    table = Table("where", "what", "what to do", title=title, title_style=style, title_justify="left", show_lines=True)
    table.columns[0].overflow = "fold"
    for problem in problems:
        mark = problem.mark
        place = f"{mark.file}:{mark.line}:{mark.column}" if mark else ""
        found = f"\nfound: {problem.found}" if problem.found else ""
        wanted = [f"expected: {problem.expected}"] if problem.expected else []
        todo = "\n".join([*wanted, *([problem.hint] if problem.hint else [])])
        address = f"{dotted(problem.path)}\n" if problem.path else ""
        table.add_row(*(clean(one) for one in (place, address + problem.message + found, todo)))
    return table


def clean(text: str) -> str:
    """Text of a user's file for a table: no markup, no control characters."""
    return escape(
        "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)
    )
