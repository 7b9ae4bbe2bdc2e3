"""tf.data without its autotuner, whose thread can hold up the end of an epoch for a minute."""

from __future__ import annotations

import tensorflow as tf


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
