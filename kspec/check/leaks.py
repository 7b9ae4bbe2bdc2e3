"""Examples that stand in two splits, and one example with two labels: by a digest of the features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kspec.builders.data.clean import row_keys
from kspec.builders.examples import Datasets, Examples
from kspec.check.findings import Finding, warning

REPEATS = 0.05
"""Where more than this share of train stands in it before, equal rows are the nature of the data rather than a leak: a
table of a few categories."""


def findings(data: Datasets) -> Iterator[Finding]:
    """Examples of one split in another, and contradictions within train.

    Compared are the features as the model reads them: cleaned, of one size, texts cut to their length.
    """
    train = row_keys(data.train.x)
    first: dict[bytes, int] = {}
    again = [number for number, key in enumerate(train) if first.setdefault(key, number) != number]
    yield from _contradictions(data, train, first, again)
    if len(again) > REPEATS * len(train):
        return
    for role, part in (("validation", data.validation), ("test", data.test)):
        if part is not None:
            yield from _shared(role, part, first)


def _shared(role: str, part: Examples, known: dict[bytes, int]) -> Iterator[Finding]:
    hits = [(number, known[key]) for number, key in enumerate(row_keys(part.x)) if key in known]
    if hits:
        message = f"a leak: {len(hits):,} of {len(part):,} examples of {role} are also in train"
        hint = "clean: [drop_duplicates] drops from train what validation and test hold"
        found = f"for example number {hits[0][0] + 1} of {role} is number {hits[0][1] + 1} of train"
        yield warning(("data", role), message, hint, found)


def _contradictions(
    data: Datasets, train: Sequence[bytes], first: dict[bytes, int], again: Sequence[int]
) -> Iterator[Finding]:
    if data.task != "classification":
        return
    labels = data.train.y
    other = [number for number in again if labels[number] != labels[first[train[number]]]]
    if other:
        message = f"{len(other):,} examples of train have the features of an earlier one and another label"
        found = f"for example numbers {first[train[other[0]]] + 1} and {other[0] + 1} of train"
        yield warning(("data",), message, "look at the labels; clean: [drop_duplicates] keeps the first", found)
