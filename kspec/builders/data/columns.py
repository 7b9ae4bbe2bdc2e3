"""Features as columns: those of a table by name, anything else as one column called "x"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kspec.builders.examples import Features
from kspec.errors import DataError, Problem, did_you_mean
from kspec.spec.data import Columns

WHOLE = "x"


def of(x: Features) -> Mapping[str, np.ndarray]:
    """The columns: those of a table, or the one array."""
    return {WHOLE: x} if isinstance(x, np.ndarray) else x


def to(like: Features, columns: Mapping[str, np.ndarray]) -> Features:
    """Columns as features of the same form as `like`."""
    return columns[WHOLE] if isinstance(like, np.ndarray) else columns


def numeric(values: np.ndarray) -> bool:
    """Whether a column holds numbers."""
    return values.dtype.kind in "iuf"


def nothing(values: np.ndarray) -> np.ndarray:
    """Where there is no value at all: NaN, None or NaT. An empty text is a value here. A bool array (n, ...)."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind == "O":
        return np.array([v is None or bool(v != v) for v in values.ravel()], bool).reshape(values.shape)
    return np.zeros(values.shape, bool)


def check(
    x: Features, names: tuple[str, ...], path: tuple[str | int, ...], also: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The names, each of which is a column of the table or one of `also`.

    Raises:
        DataError: a name that is neither, or features that have no columns.
    """
    if isinstance(x, np.ndarray):
        raise DataError(Problem((*path, "columns"), "only tables have columns", found=", ".join(names)))
    for name in names:
        known(name, [*x, *also], (*path, "columns"))
    return names


def known(name: str, available: Sequence[str], path: tuple[str | int, ...]) -> None:
    """Refuses the name of a column that the data does not have."""
    if name not in available:
        message = f"the data has no column '{name}'"
        raise DataError(Problem(path, message, ", ".join(available), name, did_you_mean(name, available)))


def select(available: Sequence[str], label: tuple[str, ...], spec: Columns) -> list[str]:
    """The feature columns that the spec wants, in the order of the table.

    The text column alone where one is named; the numeric and the categorical ones where both are; else all but the
    labels and those to ignore.

    Raises:
        DataError: a column that the data does not have, a label among the features, or no feature at all.
    """
    named = {"numeric": spec.numeric or (), "categorical": spec.categorical or (), "ignore": spec.ignore}
    for key, names in named.items():
        for name in names:
            known(name, available, ("data", "columns", key))
            if name in label and key != "ignore":
                raise DataError(Problem(("data", "columns", key), f"'{name}' is the label, which is no feature"))
    if spec.text is not None:
        known(spec.text, available, ("data", "columns", "text"))
        return [spec.text]
    both = spec.numeric is not None and spec.categorical is not None
    only = {*named["numeric"], *named["categorical"]} if both else None
    wanted = [n for n in available if n not in label and n not in spec.ignore and (only is None or n in only)]
    if not wanted:
        raise DataError(Problem(("data", "columns"), "no feature column is left", "at least one", ", ".join(available)))
    return wanted
