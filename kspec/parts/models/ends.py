"""The two ends that every family shares: pixels to standardised values, and features to predictions."""

from __future__ import annotations

from typing import Any

import keras


def standardized(inputs: Any) -> Any:
    """Images (batch, height, width, channels) of any range to mean 0 and variance 1 per channel.

    The layer learns its statistics from data: call `adapt_model(model, images)` before training.
    float32, for bfloat16 has too few bits for pixel values.
    """
    return keras.layers.Normalization(axis=-1, dtype="float32", name="standardize")(inputs)


def predictions(features: Any, units: int, output_activation: str) -> Any:
    """Features (batch, n) to probabilities or numbers (batch, units), in float32 under any precision.

    Ending in the activation keeps the saved model readable: it predicts probabilities. Losses lose nothing, for Keras
    finds the logits behind a softmax or sigmoid (`_keras_logits`) on TensorFlow.
    """
    return keras.layers.Dense(units, activation=output_activation, dtype="float32", name="predictions")(features)
