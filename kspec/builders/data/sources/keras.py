"""`keras:` the data sets of `keras.datasets`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kspec.builders.data.download import reachable
from kspec.builders.examples import Examples, Kind, Source, Task
from kspec.errors import DataError, Problem
from kspec.spec.data import Data

PATH = ("data", "keras")
BUCKET = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
TORONTO = "https://www.cs.toronto.edu/~kriz/"
DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Held:
    """What is known of a set without its data.

    file: what Keras keeps of it in its cache, `~/.keras/datasets`. host: where it is downloaded from.
    shape: of one example; (None,) is a list of word numbers. classes: 0 for a number to predict.
    """

    file: str
    host: str
    kind: Kind
    shape: tuple[int | None, ...]
    classes: int
    class_names: tuple[str, ...] = ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the features: pixels, word numbers, or measurements."""
        return np.dtype("uint8" if self.kind == "image" else "int32" if self.shape == (None,) else "float64")

    @property
    def task(self) -> Task:
        """What is predicted."""
        return "classification" if self.classes else "regression"


SETS = {
    "mnist": Held("mnist.npz", BUCKET, "image", (28, 28, 1), 10, DIGITS),
    "fashion_mnist": Held("fashion-mnist/train-images-idx3-ubyte.gz", BUCKET, "image", (28, 28, 1), 10, CLOTHES),
    "cifar10": Held("cifar-10-batches-py-target", TORONTO, "image", (32, 32, 3), 10, CIFAR10),
    "cifar100": Held("cifar-100-python-target", TORONTO, "image", (32, 32, 3), 100),
    "imdb": Held("imdb.npz", BUCKET, "array", (None,), 2, ("negative", "positive")),
    "reuters": Held("reuters.npz", BUCKET, "array", (None,), 46),
    "california_housing": Held("california_housing.npz", BUCKET, "array", (8,), 0),
    "boston_housing": Held("boston_housing.npz", BUCKET, "array", (13,), 0),
}


def load(data: Data) -> Source:
    """The set as the splits "train" and "test".

    Lists of word numbers are padded at the end or cut to `text.sequence_length`: int32 (n, sequence_length).

    Raises:
        DataError: not in Keras' cache and its host cannot be reached; arguments that `load_data` does not take.
    """
    settings = data.source[1]
    held = SETS[settings.name]
    cache = _cache() / (settings.arguments.get("path") or held.file)
    if not cache.exists() and not reachable(held.host):
        hint = "run it once where there is a network and copy the cache here, or use another source"
        message = "the data set is not on this machine, and its host cannot be reached"
        raise DataError(Problem(PATH, message, f"a file {cache}, or {held.host}", "neither", hint))
    splits = dict(zip(("train", "test"), _load(settings.name, settings.arguments), strict=True))
    read = {name: Examples(_features(x, held, data), _labels(y)) for name, (x, y) in splits.items() if len(x)}
    names = class_names(held, settings.arguments)
    return Source(held.kind, read, names, held.task)


def _cache() -> Path:
    """Where Keras keeps downloads: `$KERAS_HOME/datasets`, by default `~/.keras/datasets`."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"


def _load(name: str, arguments: dict[str, Any]) -> Any:
    import keras

    try:
        return getattr(keras.datasets, name).load_data(**arguments)
    except Exception as error:  # a wrong argument, or whatever a download can raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            Problem((*PATH, "arguments"), f"keras.datasets.{name} could not be loaded", found=reason)
        ) from error


def _features(x: np.ndarray, held: Held, data: Data) -> np.ndarray:
    if held.shape == (None,):
        import keras

        length = data.text.sequence_length
        return np.asarray(keras.utils.pad_sequences(x, maxlen=length, padding="post", truncating="post"), np.int32)
    return x[..., np.newaxis] if held.kind == "image" and x.ndim == 3 else x


def _labels(y: np.ndarray) -> np.ndarray:
    """Labels (n,); CIFAR's come as (n, 1)."""
    return y.reshape(len(y))


def class_names(held: Held, arguments: dict[str, Any]) -> tuple[str, ...]:
    """Names of the class ids, or the ids themselves; () for numbers."""
    classes = 20 if arguments.get("label_mode") == "coarse" else held.classes
    return held.class_names or tuple(str(i) for i in range(classes))
