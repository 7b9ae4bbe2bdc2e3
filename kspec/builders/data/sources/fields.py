"""Which features of a TFDS set are x and which are y, and how they become arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kspec.builders.data import columns
from kspec.builders.data.images import fitted
from kspec.builders.examples import Examples, Kind, Task
from kspec.errors import DataError, Problem
from kspec.spec.data import Data

BATCH = 4096
BATCH_VALUES = 2**26
"""Values (pixels, numbers) that a batch may hold while a set is read."""


@dataclass(frozen=True)
class Chosen:
    """What is read of each example.

    x: the name of the feature, or for a table the names of its columns in the example, by column.
    y: the names of the features to predict; several make a vector.
    many: y is a sequence of class ids that becomes 0 and 1 for each class.
    names: class names of features that are class ids, for table columns.
    """

    kind: Kind
    x: str | Mapping[str, tuple[str, ...]]
    y: tuple[str, ...]
    class_names: tuple[str, ...]
    task: Task | None
    many: bool
    names: Mapping[str, tuple[str, ...]]

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the numbers to predict; () for classes."""
        return () if self.class_names else self.y


def choose(features: Any, supervised: Any, data: Data) -> Chosen:
    """x and y by `data.label` and `data.columns`, else by the set's own supervised keys, else by the features' types.

    Raises:
        DataError: no such feature, or none that can be told to be the label.
    """
    import tensorflow_datasets as tfds

    available = list(features) if isinstance(features, tfds.features.FeaturesDict) else []
    y = _labels(features, available, supervised, data)
    label = features[y[0]]
    many = (
        len(y) == 1
        and isinstance(label, tfds.features.Sequence)
        and isinstance(label.feature, tfds.features.ClassLabel)
    )
    classes = isinstance(label, tfds.features.ClassLabel)
    class_names = _class_names(label.feature if many else label) if (many or classes) and len(y) == 1 else ()
    task: Task | None = "multi_label" if many else "classification" if classes and len(y) == 1 else None
    kind, x = _inputs(features, available, supervised, y, data)
    names = {} if isinstance(x, str) else {c: _class_names(at(features, path)) for c, path in x.items()}
    return Chosen(kind, x, y, class_names, task, many, {c: n for c, n in names.items() if n})


def _labels(features: Any, available: list[str], supervised: Any, data: Data) -> tuple[str, ...]:
    import tensorflow_datasets as tfds

    for name in data.label or ():
        columns.known(name, available, ("data", "label"))
    if data.label:
        return tuple(data.label)
    if supervised and isinstance(supervised[1], str):
        return (supervised[1],)
    classes = [name for name in available if isinstance(features[name], tfds.features.ClassLabel)]
    if len(classes) == 1:
        return (classes[0],)
    hint = "say which with data.label"
    raise DataError(
        Problem(("data", "label"), "the data set does not say what is to be predicted", ", ".join(available), hint=hint)
    )


def _inputs(
    features: Any, available: list[str], supervised: Any, y: tuple[str, ...], data: Data
) -> tuple[Kind, str | Mapping[str, tuple[str, ...]]]:
    """The kind of the inputs and where they stand."""
    import tensorflow_datasets as tfds

    if data.columns.text is not None:
        columns.known(data.columns.text, available, ("data", "columns", "text"))
        return "text", data.columns.text
    key = supervised[0] if supervised else None
    others = [name for name in available if name not in y]
    if isinstance(key, str) and key in others:
        return _single(features, key, y, data)
    if isinstance(key, Mapping):
        return "table", _table(features, [column for column in key if column in others], y, data)
    images = [name for name in others if isinstance(features[name], tfds.features.Image)]
    texts = [name for name in others if isinstance(features[name], tfds.features.Text)]
    if len(images) == 1:
        return "image", images[0]
    if len(texts) == 1:
        return "text", texts[0]
    return "table", _table(features, others, y, data)


def _table(
    features: Any, names: list[str], y: tuple[str, ...], data: Data, under: tuple[str, ...] = ()
) -> Mapping[str, tuple[str, ...]]:
    """The scalar features among the names that `data.columns` wants, and where they stand."""
    held = [name for name in names if _is_column(at(features, (*under, name)))]
    return {name: (*under, name) for name in columns.select([*held, *y], y, data.columns)}


def _single(
    features: Any, key: str, y: tuple[str, ...], data: Data
) -> tuple[Kind, str | Mapping[str, tuple[str, ...]]]:
    import tensorflow_datasets as tfds

    feature = features[key]
    if isinstance(feature, tfds.features.Image):
        return "image", key
    if isinstance(feature, tfds.features.Text):
        return "text", key
    if isinstance(feature, tfds.features.FeaturesDict):
        return "table", _table(features, list(feature), y, data, under=(key,))
    return "array", key


def _is_column(feature: Any) -> bool:
    return feature.shape == () and getattr(feature, "dtype", None) is not None


def at(features: Any, path: tuple[str, ...]) -> Any:
    """The feature, or the value, at a path of names."""
    for name in path:
        features = features[name]
    return features


def _class_names(feature: Any) -> tuple[str, ...]:
    """Names of a ClassLabel's ids; the ids themselves where it has none."""
    import tensorflow_datasets as tfds

    if not isinstance(feature, tfds.features.ClassLabel):
        return ()
    return tuple(feature.names) if feature.names else tuple(str(i) for i in range(feature.num_classes or 0))


def collect(dataset: Any, chosen: Chosen, data: Data) -> Examples:
    """All examples of a tf.data.Dataset of feature dictionaries as arrays, in its order."""
    import tensorflow as tf

    from kspec.parts.autotune import untuned

    if isinstance(chosen.x, str):
        stored_shape(tuple(dataset.element_spec[chosen.x].shape), chosen, data)
    # Two batches in flight at most; a batch of large images is kept small.
    dataset = untuned(dataset.map(lambda example: _wanted(example, chosen, data), num_parallel_calls=tf.data.AUTOTUNE))
    size = sum(int(np.prod(spec.shape, dtype=np.int64)) for spec in tf.nest.flatten(dataset.element_spec))
    batches = list(dataset.batch(max(1, min(BATCH, BATCH_VALUES // size)), num_parallel_calls=2).as_numpy_iterator())
    y = [np.concatenate([labels[i] for _, labels in batches]) for i in range(len(chosen.y))]
    labels = _decoded(y[0]) if len(y) == 1 else np.stack(y, axis=1)
    if isinstance(chosen.x, str):
        return Examples(_decoded(np.concatenate([x for x, _ in batches])), labels)
    table = {column: np.concatenate([x[column] for x, _ in batches]) for column in chosen.x}
    return Examples({name: _named(_decoded(column), chosen.names.get(name)) for name, column in table.items()}, labels)


def _wanted(example: Any, chosen: Chosen, data: Data) -> tuple[Any, tuple[Any, ...]]:
    """(x, labels) of one example, inside of tf.data; images of different sizes are brought to one."""
    import tensorflow as tf

    y = tuple(example[name] for name in chosen.y)
    if chosen.many:
        y = (tf.minimum(tf.reduce_sum(tf.one_hot(y[0], len(chosen.class_names)), axis=0), 1.0),)
    if not isinstance(chosen.x, str):
        return {column: at(example, path) for column, path in chosen.x.items()}, y
    x = example[chosen.x]
    return (fitted(x, data.image) if None in tuple(x.shape) and chosen.kind == "image" else x), y


def stored_shape(shape: tuple[int | None, ...], chosen: Chosen, data: Data) -> tuple[int, ...]:
    """The shape of one example as it is read: as the set says, or what `data.image` makes of images of any size.

    Raises:
        DataError: the examples differ in size, and nothing says what they should become.
    """
    if None not in shape:
        return tuple(size for size in shape if size is not None)
    found = str(tuple(shape))
    if chosen.kind != "image":
        hint = "name a feature of fixed shape, or a text with data.columns.text"
        raise DataError(
            Problem(("data", "tfds"), f"the feature '{chosen.x}' differs in length", found=found, hint=hint)
        )
    if data.image.size is None:
        hint = "set data.image.size: [height, width]"
        raise DataError(Problem(("data", "image", "size"), "the images differ in size", "one size", found, hint))
    return (*data.image.size, data.image.channels or shape[-1] or 3)


def _decoded(values: np.ndarray) -> np.ndarray:
    """Bytes as str; everything else as it is."""
    if values.dtype.kind not in "OS":
        return values
    return np.array([value.decode("utf-8", errors="replace") for value in values.tolist()], object)


def _named(values: np.ndarray, names: tuple[str, ...] | None) -> np.ndarray:
    """Class ids of a column as the names of the classes; -1 is TFDS' mark of a missing one."""
    if not names:
        return values
    return np.array([names[i] if i >= 0 else None for i in values.tolist()], object)
