"""The teacher's word on every view of every example, asked for once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kspec.parts.distillation.scores import Activation, Kind, Scores
from kspec.parts.distillation.teachers import FixedTeachers

INPUTS, TEACHER_SCORES = "inputs", "teacher_scores"
"""Keys of the inputs of a batch that brings the teacher's scores along."""


class TeacherCache:
    """A table of a teacher's scores by (position of the example, number of the view), filled before training.

    It is for augmentation that gives an example the same few views again and again (`DeterministicViews`): then the
    teacher runs once for each view and never in training. `Distiller(cache, student)` takes it as its teacher. Batches
    are ((positions, views), (x, y)) or ((positions, views), (x, y, sample_weight)).

    examples, views: how many there are. dtype: of the table, "float16" by default: log-probabilities and
    log-odds to 0.05 %; "float32" for the numbers of a regression. A table of 50,000 examples, 8 views and 10 classes
    has 8 MB (`nbytes`).

    Raises ValueError for arguments out of range.
    """

    def __init__(self, examples: int, views: int, dtype: Literal["float16", "float32"] = "float16") -> None:
        if examples < 1 or views < 1:
            raise ValueError(f"examples and views must be at least 1, not {examples} and {views}")
        if dtype not in ("float16", "float32"):
            raise ValueError(f"dtype must be 'float16' or 'float32', not {dtype!r}")
        self.examples, self.views, self.dtype = examples, views, dtype
        self.filled = np.zeros((examples, views), bool)
        self.kind: Kind | None = None
        self.table: np.ndarray | None = None
        self.is_average = False

    @property
    def nbytes(self) -> int:
        """The memory of the table, in bytes."""
        return self.filled.nbytes + (0 if self.table is None else self.table.nbytes)

    def fill(
        self,
        teacher: keras.Model | Sequence[keras.Model],
        dataset: Iterable[Any],
        *,
        teacher_weights: Sequence[float] | None = None,
        teacher_activation: Activation | None = None,
    ) -> TeacherCache:
        """Asks the teacher about all batches of a tf.data.Dataset, in inference mode, and returns the cache itself.

        A view that is there already is asked for again and replaced. The other arguments are those of `Distiller`;
        for `PredictionDistillation` teacher_activation is "numbers", and for multi-label logits "sigmoid_logits".
        Each new size of a batch costs a compilation.

        Raises:
            ValueError: a position or a view out of range, outputs of another shape than before, or too large for
                `dtype`.
        """
        models = list(teacher) if isinstance(teacher, Sequence) else [teacher]
        teachers = FixedTeachers(models, teacher_weights, teacher_activation, ())
        for (positions, views), (x, *_) in dataset:
            outputs = [ops.convert_to_tensor(model.predict_on_batch(_as_numpy(x))) for model in models]
            self._put(np.asarray(positions), np.asarray(views), teachers.together(outputs))
        return self

    def _put(self, positions: np.ndarray, views: np.ndarray, scores: Scores) -> None:
        for name, numbers, count in (("position", positions, self.examples), ("view", views, self.views)):
            if numbers.size and not 0 <= numbers.min() <= numbers.max() < count:
                raise ValueError(
                    f"the cache has {count} {name}s, and a batch {name} {numbers.max()} or {numbers.min()}"
                )
        # Logits of any size become log-probabilities, which half precision holds well.
        values = ops.log_softmax(scores.values) if scores.kind == "softmax" else scores.values
        exact = ops.convert_to_numpy(values)
        if (largest := np.abs(exact).max(initial=0)) > np.finfo(self.dtype).max:
            raise ValueError(f"the teacher says {largest:g}, which {self.dtype} cannot hold: give dtype='float32'")
        found = exact.astype(self.dtype)
        if self.table is None:
            self.kind = scores.kind
            self.table = np.zeros((self.examples, self.views, *found.shape[1:]), self.dtype)
        if (self.kind, self.table.shape[2:]) != (scores.kind, found.shape[1:]):
            raise ValueError(f"the cache holds {self.kind} {self.table.shape[2:]}, not {scores.kind} {found.shape[1:]}")
        self.table[positions, views] = found
        self.filled[positions, views] = True

    def average(self) -> TeacherCache:
        """A new cache of one answer for each example: the mean of the teacher's predictions over its views.

        It is the answer of test-time views, and answers for any view of the example, one that the teacher has not seen
        too. Views that are not filled do not count.

        Raises:
            ValueError: the cache is empty.
        """
        table = self._filled_table().astype("float32")
        there = self.filled.reshape(*self.filled.shape, *[1] * (table.ndim - 2))
        if self.kind == "softmax":
            mean = _log_mean(table, there)
        elif self.kind == "numbers":
            mean = np.where(there, table, 0).sum(1, keepdims=True) / np.maximum(there.sum(1, keepdims=True), 1)
        else:  # log-odds of the mean: from the means of p and of 1 - p
            yes, no = (_log_mean(-np.logaddexp(0, sign * table), there) for sign in (-1, 1))
            mean = yes - no
        found = TeacherCache(self.examples, 1, self.dtype)
        found.table, found.kind, found.is_average = mean.astype(self.dtype), self.kind, True
        found.filled[:, 0] = self.filled.any(axis=1)
        return found

    def attach(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """Batches for `Distiller.fit`, of ({"inputs": x, "teacher_scores": scores}, y, ...).

        The table is copied here: what is filled in later is not seen. A view that the cache does not hold ends the
        training with tf.errors.InvalidArgumentError, which names it.

        Raises:
            ValueError: the cache is empty.
        """
        table, filled = tf.constant(self._filled_table()), tf.constant(self.filled)

        def with_scores(key: Any, batch: tuple[Any, ...]) -> tuple[Any, ...]:
            (positions, views), (x, *rest) = key, batch
            where = tf.stack([positions, tf.zeros_like(views) if self.is_average else views], axis=-1)
            message = "the cache does not hold every (position, view) of the batch; it needs fill() with the same views"
            with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(tf.gather_nd(filled, where)), [message])]):
                return ({INPUTS: x, TEACHER_SCORES: tf.gather_nd(table, where)}, *rest)

        return dataset.map(with_scores, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Writes the table as an .npz file, for other students and other runs with the same views.

        Raises FileExistsError unless `overwrite`, and ValueError for an empty cache.
        """
        path = Path(filepath)
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} exists: overwrite=True replaces it")
        written = path.with_name(f".{path.name}.partial")
        with open(written, "wb") as file:
            kind, is_average = np.array(self.kind), np.array(self.is_average)
            np.savez(file, table=self._filled_table(), filled=self.filled, kind=kind, is_average=is_average)
        os.replace(written, path)

    @classmethod
    def load(cls, filepath: str | os.PathLike[str]) -> TeacherCache:
        """The cache that `save` wrote."""
        with np.load(filepath, allow_pickle=False) as stored:
            table, filled, kind = stored["table"], stored["filled"], str(stored["kind"])
            is_average = "is_average" in stored and bool(stored["is_average"])  # not in files of kspec 0.3
        cache = cls(filled.shape[0], filled.shape[1], table.dtype.name)
        cache.table, cache.filled, cache.kind = table, filled, cast("Kind", kind)
        cache.is_average = is_average
        return cache

    def _filled_table(self) -> np.ndarray:
        if self.table is None:
            raise ValueError("the cache is empty: fill() it first")
        return self.table


def _log_mean(logs: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The logarithm of the mean over the views that are there; 0 where none is."""
    count = there.sum(axis=1, keepdims=True)
    total = np.logaddexp.reduce(np.where(there, logs, -np.inf), axis=1, keepdims=True)
    return np.where(count > 0, total - np.log(np.maximum(count, 1)), 0.0)


def _as_numpy(x: Any) -> Any:
    """What every backend of Keras takes."""
    return tf.nest.map_structure(lambda tensor: tensor.numpy(), x)
