"""tf.data without its autotuner, whose thread can hold up the end of an epoch for a minute."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

ARGUMENTS = ("x", "y", "sample_weight")
"""The names that Keras' `fit` and `evaluate` have for arrays, in their order."""


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The same dataset without the thread that tunes its parallelism while it runs.

    Where an iterator ends, as Keras' does after every epoch, TensorFlow 2.21 waits for that thread. It sleeps twice as
    long each time, up to a minute, and is woken for the end before `IsCancelled()` is true: CancellationManager calls
    its callbacks first (tensorflow/core/framework/cancellation.cc, and Model::OptimizeLoop in model.cc). Where it
    looks too early it sleeps on. On two cores one epoch in three took twice its time.

    Without it, AUTOTUNE stands for as many parallel calls as there are cores, 16 at most, which is what the tuner
    begins with, and `prefetch` still finds its own length. It holds for all that is made of the dataset.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def in_order(*arrays: Any, batch_size: int) -> dict[str, Any]:
    """The arguments with which `predict`, `evaluate`, or `fit` without shuffling passes over arrays.

    Of arrays Keras makes a dataset on TensorFlow, which has the tuner: this one has not. On other backends the arrays
    themselves, which Keras slices without tf.data.

    arrays: x, or x and y, or these and sample weights; each an array, or a dict or list of arrays for several inputs.

    Example:
        model.predict(**in_order(x_test, batch_size=256), verbose=0)
    """
    if keras.backend.backend() != "tensorflow":
        return {**dict(zip(ARGUMENTS, arrays, strict=False)), "batch_size": batch_size}
    # A tuple, as tf.data would make one tensor of a list of arrays.
    parts = tuple(tuple(one) if isinstance(one, list) else one for one in arrays)
    values = parts[0] if len(parts) == 1 else parts
    dataset = tf.data.Dataset.from_tensor_slices(values).batch(batch_size).prefetch(tf.data.AUTOTUNE)
    return {"x": untuned(dataset)}
