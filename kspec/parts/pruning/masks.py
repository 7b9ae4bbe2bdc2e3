"""Which weights stay: TF-MOT's three rules on NumPy arrays. A mask holds 1 for a weight that stays and 0 for another.

NumPy, and not the backend, so that every backend gets the same bits: a sum or a power differs between them in the last
digit. The k-th largest magnitude comes from a partition, which takes a twentieth of the time of TF-MOT's full sort.

Source: `pruning_impl` and `pruning_utils` in `tensorflow_model_optimization.python.core.sparsity.keras`, version 0.8.1,
whose masks these are bit for bit; tests/parts/pruning/test_same_as_tfmot.py holds them together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

Array = Any  # a NumPy array, of any dtype, bfloat16 too


def kept(size: int, sparsity: float | np.floating) -> int:
    """How many of `size` weights stay: at least one. In float32 with ties to even, as TF-MOT rounds."""
    share = np.float32(1) - np.float32(sparsity)
    return max(int(np.round(np.float32(size) * share)), 1)


def magnitude_mask(weights: Array, sparsity: float | np.floating) -> Array:
    """The mask of the `kept` largest magnitudes, in the shape and dtype of the weights.

    Weights that tie with the smallest of them stay too: then fewer are pruned than the sparsity asks for.
    """
    magnitudes = np.abs(weights)
    k = kept(weights.size, sparsity)
    if _has_nan(magnitudes):
        values, indices = (ops.convert_to_numpy(one) for one in ops.top_k(magnitudes.reshape(-1), weights.size))
        # NaN is not even as large as itself, so the k-th weight is named.
        named = (np.arange(weights.size) == indices[k - 1]).reshape(weights.shape)
        with np.errstate(invalid="ignore"):
            return ((magnitudes >= values[k - 1]) | named).astype(weights.dtype)
    return (magnitudes >= _largest(magnitudes, k)).astype(weights.dtype)


def block_mask(
    weights: Array, sparsity: float | np.floating, block_size: Sequence[int], block_pooling_type: str
) -> Array:
    """The mask of a matrix whose blocks of `block_size` (rows, columns) stay or go together.

    The magnitude of a block is the mean ("AVG") or the largest ("MAX") magnitude in it. Where a block size does not
    divide a length, TF-MOT pools over windows that begin half of what is missing before the first row (TensorFlow's
    padding "SAME"), but lays the blocks of the mask out from the first row on: blocks and windows are then shifted
    against each other. So it is here.
    """
    pooled = np.abs(weights)
    for axis, length in enumerate(block_size):
        pooled = _pooled(pooled, length, axis, block_pooling_type)
    mask = magnitude_mask(pooled, sparsity)
    for axis, length in enumerate(block_size):
        mask = np.repeat(mask, length, axis)
    return mask[: weights.shape[0], : weights.shape[1]]


def m_by_n_mask(weights: Array, m_by_n: Sequence[int]) -> Array:
    """The mask that has m zeros among every n consecutive weights along the input channels, e.g. (2, 4).

    weights: a matrix (inputs, outputs) or a kernel (height, width, inputs, outputs). Where n does not divide the
    inputs, zeros are added behind them, which are the first to be pruned: 3 inputs keep two weights with (2, 4).
    """
    zeros, length = m_by_n
    last = np.moveaxis(weights, -2, -1)
    rows = np.abs(last.reshape(-1, weights.shape[-2]))
    missing = -weights.shape[-2] % length
    blocks = np.pad(rows, ((0, 0), (0, missing))).reshape(-1, length)
    if _has_nan(blocks):
        largest = ops.convert_to_numpy(ops.top_k(blocks, length - zeros, sorted=False)[1])
    else:
        largest = np.argsort(-blocks, axis=-1, kind="stable")[:, : length - zeros]
    mask = np.zeros(blocks.shape, weights.dtype)
    np.put_along_axis(mask, largest, 1, axis=-1)
    whole = mask.reshape(rows.shape[0], -1)[:, : weights.shape[-2]]
    return np.moveaxis(whole.reshape(last.shape), -1, -2)


def _has_nan(magnitudes: Array) -> bool:
    # The sum is NaN if one is; it may be infinite where none is.
    with np.errstate(over="ignore"):
        return math.isnan(float(magnitudes.sum(dtype=np.float64)))


def _largest(magnitudes: Array, k: int) -> Any:
    """The k-th largest value."""
    flat = magnitudes.reshape(-1)
    comparable = flat if flat.dtype.kind == "f" else flat.astype(np.float32)  # bfloat16
    value = np.partition(comparable, flat.size - k)[flat.size - k]
    return flat.dtype.type(value)


def _pooled(magnitudes: Array, length: int, axis: int, block_pooling_type: str) -> Array:
    """The mean or the largest of each window of `length` along an axis, with TensorFlow's padding "SAME"."""
    size = magnitudes.shape[axis]
    count = -(-size // length)
    missing = count * length - size
    edges = [(0, 0), (0, 0)]
    edges[axis] = (missing // 2, missing - missing // 2)
    padded = np.pad(magnitudes, edges)  # magnitudes are not negative, so a zero is never the largest
    windows = [np.take(padded, range(start, count * length, length), axis) for start in range(length)]
    pooled = windows[0]
    for window in windows[1:]:  # one after the other: float sums depend on the order
        pooled = np.maximum(pooled, window) if block_pooling_type == "MAX" else pooled + window
    if block_pooling_type == "MAX":
        return pooled
    inside = np.take(np.pad(np.ones(size, magnitudes.dtype), edges[axis]), range(count * length)).reshape(count, length)
    return pooled / np.expand_dims(inside.sum(axis=1), 1 - axis)
