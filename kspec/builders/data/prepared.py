"""What preprocessing hands on: the splits as the network reads them, and the model that made them so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kspec.builders.examples import Examples, Features

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


def train_features(splits: Splits) -> Any:
    """The features of train, the only ones that statistics may come from."""
    train = splits["train"]
    return train.x if train is not None else np.array([])
