"""Traps in the features: constant columns, infinite numbers, texts that are cut, inputs far from unit scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kspec.builders.data.tokens import MASK, is_tokens, token_counts
from kspec.builders.examples import Datasets, Examples
from kspec.builders.experiment import Experiment
from kspec.check.findings import Finding, warning
from kspec.check.graph import batches
from kspec.errors import Problem

CUT = 0.5
"""Share of texts that fill their whole length, from which on it is said."""
FAR = 10.0
"""Root mean square of what the first layer with a kernel reads, beyond which initial weights of Glorot or He are far
too large; they are made for 1. Below its inverse, far too small."""
LISTED = 5
WEIGHED = (
    keras.layers.Dense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.EinsumDense,
    keras.layers.RNN,
)


def findings(experiment: Experiment) -> Iterator[Finding]:
    """What the features of train show, and what the network makes of them first."""
    data = experiment.datasets
    infinite = _infinite(data)
    yield from infinite
    yield from _constant(data)
    yield from _cut(experiment)
    if not infinite and experiment.spec.model.layers is not None:
        yield from _scale(experiment)


def _infinite(data: Datasets) -> list[Finding]:
    found = []
    for role, part in (("train", data.train), ("validation", data.validation), ("test", data.test)):
        labels = None if part is None else part.y
        for what, values in (("features", _numbers(part)), ("labels", labels)):
            if values is None or values.dtype.kind != "f":
                continue
            wrong = int((~np.isfinite(values.reshape(len(values), -1))).any(axis=1).sum())
            if wrong:
                message = f"infinite or missing numbers in the {what} of {wrong:,} examples of {role}"
                hint = "data.clean: [clip_outliers], or mend them in the file"
                found.append(Finding("error", Problem(("data",), message, "finite numbers", hint=hint, on_key=True)))
    return found


def _numbers(part: Examples | None) -> Any:
    return part.x if part is not None and isinstance(part.x, np.ndarray) else None


def _constant(data: Datasets) -> Iterator[Finding]:
    """Columns of a table or of vectors that are the same in all of train; a pixel at the border may well be."""
    x = _numbers(data.train)
    if data.kind not in ("table", "array") or x is None or x.ndim != 2 or data.vocabulary_size is not None:
        return
    same = np.flatnonzero((x == x[:1]).all(axis=0))
    if len(same):
        listed = ", ".join(str(one + 1) for one in same[:LISTED]) + (", ..." if len(same) > LISTED else "")
        message = f"{len(same)} of the {x.shape[1]} numbers that the model reads are the same in all of train"
        hint = "data.columns.ignore leaves columns out" if data.kind == "table" else "leave them out"
        yield warning(("data",), message, hint, f"number {listed}")


def _cut(experiment: Experiment) -> Iterator[Finding]:
    data, text = experiment.datasets, experiment.spec.data.text
    filled = _filled(data)
    if filled is None:
        return
    full, places = float(filled[0].mean()), filled[1]
    if full > CUT:
        message = f"{full:.0%} of the texts fill all {places} places and are cut where they are longer"
        hint = f"a larger sequence_length (time and memory grow with it); truncate: {text.truncate} says what is kept"
        yield warning(("data", "text", "sequence_length"), message, hint)


def _filled(data: Datasets) -> tuple[Any, int] | None:
    """For each text of train whether it fills its whole length, and that length; None for other data."""
    x: Any = data.train.x
    if data.kind != "text":
        return None
    if is_tokens(x):
        places = np.shape(x[MASK])[1]
        return token_counts(x) == places, places
    is_ids = isinstance(x, np.ndarray) and data.vocabulary_size is not None and x.dtype.kind == "i" and x.ndim == 2
    return (x[:, -1] != 0, x.shape[1]) if is_ids else None


def _scale(experiment: Experiment) -> Iterator[Finding]:
    """The scale of what the first layer with a kernel reads, on one real batch."""
    features = next(iter(batches(experiment.model, experiment.train)))[0]
    first = next((layer for layer in experiment.model._flatten_layers() if isinstance(layer, WEIGHED)), None)
    inputs = experiment.model.inputs
    if first is None or not isinstance(first.input, keras.KerasTensor):
        return
    read = np.asarray(keras.ops.convert_to_numpy(keras.Model(inputs, first.input)(features, training=False)))
    size = float(np.sqrt(np.mean(read.astype(np.float64) ** 2)))
    if size > FAR or 0 < size < 1 / FAR**2:
        message = f"the first layer with a kernel, {first.name}, reads numbers of size {size:.3g}, not of about 1"
        hint = "put Normalization (or Rescaling: {scale: 0.00392156862745098} for pixels) at the front of model.layers"
        yield warning(("model", "layers"), message, hint)
