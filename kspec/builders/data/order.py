"""In which order the examples of an epoch come, and in which batches: a function of (seed, epoch)."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

WINDOW = 50
"""Batches whose examples are sorted by length together: enough that little is padded, few enough to stay random."""
ENDLESS = 2**62
"""So many views that none comes again."""


def batches_per_pass(examples: int, batch_size: int, drop_remainder: bool) -> int:
    """Batches in which every example comes once."""
    return examples // batch_size if drop_remainder else math.ceil(examples / batch_size)


def order(
    examples: int,
    batch_size: int,
    steps: int,
    *,
    drop_remainder: bool,
    shuffle: bool,
    seed: int,
    epoch: Any,
    first: Any = 0,
    views: int | None = None,
    lengths: Any = None,
) -> tf.data.Dataset:
    """The batches of one epoch, as a dataset of (pass int64, step int64, positions int64 (batch,)).

    The examples come in passes; each pass shows every example once, in an order of its own that follows from the seed
    and the number of the pass. Epoch e is batches e * steps to (e + 1) * steps - 1 of this endless row; where `steps`
    is a whole pass, epoch and pass are the same. `epoch` (an int64 tensor or variable) is read when the first batch
    of an iterator is asked for, and so is `first`: the row begins that many batches later, and runs on into the next
    epoch.

    views: after so many passes the passes come again, numbered from 0, in the same orders and batches: all that is made
    of (pass, step, place in the batch) is then a function of (example, pass), and each example has so many views. None
    and ENDLESS: no pass comes again.

    lengths: int64 (examples,). With it, the examples of a batch are of similar length: see `grouped_by_length`.
    """
    count = batches_per_pass(examples, batch_size, drop_remainder)

    def one_pass(number: tf.Tensor) -> tf.data.Dataset:
        positions = tf.range(examples, dtype=tf.int64)
        number = number if views is None else number % views
        if shuffle:
            positions = tf.random.experimental.stateless_shuffle(positions, fold([seed, 0], number))
            if lengths is not None:
                positions = grouped_by_length(positions, lengths, batch_size, fold([seed, 0], number, 1))

        def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            return number, step, positions[step * batch_size : (step + 1) * batch_size]

        return tf.data.Dataset.range(count).map(batch)

    def one_epoch(_: tf.Tensor) -> tf.data.Dataset:
        begin = tf.convert_to_tensor(epoch) * steps + tf.cast(first, tf.int64)
        passes = tf.data.Dataset.range(begin // count, (begin + steps - 1) // count + 1)
        return passes.flat_map(one_pass).skip(begin % count).take(steps)

    return tf.data.Dataset.from_tensors(0).flat_map(one_epoch)


def grouped_by_length(positions: tf.Tensor, lengths: Any, batch_size: int, seed: tf.Tensor) -> tf.Tensor:
    """A random order changed so that the examples of a batch are of similar length, and the batches in random order.

    The examples are sorted by length within windows of WINDOW batches, as in torchtext's and fairseq's bucketing; what
    does not fill a batch stays at the end, whatever its length.

    positions: int64 (n,), a random order. lengths: int64 (n,). seed: int32 (2,), of the order of the batches.
    """
    whole = int(positions.shape[0]) // batch_size * batch_size
    first, rest = positions[:whole], positions[whole:]
    lengths = tf.convert_to_tensor(lengths, tf.int64)
    window = tf.range(whole, dtype=tf.int64) // (WINDOW * batch_size)
    key = window * (tf.reduce_max(lengths) + 1) + tf.gather(lengths, first)
    batches = tf.reshape(tf.gather(first, tf.argsort(key, stable=True)), (-1, batch_size))
    shuffled = tf.random.experimental.stateless_shuffle(batches, seed)
    return tf.concat([tf.reshape(shuffled, (-1,)), rest], 0)


def fold(seed: Any, *numbers: tf.Tensor) -> tf.Tensor:
    """A seed, int32 (2,), that is a function of a seed and some numbers; different numbers give independent seeds."""
    seed = tf.convert_to_tensor(seed, tf.int32)
    for number in numbers:
        seed = tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int32))
    return seed
