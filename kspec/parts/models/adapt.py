"""Fit the layers of a model that learn from data before training."""

from __future__ import annotations

from typing import Any

import keras

from kspec.parts.autotune import in_order


def adapt_model(model: keras.Model, data: Any, batch_size: int = 256) -> list[str]:
    """Calls `layer.adapt(x)` for every layer that has `adapt`, with x the values that flow into that layer.

    Layers are taken in the order of the graph, so a later one sees what the earlier ones make of the data. It works
    for `keras.layers.Normalization`, `WhiteningConv2D` and any layer of your own; a layer that was given its
    statistics in its constructor is left alone.

    model: functional or sequential, built. data: one array of examples, as the model's only input takes them.
    batch_size: examples computed at a time. Returns the names of the adapted layers, in order.
    Raises ValueError for a model with several inputs that has such layers.

    Example:
        adapt_model(model, train_images[:5000])
    """
    layers = [layer for layer in model.layers if callable(getattr(layer, "adapt", None)) and not _is_given(layer)]
    if layers and len(model.inputs) != 1:
        raise ValueError(f"adapt_model needs a model with one input; this one has {len(model.inputs)}")
    for layer in layers:
        before = layer.input
        if before is model.inputs[0]:
            layer.adapt(data)
        else:
            layer.adapt(keras.Model(model.inputs, before).predict(**in_order(data, batch_size=batch_size), verbose=0))
    return [layer.name for layer in layers]


def _is_given(layer: Any) -> bool:
    """Whether a Normalization layer got its mean and variance as arguments: Keras refuses to adapt it then."""
    return isinstance(layer, keras.layers.Normalization) and layer.input_mean is not None
