"""The data as the builders hand it on: arrays in memory, one split each, and what is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from kspec.spec.data import Text

Task = Literal["classification", "regression", "multi_label"]
Kind = Literal["image", "text", "table", "array"]
Features = np.ndarray | Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Examples:
    """One split: features and labels, first axis = example.

    x: images uint8 (n, height, width, channels); texts, object array of str (n,); a table, one array (n,) per column;
        anything else, (n, ...). Images that do not fit in memory together: object array of file paths (n,).
    y: as the source gives them: class ids, names or numbers (n,), or (n, k) for multi-label and vectors.
    """

    x: Features
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Source:
    """What a source holds, before splitting and cleaning.

    splits: by name; a source without splits of its own holds one, "train".
    class_names: names of the class ids in `y`, where the source knows them; () otherwise.
    label_names: names of the numbers in `y`, where the source knows them; () otherwise.
    """

    kind: Kind
    splits: Mapping[str, Examples]
    class_names: tuple[str, ...] = ()
    task: Task | None = None
    label_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Touched:
    """How many examples (or values) a cleaning step touched in a split."""

    step: str
    split: str
    count: int


@dataclass(frozen=True)
class Datasets:
    """Everything a model and its training need to know about the data, ready for the pipeline.

    train, validation, test: features as the model reads them (see `preprocessor`), labels as class ids int64 (n,) for
        classification, float32 (n, k) of 0 and 1 for multi-label, float32 (n, k) for regression.
    input_shape, input_dtype: of one example as the model reads it; () and "string" for raw text.
    preprocessor: a Keras model from raw features (what a user has) to what the network reads, fitted on train; None
        where there is nothing to do. It becomes the first part of the saved model.
    num_outputs: classes, labels or numbers to predict.
    class_names: of classes, or of labels where the source knows them. label_names: of labels and numbers to predict.
    text: how texts are read, for a network that tokenizes them itself.
    texts: the splits with the texts as strings, where `data.baseline` will read them; else empty.
    """

    kind: Kind
    task: Task
    train: Examples
    validation: Examples | None
    test: Examples | None
    class_names: tuple[str, ...]
    num_outputs: int
    input_shape: tuple[int | None, ...]
    input_dtype: str
    preprocessor: Any = None
    vocabulary_size: int | None = None
    cleaning: tuple[Touched, ...] = ()
    fingerprint: str = ""
    label_names: tuple[str, ...] = field(default=())
    text: Text = field(default=Text())
    texts: Mapping[str, Examples | None] = field(default_factory=dict)
