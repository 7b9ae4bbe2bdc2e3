"""Multiply-accumulate operations (MACs) of a prediction, counted in the graph of the forward pass.

What counts are the products of convolutions, matrix products and einsum: of Conv, DepthwiseConv, SeparableConv and
transposed convolutions, Dense, EinsumDense, every kind of attention and of recurrent layers. Additions, normalisation,
activations, pooling and look-ups in embeddings do not, as is usual in papers. One MAC is two FLOPs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kspec.check.graph import CALLS, LOOPS, body, iterations, needed, owner, size


@dataclass
class Macs:
    """by_layer: MACs an example, by the path of the layer. uncounted: layers and operations that could not be."""

    by_layer: Counter[str] = field(default_factory=Counter)
    uncounted: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """MACs of one example."""
        return sum(self.by_layer.values())


def count(graph: Any, paths: frozenset[str]) -> Macs:
    """The MACs in the graph of a prediction for one example.

    paths: of all layers of the model; see kspec.check.graph.owner.
    """
    found = Macs()
    for operation in needed(graph):
        _add(found, operation, owner(operation.name, paths), 1)
    return found


def _add(found: Macs, operation: Any, layer: str, times: int) -> None:
    kind = operation.type
    if kind in CALLS:
        for inner in needed(body(operation, "f")):
            _add(found, inner, layer, times)
    elif kind in LOOPS:
        _add_loop(found, operation, layer, times)
    elif kind in RULES:
        amount = RULES[kind](operation) if _known(operation) else None
        if amount is None:
            found.uncounted.add(f"{layer or 'model'}: {kind} of unknown shape")
        else:
            found.by_layer[layer] += times * amount
    elif kind in WITHOUT_RULE:
        found.uncounted.add(f"{layer or 'model'}: {kind}")


def _add_loop(found: Macs, loop: Any, layer: str, times: int) -> None:
    inside = Macs()
    for inner in needed(body(loop, "body")):
        _add(inside, inner, layer, 1)
    often = iterations(loop)
    if often is None and (inside.total or inside.uncounted):
        found.uncounted.add(f"{layer or 'model'}: a loop of unknown length")
        return
    found.by_layer[layer] += times * (often or 0) * inside.total
    found.uncounted |= inside.uncounted


def _known(operation: Any) -> bool:
    return all(size(one) is not None for one in (*operation.inputs, *operation.outputs[:1]) if one.dtype.is_floating)


def _convolution(operation: Any) -> int:
    """Each output value sums over a window of the kernel (height, width, channels in a group, filters)."""
    kernel = operation.inputs[1].shape
    return int(math.prod(operation.outputs[0].shape) * math.prod(kernel[:-1]))


def _depthwise(operation: Any) -> int:
    """Each output value sums over a window of one channel; the kernel is (height, width, channels, multiplier)."""
    return int(math.prod(operation.outputs[0].shape) * math.prod(operation.inputs[1].shape[:-2]))


def _transposed(operation: Any) -> int:
    """Each input value is multiplied by a window of the kernel (height, width, filters, channels)."""
    kernel = operation.inputs[1].shape
    return int(math.prod(operation.inputs[2].shape) * math.prod(kernel[:-1]))


def _product(transposed: str) -> Callable[[Any], int]:
    def rule(operation: Any) -> int:
        inner = operation.inputs[0].shape[-2 if operation.get_attr(transposed) else -1]
        return int(math.prod(operation.outputs[0].shape) * inner)

    return rule


def _einsum(operation: Any) -> int | None:
    """The product of the lengths of all letters; a sum over one operand alone multiplies nothing."""
    terms = operation.get_attr("equation").decode().split("->")[0].split(",")
    if len(terms) < 2:
        return 0
    lengths: dict[str, int] = {}
    for term, tensor in zip(terms, operation.inputs, strict=True):
        before, dots, after = term.partition("...")
        shape, free = list(tensor.shape), len(tensor.shape) - len(before) - len(after)
        letters = [*before, *(f".{free - n}" for n in range(free if dots else 0)), *after]
        for letter, length in zip(letters, shape, strict=True):
            lengths[letter] = max(length, lengths[letter]) if letter in lengths else length
    return math.prod(lengths.values())


def _cudnn(operation: Any) -> int | None:
    """One layer, one direction: each step multiplies (inputs + units) by the gates' units."""
    gates = {b"lstm": 4, b"gru": 3, b"rnn_relu": 1, b"rnn_tanh": 1}[operation.get_attr("rnn_mode")]
    inputs, units = operation.inputs[0].shape, operation.inputs[1].shape[-1]
    if operation.get_attr("direction") != b"unidirectional":
        return None
    return int(inputs[0] * inputs[1] * gates * units * (inputs[2] + units))


RULES: Mapping[str, Callable[[Any], int | None]] = {
    **dict.fromkeys(("Conv2D", "Conv3D"), _convolution),
    "DepthwiseConv2dNative": _depthwise,
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2"), _transposed),
    "MatMul": _product("transpose_a"),
    **dict.fromkeys(("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _product("adj_x")),
    "Einsum": _einsum,
    **dict.fromkeys(("CudnnRNN", "CudnnRNNV2", "CudnnRNNV3"), _cudnn),
}
"""TensorFlow operation -> its MACs."""

WITHOUT_RULE = frozenset(
    (
        *("PyFunc", "EagerPyFunc", "If", "StatelessIf", "Case", "StatelessCase"),
        *("SparseTensorDenseMatMul", "SparseMatMul", "XlaConvV2", "XlaDotV2", "Cholesky", "MatrixSolve"),
        *("MatrixInverse", "Svd", "Qr", "FFT", "FFT2D", "IFFT", "IFFT2D", "RFFT", "RFFT2D", "IRFFT", "IRFFT2D"),
    )
)
"""Operations that multiply, or may, and are said rather than guessed."""
