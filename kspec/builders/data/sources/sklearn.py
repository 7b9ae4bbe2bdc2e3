"""`sklearn:` the data sets that ship with scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from kspec.builders.data import columns
from kspec.builders.examples import Examples, Kind, Source, Task
from kspec.spec.data import Data

TASKS: dict[str, Task] = {
    "breast_cancer": "classification",
    "diabetes": "regression",
    "digits": "classification",
    "iris": "classification",
    "linnerud": "regression",
    "wine": "classification",
}


def load(data: Data) -> Source:
    """The set as one split, "train"; `data.label` has no meaning here, each set has its own.

    digits: images float32 (1797, 8, 8, 1) with values 0..16. All others: tables, one float64 column (n,) per feature.

    Raises:
        DataError: `data.columns` names a column that the set does not have.
    """
    name = data.source[1].name
    bunch = _bunch(name)
    kind: Kind = "image" if name == "digits" else "table"
    x: Any = bunch.images[..., np.newaxis].astype(np.float32) if kind == "image" else _table(bunch, data)
    names = tuple(str(name) for name in bunch.target_names) if TASKS[name] == "classification" else ()
    labels = tuple(map(str, bunch.target_names)) if "target_names" in bunch and not names else ()
    return Source(kind, {"train": Examples(x, bunch.target)}, names, TASKS[name], labels)


def _bunch(name: str) -> Any:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")()


def _table(bunch: Any, data: Data) -> dict[str, np.ndarray]:
    held = {str(name): np.ascontiguousarray(bunch.data[:, i]) for i, name in enumerate(bunch.feature_names)}
    return {name: held[name] for name in columns.select(list(held), (), data.columns)}
