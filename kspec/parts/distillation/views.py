"""Views of examples that come again: an augmentation as a function of the example and the number of the view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kspec.parts.autotune import untuned


class DeterministicViews:
    """A fixed number of augmented views of every example, in batches that say which view of which example they hold.

    Epoch e shows every example once, in view e modulo `views`, in an order of its own. The augmentation gets a seed
    that is a function of (seed, position of the example, number of the view), so that the same view is the same image
    in every epoch, run and process, and a `TeacherCache` can answer for the teacher.

    Source of the idea: with answers kept for one clean image, while the student sees crops of it, distillation gets
    worse (L. Beyer et al., arXiv:2106.05237, section 4); kept for some views, teacher and student see the same.

    x, y, sample_weight: arrays or tensors, or nests of them, with an example in each row; held in memory once. Where
        the images do not fit, x can hold the names of files that `augment` reads.
    augment: (x of one example, seed int32 (2,)) -> x; its only source of randomness is the seed
        (`tf.image.stateless_random_*`, `tf.random.stateless_*`).
    batch_size: of training. views: 8 by default. seed: of views and orders, 0 by default. drop_remainder: leave out
        the last batch of an epoch where it is smaller, False by default.

    Raises ValueError for columns of different lengths and for arguments out of range.

    Example:
        views = DeterministicViews(x, y, augment, batch_size=128)
        cache = TeacherCache(views.examples, views.views).fill(teacher, views.all())
        distiller = Distiller(cache, student)
        distiller.fit(cache.attach(views.epochs()), steps_per_epoch=views.steps, epochs=30, shuffle=False)
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        augment: Callable[[Any, tf.Tensor], Any],
        *,
        batch_size: int,
        sample_weight: Any = None,
        views: int = 8,
        seed: int = 0,
        drop_remainder: bool = False,
    ) -> None:
        columns = (x, y) if sample_weight is None else (x, y, sample_weight)
        self._columns = tf.nest.map_structure(tf.convert_to_tensor, columns)
        lengths = sorted({int(column.shape[0]) for column in tf.nest.flatten(self._columns)})
        if len(lengths) != 1 or lengths[0] < 1:
            raise ValueError(f"x, y and sample_weight must have as many rows, at least one, not {lengths}")
        (self.examples,) = lengths
        if views < 1 or batch_size < 1 or (drop_remainder and batch_size > self.examples):
            raise ValueError(
                f"views and batch_size must be at least 1, and a batch at most the data: {views}, {batch_size}"
            )
        self.views, self.batch_size, self.seed, self.drop_remainder = views, batch_size, seed, drop_remainder
        self._augment = augment

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        whole, rest = divmod(self.examples, self.batch_size)
        return whole if self.drop_remainder or rest == 0 else whole + 1

    def all(self, batch_size: int = 256) -> tf.data.Dataset:
        """Every view of every example once, in batches ((positions int64, views int64), (x, y, ...))."""
        views = tf.data.Dataset.range(self.views)
        positions = tf.range(self.examples, dtype=tf.int64)
        batches = views.flat_map(lambda view: self._view(view, positions).batch(batch_size))
        return untuned(batches.prefetch(tf.data.AUTOTUNE))

    def epochs(self, first_epoch: int = 0) -> tf.data.Dataset:
        """Endless batches ((positions int64, views int64), (x, y, ...)) of the epochs from `first_epoch` on.

        `fit` needs `steps_per_epoch=views.steps`.
        """

        def one(epoch: tf.Tensor) -> tf.data.Dataset:
            order = tf.range(self.examples, dtype=tf.int64)
            order = tf.random.experimental.stateless_shuffle(order, self._seed(1, epoch))
            view = self._view(epoch % self.views, order)
            return view.batch(self.batch_size, drop_remainder=self.drop_remainder)

        epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
        return untuned(epochs.flat_map(one).prefetch(tf.data.AUTOTUNE))

    def _view(self, number: tf.Tensor, positions: tf.Tensor) -> tf.data.Dataset:
        """One view of the examples at some positions, as ((position, view), example)."""

        def one(position: tf.Tensor) -> Any:
            x, *rest = tf.nest.map_structure(lambda column: tf.gather(column, position), self._columns)
            return (position, number), (self._augment(x, self._seed(0, number, position)), *rest)

        numbers = tf.data.Dataset.from_tensor_slices(positions)
        return numbers.map(one, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def _seed(self, purpose: int, *numbers: tf.Tensor) -> tf.Tensor:
        """A seed, int32 (2,), for views (purpose 0) or orders (1)."""
        seed = tf.constant([self.seed, purpose], tf.int32)
        for number in numbers:
            seed = tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int32))
        return seed
