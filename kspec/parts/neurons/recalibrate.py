"""The statistics of batch normalization, computed anew after neurons have gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from kspec.parts.neurons.batches import inputs_of

DROPS = ("rate", "dropout", "recurrent_dropout", "stddev")
"""Attributes of Keras layers that hold the strength of their noise."""


def recalibrate(model: keras.Model, data: Any, batch_size: int = 128) -> int:
    """Sets the moving mean and variance of every batch normalization to the averages over the data.

    What a layer is given changes when neurons before it go; the old statistics then cost accuracy that comes back
    without any training. Each statistic becomes the mean of its values over the batches, in training mode but without
    dropout. Layers that are not trainable, which Keras runs on fixed statistics, keep theirs.

    model: built. data: an array of inputs (a list or dict of arrays for several) or a tuple (x, y) of them; or an
    iterable of batches, x, (x, y) or [x, y]. batch_size: for arrays; large batches give better estimates.
    Returns the number of layers that were set. Raises ValueError for data without a batch, or without an end.

    Example:
        kspec.recalibrate(small, x_train[:1024])
    """
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    norms = [layer for layer in norms if layer.trainable]
    if not norms:
        return 0
    momenta = [layer.momentum for layer in norms]
    count = 0
    try:
        with without_noise(model):
            for count, inputs in enumerate(inputs_of(model, data, batch_size), start=1):
                for layer in norms:
                    layer.momentum = 1 - 1 / count  # the mean of all batches so far
                model(inputs, training=True)
    finally:
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum
    if not count:
        raise ValueError("recalibrate got no data")
    return len(norms)


@contextmanager
def without_noise(model: Any) -> Iterator[None]:
    """Dropout and noise layers of a model do nothing inside, in code that is run or traced there."""
    before = [
        (layer, name, vars(layer)[name])
        for layer in model._flatten_layers()
        for name in DROPS
        if isinstance(vars(layer).get(name), (int, float))
    ]
    try:
        for layer, name, _ in before:
            setattr(layer, name, 0.0)
        yield
    finally:
        for layer, name, value in before:
            setattr(layer, name, value)
