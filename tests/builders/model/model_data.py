"""Small data of every kind, as the data builder would hand it on."""

from typing import Any

import numpy as np

from kspec.builders.examples import Datasets, Examples
from kspec.builders.targets import Targets, targets
from kspec.spec.data import Text


def images(shape: tuple[int, ...] = (8, 8, 1), classes: int = 3, count: int = 48) -> Datasets:
    """Images whose brightness tells the class."""
    rng = np.random.default_rng(0)
    y = np.arange(count) % classes
    x = rng.integers(0, 40, (count, *shape)) + (y * 200 // classes).reshape(-1, 1, 1, 1)
    return datasets("image", Examples(x.astype("uint8"), y.astype("int64")), classes, shape, "uint8")


def vectors(features: int = 4, classes: int = 3, count: int = 48) -> Datasets:
    rng = np.random.default_rng(0)
    y = np.arange(count) % classes
    x = (rng.normal(size=(count, features)) + y[:, None]).astype("float32")
    return datasets("table", Examples(x, y.astype("int64")), classes, (features,), "float32")


def tokens(length: int = 6, vocabulary: int = 20, count: int = 48) -> Datasets:
    """Token ids, padded with 0 at the end; the first token tells the class."""
    rng = np.random.default_rng(0)
    x = rng.integers(4, vocabulary, (count, length))
    y = np.arange(count) % 2
    x[:, 0] = 2 + y
    x[::3, length // 2 :] = 0
    return datasets(
        "text", Examples(x.astype("int32"), y.astype("int64")), 2, (length,), "int32", vocabulary_size=vocabulary
    )


def texts(count: int = 16, length: int = 6) -> Datasets:
    y = np.arange(count) % 2
    x = np.array(["good film" if one else "bad film" for one in y], dtype=object)
    return datasets("text", Examples(x, y.astype("int64")), 2, (), "string", text=Text(sequence_length=length))


def datasets(kind: Any, train: Examples, classes: int, shape: tuple[int, ...], dtype: str, **more: Any) -> Datasets:
    names = tuple(f"class {number}" for number in range(classes))
    return Datasets(kind, "classification", train, None, None, names, classes, shape, dtype, **more)


def for_classes(classes: int) -> Targets:
    """One-hot labels and softmax, whatever the number of classes."""
    from kspec.spec.component import Component

    return targets("classification", classes, Component(name="CategoricalCrossentropy"), ())
