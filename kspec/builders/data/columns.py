"""Features as columns: those of a table by name, anything else as one column called "x"."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kspec.builders.examples import Features
from kspec.errors import DataError, Problem, did_you_mean

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
        if name not in x and name not in also:
            known = [*x, *also]
            message = f"the data has no column '{name}'"
            raise DataError(Problem((*path, "columns"), message, ", ".join(known), name, did_you_mean(name, known)))
    return names
