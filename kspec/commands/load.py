"""From a file to a typed spec, and from a key's path back to its place in the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from kspec import artifacts, text
from kspec.commands.plugins import needed
from kspec.errors import SpecError, UsageError
from kspec.spec import Spec
from kspec.spec.reader import read
from kspec.tuning import record as records


def load(path: str, overrides: Sequence[str]) -> tuple[text.Document, Spec]:
    """The document, which knows where each key stands, and the typed spec."""
    document = text.read(path, overrides)
    return document, read(document)


def finished(folder: str) -> Path:
    """The folder of a run that has a model, and whose plug-ins are here.

    Raises:
        UsageError: not the folder of a run, or of one that has not finished; or a plug-in it was made with is not here.
    """
    place = artifacts.model_path(Path(folder)).parent
    for line in needed(place, artifacts.read_record(place)):
        print(line, file=sys.stderr)
    return place


def check_place(runs: str, spec: Spec) -> None:
    """Whether the run's folder can be made, before anything is loaded.

    Raises:
        UsageError: it cannot.
    """
    if not runs:
        raise UsageError("--runs names no folder")
    artifacts.plan(Path(runs), spec.name, datetime.now())


def is_search(folder: str) -> bool:
    """Whether the folder is that of a search."""
    return records.is_search(Path(folder))


@contextmanager
def located(document: text.Document) -> Iterator[None]:
    """Adds file, line and column to the problems that builders raise, who know only the key."""
    try:
        yield
    except SpecError as error:
        raise type(error)([document.locate(problem) for problem in error.problems]) from error
