"""Views of examples that come again: an augmentation as a function of the example and the number of the view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


class DeterministicViews:
    """A fixed number of augmented views of every example, in batches that say which view of which example they hold.

    Epoch e shows every example once, in view e modulo `views`, in an order of its own. The augmentation gets a seed
    that is a function of (seed, position of the example, number of the view), so that the same view is the same image
    in every epoch, run and process, and a `TeacherCache` can answer for the teacher.

    Source of the idea: with answers kept for one clean image, while the student sees crops of it, distillation gets
    worse (L. Beyer et al., arXiv:2106.05237, section 4); kept for some views, teacher and student see the same.

    dataset: single examples (x, y) or (x, y, sample_weight), of known number, always in the same order.
    augment: (x of one example, seed int32 (2,)) -> x; its only source of randomness is the seed
        (`tf.image.stateless_random_*`, `tf.random.stateless_*`).
    batch_size: of training. views: 8 by default. seed: of views and orders, 0 by default. drop_remainder: leave out
        the last batch of an epoch where it is smaller, False by default.

    Raises ValueError for a dataset of unknown number and for arguments out of range.

    Example:
        views = DeterministicViews(tf.data.Dataset.from_tensor_slices((x, y)), augment, batch_size=128)
        cache = TeacherCache(views.examples, views.views).fill(teacher, views.all())
        distiller = Distiller(cache, student)
        distiller.fit(cache.attach(views.epochs()), steps_per_epoch=views.steps, epochs=30)
    """

    def __init__(
        self,
        dataset: tf.data.Dataset,
        augment: Callable[[Any, tf.Tensor], Any],
        *,
        batch_size: int,
        views: int = 8,
        seed: int = 0,
        drop_remainder: bool = False,
    ) -> None:
        self.examples = int(dataset.cardinality())
        if self.examples < 1:
            raise ValueError("the number of examples must be known: see tf.data.experimental.assert_cardinality")
        if views < 1 or batch_size < 1 or (drop_remainder and batch_size > self.examples):
            raise ValueError(
                f"views and batch_size must be at least 1, and a batch at most the data: {views}, {batch_size}"
            )
        self.views, self.batch_size, self.seed, self.drop_remainder = views, batch_size, seed, drop_remainder
        self._dataset, self._augment = dataset, augment

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        whole, rest = divmod(self.examples, self.batch_size)
        return whole if self.drop_remainder or rest == 0 else whole + 1

    def all(self, batch_size: int = 256) -> tf.data.Dataset:
        """Every view of every example once, in batches ((positions int64, views int64), (x, y, ...))."""
        passes = (self._view(number, self._dataset.enumerate()).batch(batch_size) for number in range(self.views))
        first, *others = passes
        for one in others:
            first = first.concatenate(one)
        return first.prefetch(tf.data.AUTOTUNE)

    def epochs(self, first_epoch: int = 0) -> tf.data.Dataset:
        """Endless batches ((positions int64, views int64), (x, y, ...)) of the epochs from `first_epoch` on.

        `fit` needs `steps_per_epoch=views.steps`. Positions are shuffled over all examples, which are held in memory.
        """

        def one(epoch: tf.Tensor) -> tf.data.Dataset:
            order = self._dataset.enumerate().shuffle(self.examples, seed=tf.cast(self.seed, tf.int64) * 65_537 + epoch)
            view = self._view(epoch % self.views, order)
            return view.batch(self.batch_size, drop_remainder=self.drop_remainder)

        epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
        return epochs.flat_map(one).prefetch(tf.data.AUTOTUNE)

    def _view(self, number: Any, numbered: tf.data.Dataset) -> tf.data.Dataset:
        """One view of the examples of (position, example), as ((position, view), example)."""
        number = tf.cast(number, tf.int64)

        def one(position: tf.Tensor, example: tuple[Any, ...]) -> Any:
            x, *rest = example
            seed = tf.constant([self.seed, 0], tf.int32)
            for part in (number, position):
                seed = tf.random.experimental.stateless_fold_in(seed, tf.cast(part, tf.int32))
            return (position, number), (self._augment(x, seed), *rest)

        return numbered.map(one, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
