"""Which column of a table is the label, by the evidence; and what other columns are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kspec.errors import UsageError, did_you_mean

LABEL_NAMES = (
    *("label", "labels", "target", "class", "y", "outcome", "response", "category"),
    *("species", "diagnosis", "sentiment", "price", "survived", "churn", "quality"),
)
"""Names of columns that say what they are, or that tables of examples give to what is predicted."""
FEW = 20
"""Up to so many distinct values a column of whole numbers is read as classes."""
WORDS = 4
"""From so many words on average on, a column holds texts rather than categories."""


@dataclass(frozen=True)
class Choice:
    """The label column, and why: `sure` where its name or the user says so."""

    columns: tuple[str, ...]
    why: str
    sure: bool


def given(available: list[str], label: Sequence[str]) -> Choice:
    """The columns that the user named.

    Raises:
        UsageError: no such column.
    """
    for name in label:
        if name not in available:
            hint = did_you_mean(name, available)
            raise UsageError(f"the table has no column '{name}'\n       expected: {', '.join(available)}"
                             + (f"\n       hint: {hint}" if hint else ""))  # fmt: skip
    return Choice(tuple(label), "as given with --label", True)


def likely(table: Any) -> Choice:
    """The label by the evidence: a telling name, a last or first column of few values, a last column of numbers."""
    named = [name for name in table.columns if name.strip().lower() in LABEL_NAMES]
    if len(named) == 1:
        return Choice((named[0],), f"its name is '{named[0]}'", True)
    telling = [name for name in table.columns if set(re.split(r"[\W_]+", name.lower())) & set(LABEL_NAMES)]
    if named or telling:
        chosen = (named or telling)[-1]
        return Choice((chosen,), "its name says so", len(telling) == 1)
    usable = [name for name in table.columns if not is_id(table[name], name) and table[name].nunique() > 1]
    last, first = table.columns[-1], table.columns[0]
    for name, place in ((last, "last"), (first, "first")):
        if name in usable and _is_few(table[name]) and (name == last or table[name].dtype.kind not in "iuf"):
            return Choice((name,), f"the {place} column, with {table[name].nunique()} distinct values", False)
    numbers = [name for name in usable if table[name].dtype.kind in "iuf"]
    if numbers:
        return Choice((numbers[-1],), "the last column of numbers", False)
    raise UsageError("no column of the table looks like a label\n"
                     f"       hint: name it with --label COLUMN, one of {', '.join(table.columns)}")  # fmt: skip


def _is_few(column: Any) -> bool:
    """Whether a column has the few values of a class label, each often enough."""
    kinds = column.nunique()
    return 2 <= kinds <= FEW and 5 * kinds <= len(column) and (column.dtype.kind != "f" or is_whole(column))


def is_whole(column: Any) -> bool:
    """Whether a column of numbers holds whole ones only."""
    known = column.dropna()
    return bool((known == known.round()).all())


def is_id(column: Any, name: str) -> bool:
    """Whether a column numbers or names the rows: every value once, and a name, a text or a sequence that says so."""
    known = column.dropna()
    if known.empty or known.nunique() < 0.98 * len(known):
        return False
    if re.fullmatch(r"(?i:(.*[\W_])?(id|uuid|guid|index|key|no|nr|number)|unnamed.*)|.*[a-z]Id", name.strip()):
        return True
    if column.dtype.kind in "iu":
        return bool((known.diff().dropna() == 1).all())
    return column.dtype.kind not in "iufb" and not is_text(column)


def is_text(column: Any) -> bool:
    """Whether a column holds sentences."""
    if column.dtype.kind in "iufbmM":
        return False
    known = column.dropna().astype(str)[:1000]
    return bool(len(known)) and float(known.str.split().str.len().mean()) >= WORDS and known.nunique() > FEW
