"""Paragraphs as the text of a script: headings, and the blank lines between them that PEP 8 asks for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from textwrap import wrap

from kspec.eject.code import WIDTH


def laid_out(paragraphs: Iterable[str]) -> str:
    """The paragraphs below each other: two blank lines around a definition, one between others; empty ones left out."""
    held = [one for one in paragraphs if one]
    text = held[0] if held else ""
    for before, after in pairwise(held):
        text += ("\n\n\n" if _defines(before) or _defines(after) else "\n\n") + after
    return text


def _defines(paragraph: str) -> bool:
    return any(line.startswith(("def ", "class ", "@")) for line in paragraph.splitlines())


def heading(title: str) -> str:
    """The line above a section."""
    return f"# --- {title} ---"


def comment(text: str) -> list[str]:
    """A comment in as many lines as it needs."""
    return wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
