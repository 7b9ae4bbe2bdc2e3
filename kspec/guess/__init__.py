"""A spec from a look at data, without Keras: which kind of source a file or folder is, and what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kspec.errors import UsageError
from kspec.guess import arrays, folder, table
from kspec.guess.draft import Guess

__all__ = ["Guess", "guess"]


def guess(path: Path, written: str, label: Sequence[str]) -> Guess:
    """A spec for the data at a path.

    written: the path as the user wrote it. label: the columns to predict, where the user said.

    Raises:
        UsageError: the data is of no kind that kspec reads, or says too little.
    """

    suffix = path.suffix.lower()
    is_table = any((path / f"train.{kind}").is_file() for kind in ("csv", "parquet")) if path.is_dir() else False
    if is_table or suffix in (".csv", ".tsv", ".parquet"):
        return table.draft(path, written, label).finished()
    if not path.is_dir() and suffix != ".npz":
        expected = "a .csv, .tsv, .parquet or .npz file, or a folder of images or texts by class"
        raise UsageError(f"{written}: no kind of data that kspec reads\n       expected: {expected}")
    if label:
        raise UsageError("--label names a column of a table; this data has its own labels")
    made = folder.draft(path, written) if path.is_dir() else arrays.draft(path, written)
    return made.finished()
