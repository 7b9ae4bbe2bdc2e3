"""Generated examples for `--smoke`: the shapes, types and classes of the real data, offline and in an instant."""

from __future__ import annotations

from typing import Any

import numpy as np

from kspec.builders.data.clean import clean
from kspec.builders.data.labels import infer_task, text_of
from kspec.builders.data.prepared import train_of
from kspec.builders.data.sources import fields, keras, load, tfds
from kspec.builders.data.splits import ROLES, split, take
from kspec.builders.examples import Examples, Features, Source
from kspec.spec.data import Data

SIZES = {"train": 256, "validation": 64, "test": 64}
WORDS = np.array(["this", "film", "was", "good", "bad", "dull", "plot", "the", "and", "never"], object)
WORDS_PER_TEXT = 30


def synthetic_source(data: Data) -> tuple[Source, Data]:
    """A small source with one split for each role, and the spec that takes its splits as they are.

    256 examples for train (at least one batch), 64 for validation and test where the spec asks for them. tfds and keras
    are generated from the metadata and need neither the data nor a network; anything else is a part of the real data.

    Raises:
        DataError: the metadata are not there, or the spec asks for what they do not hold.
    """
    name = data.source[0]
    source = _tfds(data) if name == "tfds" else _keras(data) if name == "keras" else _part(data)
    named = {role: role if role in source.splits else None for role in ROLES}
    done = {} if name in ("tfds", "keras") else {"clean": ()}
    return source, data.model_copy(update={**named, **done})


def _sizes(data: Data) -> dict[str, int]:
    """Examples for each role that the spec asks for."""
    asked = {role: size for role, size in SIZES.items() if getattr(data, role) is not None}
    # Cleaning must leave a batch.
    return {**asked, "train": max(SIZES["train"], data.batch_size * (2 if data.clean else 1))}


def _part(data: Data) -> Source:
    """Examples of the real data, cleaned and spread evenly, with every class that train holds."""
    source = load(data)
    sizes = _sizes(data)
    parts, _ = clean(split(source, data, seed=0), data, source.class_names)
    # By all of train: a few rows of many classes can look like numbers to predict.
    task = infer_task(train_of(parts).y, data, source)
    cut = {role: take(part, _spread(part.y, sizes[role])) for role, part in parts.items() if part is not None}
    return Source(source.kind, cut, source.class_names, task, source.label_names)


def _spread(labels: np.ndarray, size: int) -> np.ndarray:
    """Rows spread evenly over all, and the first of each label where there are few kinds of them."""
    rows = np.linspace(0, len(labels) - 1, min(size, len(labels))).astype(np.int64)
    if labels.ndim > 1 and labels.shape[1] > 1:
        return np.unique(rows)
    _, first = np.unique([text_of(label) for label in labels.reshape(-1).tolist()], return_index=True)
    return np.unique(np.concatenate([rows, first])) if len(first) <= len(labels) // 2 else np.unique(rows)


def _keras(data: Data) -> Source:
    settings = data.source[1]
    held = keras.SETS[settings.name]
    names = keras.class_names(held, settings.arguments)
    generate = np.random.default_rng(0)
    shape = tuple(size or data.text.sequence_length for size in held.shape)
    splits = {}
    for role, size in _sizes(data).items():
        y = generate.permutation(np.arange(size) % len(names)) if names else generate.normal(size=size)
        splits[role] = Examples(_array(generate, (size, *shape), held.dtype), y)
    return Source(held.kind, splits, names, held.task)


def _tfds(data: Data) -> Source:
    builder = tfds.open_builder(data.source[1])
    features = builder.info.features
    chosen = fields.choose(features, builder.info.supervised_keys, data)
    generate = np.random.default_rng(0)
    splits = {
        role: Examples(_inputs(generate, features, chosen, data, size), _labels(generate, features, chosen, size))
        for role, size in _sizes(data).items()
    }
    return Source(chosen.kind, splits, chosen.class_names, chosen.task, chosen.label_names)


def _inputs(generate: np.random.Generator, features: Any, chosen: fields.Chosen, data: Data, size: int) -> Features:
    if not isinstance(chosen.x, str):
        return {
            column: _column(generate, fields.at(features, path), chosen.names.get(column), size)
            for column, path in chosen.x.items()
        }
    if chosen.kind == "text":
        return _texts(generate, size)
    feature = features[chosen.x]
    shape = fields.stored_shape(feature.shape, chosen, data)
    return _array(generate, (size, *shape), np.dtype(feature.np_dtype))


def _column(generate: np.random.Generator, feature: Any, names: tuple[str, ...] | None, size: int) -> np.ndarray:
    dtype = np.dtype(feature.np_dtype)
    if names or dtype.kind in "OSU":
        return np.array(generate.choice(np.array(names, object) if names else WORDS, size), object)
    return _array(generate, (size,), dtype)


def _labels(generate: np.random.Generator, features: Any, chosen: fields.Chosen, size: int) -> np.ndarray:
    if chosen.many:
        return generate.integers(0, 2, (size, len(chosen.class_names))).astype(np.float32)
    if chosen.class_names:
        return generate.permutation(np.arange(size) % len(chosen.class_names))
    columns = [_column(generate, features[name], None, size) for name in chosen.y]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _array(generate: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """Pixels for uint8, small whole numbers for other integers, a normal distribution for floats."""
    if dtype.kind == "b":
        return generate.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        return generate.integers(0, 256 if dtype == np.uint8 else 10, shape, dtype)
    return generate.normal(size=shape).astype(dtype)


def _texts(generate: np.random.Generator, size: int) -> np.ndarray:
    return np.array([" ".join(words) for words in generate.choice(WORDS, (size, WORDS_PER_TEXT))], object)
