"""Contracts of every kind: what the catalogue says about a component, and what it refuses. No Keras is needed."""

from __future__ import annotations

import inspect

from kspec.catalog.check import check_entry
from kspec.testing.subject import Broken, Subject, require

OWNED = ("learning_rate",)
"""Arguments that another section of the spec gives."""


def documented(subject: Subject) -> None:
    """It has a docstring of its own, whose first sentence `kspec list` shows."""
    require(bool((subject.entry.summary or "").strip()), "it has no docstring, which `kspec list` would show")


def typed(subject: Subject) -> None:
    """The type of every argument is known, from its annotation, its default, or its name in Keras."""
    unknown = [one.name for one in subject.entry.arguments.values() if "any" in one.type.split("|")]
    require(not unknown, f"the type of {', '.join(unknown)} is not known: annotate it, e.g. `rate: float`")


def refuses_typos(subject: Subject) -> None:
    """A misspelt argument is refused, with the right one as the hint."""
    entry = subject.entry
    require(not entry.open, "it takes any argument: give **kwargs to super().__init__, or do without")
    for argument in [*entry.arguments] or [""]:
        typo = f"{argument}x"
        if typo in entry.arguments:
            continue
        found = [one for one in check_entry(entry, entry.name, {typo: 1}, (), True) if one.path == (typo,)]
        require(len(found) == 1, f"the misspelt argument '{typo}' is not refused")
        hint = f"did you mean '{argument}'?" if argument else ""
        require(found[0].hint == hint, f"'{typo}' is refused with the hint {found[0].hint!r}, not {hint!r}")


def accepts_defaults(subject: Subject) -> None:
    """Its own defaults pass the check of its arguments."""
    entry = subject.entry
    filled = {key: one.default for key, one in entry.arguments.items() if not one.required}
    problems = [one for one in check_entry(entry, entry.name, filled, (), True) if " needs " not in one.message]
    require(not problems, f"a default does not pass the check: {'; '.join(one.render() for one in problems)}")


def accepts_example(subject: Subject) -> None:
    """The example's arguments pass the check: all required ones are there, and each is of its type."""
    problems = check_entry(subject.entry, subject.entry.name, subject.example.arguments, (), True)
    if problems:
        needs = [one.name for one in subject.entry.arguments.values() if one.required]
        hint = f"; it needs {', '.join(needs)}: give `examples`" if needs else ""
        raise Broken(f"the example does not pass the check{hint}: {'; '.join(one.render() for one in problems)}")


def resolves(subject: Subject) -> None:
    """Its name leads to a class or function."""
    require(callable(subject.target) or inspect.ismodule(subject.target), f"it is {subject.target!r}")
