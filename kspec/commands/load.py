"""From a file to a typed spec, and from a key's path back to its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from kspec import text
from kspec.errors import SpecError
from kspec.spec import Spec
from kspec.spec.reader import read


def load(path: str, overrides: Sequence[str]) -> tuple[text.Document, Spec]:
    """The document, which knows where each key stands, and the typed spec."""
    document = text.read(path, overrides)
    return document, read(document)


@contextmanager
def located(document: text.Document) -> Iterator[None]:
    """Adds file, line and column to the problems that builders raise, who know only the key."""
    try:
        yield
    except SpecError as error:
        problems = [problem if problem.mark else document.locate(problem) for problem in error.problems]
        raise type(error)(replace(problem) for problem in problems) from error
