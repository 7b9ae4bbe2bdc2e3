"""What preprocessing hands on: the splits as the network reads them, and the model that made them so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kspec.builders.examples import Examples, Features
from kspec.errors import DataError, Problem

Splits = Mapping[str, Examples | None]


@dataclass(frozen=True)
class Prepared:
    """See kspec.builders.examples.Datasets for the fields."""

    splits: Splits
    input_shape: tuple[int | None, ...]
    input_dtype: str
    preprocessor: Any = None
    vocabulary_size: int | None = None


def each_split(splits: Splits, change: Callable[[Features], Features]) -> Splits:
    """The splits with changed features; a split that is None stays so."""
    return {role: part and Examples(change(part.x), part.y) for role, part in splits.items()}


def train_of(splits: Splits) -> Examples:
    """The train split.

    Raises:
        DataError: there is none.
    """
    train = splits["train"]
    if train is None:
        raise DataError(Problem(("data", "train"), "there is no train split"))
    return train


def train_features(splits: Splits) -> Any:
    """The features of train, the only ones that statistics may come from."""
    return train_of(splits).x
