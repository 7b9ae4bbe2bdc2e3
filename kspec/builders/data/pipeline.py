"""From examples in memory to batches: a tf.data.Dataset of (x, y), the same for the same seed and epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kspec.builders.data.augment import augmentations
from kspec.builders.data.order import batches_per_pass, fold, order
from kspec.builders.data.splits import check_batch
from kspec.builders.data.tokens import is_tokens, token_counts, trimmed
from kspec.builders.examples import Examples
from kspec.builders.targets import Labels, Targets
from kspec.parts.autotune import untuned
from kspec.spec.data import Data

WRITE: dict[Labels, Callable[[tf.Tensor, int], tf.Tensor]] = {
    "ids": lambda labels, units: tf.cast(labels, tf.int64),
    "one_hot": lambda labels, units: tf.one_hot(labels, units),
    "binary": lambda labels, units: tf.cast(labels, tf.float32)[:, None],
    "multi_hot": lambda labels, units: tf.cast(labels, tf.float32),
    "numbers": lambda labels, units: tf.cast(labels, tf.float32),
}
"""How labels are written for the loss: see kspec/builders/targets.py."""


def pipeline(
    examples: Examples,
    data: Data,
    targets: Targets,
    *,
    seed: int,
    training: bool,
    epoch: tf.Variable | None = None,
    steps: int | None = None,
    first: tf.Variable | None = None,
    views: int | None = None,
) -> tf.data.Dataset:
    """Batches (x, y) of `data.batch_size` examples, with known cardinality.

    training: shuffled (unless `data.shuffle` is false) and augmented, as a function of (seed, epoch); otherwise all
        examples as they stand, in their order.
    epoch: int64 variable with the number of the epoch, read when an iterator gives its first batch; see
        kspec.parts.callbacks.epoch_counter. None is epoch 0 for ever.
    steps: batches an epoch; by default one pass over the examples. Training only.
    first: int64 variable with the number of the first batch of an iterator within the epoch, for a training that goes
        on in the middle of one; the batches then run on into the next epoch. None is 0.
    views: the batches are ((positions int64, views int64), (x, y)), each (batch,), and a view of an example is the same
        whenever it comes: what a kspec.TeacherCache is filled with (`steps` of `views` passes) and attached to. Order,
        batches and augmentation, mixing too, begin anew after `views` passes. ENDLESS: they say where they are from,
        and no view comes again. Training only.

    Tokens of a KerasHub model come in batches of similar length, padded to the longest; see `data.text`.
    The examples are held once, as tensors that the dataset refers to; images stay uint8 until a layer needs floats.

    Raises:
        DataError: a batch is larger than the train split.
        SpecError: an augmentation does not fit the data.
    """
    size, count = data.batch_size, len(examples)
    if training:
        check_batch(examples, data)
    drop = data.drop_remainder and training
    steps = steps_an_epoch(count, data, steps) if training else batches_per_pass(count, size, False)
    zero = tf.constant(0, tf.int64)
    batches = order(
        count,
        size,
        steps,
        drop_remainder=drop,
        shuffle=data.shuffle and training,
        seed=seed,
        epoch=zero if epoch is None else epoch,
        first=zero if first is None else first,
        views=views,
        lengths=token_counts(examples.x) if data.text.group_by_length and is_tokens(examples.x) else None,
    )
    static = size if drop or count % size == 0 else None
    take = _batch(examples, targets, data.augment if training else (), seed, static)
    dataset = batches.map(
        take if views is None else _with_key(take), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    return untuned(dataset.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(tf.data.AUTOTUNE))


def steps_an_epoch(examples: int, data: Data, limit: int | None) -> int:
    """Batches of an epoch of training: the limit, or one pass over the examples."""
    return batches_per_pass(examples, data.batch_size, data.drop_remainder) if limit is None else limit


def _batch(examples: Examples, targets: Targets, augment: tuple[Any, ...], seed: int, size: int | None) -> Any:
    """The function from (pass, step, positions) to the batch (x, y)."""
    x = tf.nest.map_structure(tf.convert_to_tensor, examples.x)
    y = tf.convert_to_tensor(examples.y)
    write, tokens = WRITE[targets.labels], is_tokens(examples.x)
    layers = augmentations(augment, x[:1], write(y[:1], targets.units)) if augment else []

    def batch(number: tf.Tensor, step: tf.Tensor, index: tf.Tensor) -> tuple[Any, tf.Tensor]:
        index = tf.ensure_shape(index, (size,))
        features = tf.nest.map_structure(lambda column: tf.gather(column, index), x)
        features = trimmed(features) if tokens else features
        labels = write(tf.gather(y, index), targets.units)
        for position, layer in enumerate(layers):
            features, labels = layer(features, labels, fold([seed, 1 + position], number, step), index, number)
        return features, labels

    return batch


def _with_key(take: Any) -> Any:
    """`take` with the view of each example before its batch: ((positions, views), (x, y))."""

    def batch(number: tf.Tensor, step: tf.Tensor, index: tf.Tensor) -> Any:
        return (index, tf.fill(tf.shape(index), number)), take(number, step, index)

    return batch
