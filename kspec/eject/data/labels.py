"""Labels as the loss reads them: class ids, one-hot, 0 and 1, or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from kspec.eject.code import statement
from kspec.eject.data.clean import cleaned
from kspec.eject.known import Known, unable

LISTED = 30
"""The most classes that a script lists by name."""


def labels(known: Known) -> list[str]:
    """The paragraphs that write the labels."""
    lines = _numbers(known) if known.datasets.task != "classification" else _ids(known)
    kind, units = known.targets.labels, known.targets.units
    for role in known.roles:
        if kind == "one_hot":
            lines.append(f'y_{role} = np.eye({units}, dtype="float32")[y_{role}]')
        if kind == "binary":
            lines.append(f'y_{role} = y_{role}.astype("float32")[:, None]')
    return ["\n".join(["# The labels as the loss takes them.", *lines])] if lines else []


def _numbers(known: Known) -> list[str]:
    return [f'y_{role} = y_{role}.reshape(len(y_{role}), -1).astype("float32")' for role in known.roles]


def _ids(known: Known) -> list[str]:
    parts = cleaned(known)
    wanted = {"train": known.prepared.train, "validation": known.prepared.validation, "test": known.prepared.test}
    flat = {role: part.y.reshape(-1).tolist() for role, part in parts.items()}
    reshape = {role: "" if part.y.ndim == 1 else ".reshape(-1)" for role, part in parts.items()}
    if all(_same(flat[role], wanted[role]) for role in known.roles):
        ready = [role for role, part in parts.items() if part.y.ndim == 1 and part.y.dtype == np.int64]
        return [f'y_{role} = y_{role}{reshape[role]}.astype("int64")' for role in known.roles if role not in ready]
    names = known.source.class_names
    classes: list[Any] = list(names) if names else _sorted(set(flat["train"]))
    for role in known.roles:
        if not set(flat[role]) <= set(classes) or not _same([classes.index(one) for one in flat[role]], wanted[role]):
            raise unable(("data", "label"), "labels of mixed types")
    listed = "CLASSES = sorted(set(y_train.tolist()))"
    start = statement("CLASSES = ", classes) if len(classes) <= LISTED else listed
    found = [f"np.array([CLASSES.index(label) for label in y_{role}{reshape[role]}.tolist()])" for role in known.roles]
    return [start, *(f"y_{role} = {ids}" for role, ids in zip(known.roles, found, strict=True))]


def _same(values: list[Any], part: Any) -> bool:
    """Whether the values are the ids that kspec gives them."""
    numbers = all(isinstance(value, int | float) for value in values)
    return numbers and np.array_equal(np.array(values, np.float64), part.y)


def _sorted(values: set[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        raise unable(("data", "label"), "labels of mixed types") from None
