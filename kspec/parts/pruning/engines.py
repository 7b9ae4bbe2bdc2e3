"""What turns weights into masks at a step: TF-MOT's own engine, or the same rule for every backend."""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from kspec.parts.pruning import schedules
from kspec.parts.pruning.masks import block_mask, m_by_n_mask, magnitude_mask
from kspec.parts.pruning.schedules import Schedule

ENGINES = ("auto", "tfmot", "native")
HOW_TO_INSTALL = "pip install tensorflow-model-optimization setuptools"


@dataclass(frozen=True)
class Pattern:
    """The form of the zeros: single weights, blocks of a matrix, or m of every n.

    block_size: (rows, columns); (1, 1) is single weights. block_pooling_type: "AVG" or "MAX".
    sparsity_m_by_n: (m, n), or None.
    """

    block_size: tuple[int, int] = (1, 1)
    block_pooling_type: str = "AVG"
    sparsity_m_by_n: tuple[int, int] | None = None


class Engine(Protocol):
    """Gives the weights of a group new masks."""

    name: str

    def update(self, weights: Sequence[Any], masks: Sequence[Any], schedule: Schedule, step: int) -> None:
        """Assigns the masks of a step at which they are due.

        weights, masks: Keras variables, one mask for each weight. Several weights share one threshold.
        """


class NativeEngine:
    """TF-MOT's rule in NumPy, for every backend."""

    name = "native"

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern

    def update(self, weights: Sequence[Any], masks: Sequence[Any], schedule: Schedule, step: int) -> None:
        """Assigns the masks of a step."""
        arrays = [keras.ops.convert_to_numpy(weight) for weight in weights]
        sparsity = schedules.read(schedule, step)[1]
        if len(arrays) == 1:
            masks[0].assign(self.mask(arrays[0], sparsity))
            return
        whole = magnitude_mask(np.concatenate([one.reshape(-1).astype(np.float32) for one in arrays]), sparsity)
        for mask, part in zip(masks, split(whole, arrays), strict=True):
            mask.assign(part.astype(keras.backend.standardize_dtype(mask.dtype)))

    def mask(self, weights: Any, sparsity: Any) -> Any:
        """The mask of one weight."""
        pattern = self.pattern
        if pattern.sparsity_m_by_n:
            return m_by_n_mask(weights, pattern.sparsity_m_by_n)
        if pattern.block_size != (1, 1):
            return block_mask(weights, sparsity, pattern.block_size, pattern.block_pooling_type)
        return magnitude_mask(weights, sparsity)


class TfmotEngine:
    """`pruning_impl.Pruning` of TensorFlow Model Optimization on the TensorFlow variables of a Keras 3 model.

    Raises ImportError where TF-MOT is not installed, ValueError on another backend than TensorFlow.
    """

    name = "tfmot"

    def __init__(self, pattern: Pattern) -> None:
        if keras.backend.backend() != "tensorflow":
            raise ValueError(
                f"engine 'tfmot' needs the TensorFlow backend, not {keras.backend.backend()}: use 'native'"
            )
        self.pattern = pattern
        self._implementation, self._schedules = load()

    def update(self, weights: Sequence[Any], masks: Sequence[Any], schedule: Schedule, step: int) -> None:
        """Assigns the masks of a step."""
        import tensorflow as tf

        theirs = self._theirs(schedule)
        if len(weights) == 1:
            self._run(weights[0].value, masks[0].value, theirs, step)
            return
        flat = [tf.reshape(tf.cast(weight.value, tf.float32), [-1]) for weight in weights]
        whole = tf.Variable(tf.concat(flat, 0))
        mask = tf.Variable(tf.ones_like(whole))
        self._run(whole, mask, theirs, step)
        for own, part in zip(masks, split(mask.numpy(), weights), strict=True):
            own.assign(tf.cast(part, own.dtype))

    def _run(self, weight: Any, mask: Any, schedule: Schedule, step: int) -> None:
        import tensorflow as tf

        pattern = self.pattern
        threshold = tf.Variable(tf.zeros((), weight.dtype))
        counted = tf.constant(step, tf.int64)
        self._implementation.Pruning(
            lambda: counted,
            [(weight, mask, threshold)],
            schedule,
            pattern.block_size,
            pattern.block_pooling_type,
            pattern.sparsity_m_by_n,
        ).conditional_mask_update()

    def _theirs(self, schedule: Schedule) -> Schedule:
        """TF-MOT's own schedule of the same name and arguments; any other as it is."""
        if isinstance(schedule, schedules.ConstantSparsity | schedules.PolynomialDecay):
            theirs: Schedule = getattr(self._schedules, type(schedule).__name__)(**vars(schedule))
            return theirs
        return schedule


def make_engine(name: str, pattern: Pattern) -> Engine:
    """The engine of a name; `auto` is TF-MOT's own on TensorFlow where it is installed, and the native one elsewhere.

    Raises:
        ValueError: no such engine, or TF-MOT's on another backend.
        ImportError: TF-MOT's was asked for by name and is not installed.
    """
    if name not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {name!r}")
    if name == "auto":
        name = "tfmot" if keras.backend.backend() == "tensorflow" and is_installed() else "native"
    return TfmotEngine(pattern) if name == "tfmot" else NativeEngine(pattern)


def is_installed() -> bool:
    """Whether TF-MOT can be imported."""
    return importlib.util.find_spec("tensorflow_model_optimization") is not None


def load() -> tuple[Any, Any]:
    """TF-MOT's modules `pruning_impl` and `pruning_schedule`.

    Raises:
        ImportError: not installed; the message says how to install it.
    """
    try:
        with _same_environment(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it imports distutils, which setuptools brings
            from tensorflow_model_optimization.python.core.sparsity.keras import pruning_impl, pruning_schedule
    except ImportError as error:
        raise ImportError(f"engine 'tfmot' needs TensorFlow Model Optimization ({HOW_TO_INSTALL}): {error}") from error
    return pruning_impl, pruning_schedule


@contextmanager
def _same_environment() -> Iterator[None]:
    """TF-MOT's import sets TF_USE_LEGACY_KERAS, which would turn `tf.keras` of child processes into Keras 2."""
    before = os.environ.get("TF_USE_LEGACY_KERAS")
    # Resolved here, `tf.keras` stays Keras 3 in this process too.
    import tensorflow as tf

    _ = tf.keras.layers
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("TF_USE_LEGACY_KERAS", None)
        else:
            os.environ["TF_USE_LEGACY_KERAS"] = before


def split(whole: np.ndarray, shaped: Sequence[Any]) -> list[np.ndarray]:
    """A flat array cut into the shapes of these arrays or variables, in their order."""
    parts, start = [], 0
    for one in shaped:
        size = int(np.prod(one.shape))
        parts.append(whole[start : start + size].reshape(tuple(one.shape)))
        start += size
    return parts
