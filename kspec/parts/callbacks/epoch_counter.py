"""Tells a tf.data pipeline which epoch it is."""

from __future__ import annotations

from typing import Any

import keras


class EpochCounter(keras.callbacks.Callback):
    """Writes the number of the epoch into a variable when the epoch begins.

    A tf.data pipeline that reads the variable can make its order and its augmentation a function of the epoch, also
    after training was resumed at `initial_epoch`. Keras makes the iterator of an epoch after `on_epoch_begin`
    (keras/src/trainers/epoch_iterator.py, `_enumerate_iterator`; the one it makes at the end of an epoch is never
    read), and tf.data computes nothing before the first element is asked for: no batch of a wrong epoch is seen.

    variable: an int64 scalar tf.Variable; its value is the epoch, from 0.
    first: another, with the number of the batch that an epoch begins with; it is 0 from the second epoch of a `fit` on.

    Example:
        epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        model.fit(dataset_that_reads(epoch), epochs=3, callbacks=[EpochCounter(epoch)])
    """

    def __init__(self, variable: Any, first: Any = None) -> None:
        super().__init__()
        self.variable, self.first = variable, first

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the epoch."""
        self.variable.assign(epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """The next epoch begins with its first batch."""
        if self.first is not None:
            self.first.assign(0)

    def get_state(self) -> dict[str, Any]:
        """Nothing: the epoch that `fit` begins with says it all."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """See `get_state`."""
