"""The fullest moment of a training step, read off its graph: which tensors live at the same time.

The operations are gone through in the order in which they were traced. A tensor lives from the operation that makes it
to the last one that reads it; an operation that works in place takes over the buffer of an input that nobody reads
after it. Left out: what the libraries below TensorFlow use for themselves (oneDNN and cuDNN workspaces, reordered
kernels), freed memory that the allocator keeps, and the process's own few hundred megabytes.

Against reality: gradients and activations of the estimate, and how much the peak of the resident set grew in `fit`
after a first step of one example (Linux, TensorFlow 2.21 on a CPU with 2 cores, without XLA, Adam, one run each, MiB).

| network                                   | batch | number format | estimate | measured | measured / estimate |
|-------------------------------------------|-------|---------------|----------|----------|---------------------|
| MLP 1000-4000-4000-4000-4000-10           | 8,192 | float32       | 824      | 877      | 1.06                |
| CNN 64/128/256 on 64x64 images            | 128   | float32       | 835      | 811      | 0.97                |
| the same                                  | 128   | bfloat16      | 312      | 406      | 1.30                |
| ResNet-20 on 32x32 images                 | 256   | float32       | 566      | 463      | 0.82                |
| the same                                  | 256   | bfloat16      | 196      | 259      | 1.32                |
| bidirectional LSTM of 64 over 200 tokens  | 128   | float32       | 146      | 255      | 1.75                |
| ResNet50 on 224x224 images                | 16    | float32       | 1,367    | 1,863    | 1.36                |

tests/check/test_peak.py measures a CNN and an MLP again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kspec.check import graph as graphs
from kspec.check.memory import Estimate, between

ALIASES = frozenset(
    (
        *("Identity", "IdentityN", "Reshape", "Squeeze", "ExpandDims", "StopGradient", "PreventGradient", "Bitcast"),
        *("ReadVariableOp", "Placeholder", "Const", "CheckNumerics", "EnsureShape", "Snapshot"),
    )
)
"""Operations that give out a buffer that is there already."""
IN_PLACE = frozenset(
    (
        *("Add", "AddV2", "AddN", "Sub", "Mul", "RealDiv", "DivNoNan", "Maximum", "Minimum", "Square", "Neg", "Rsqrt"),
        *("BiasAdd", "Relu", "ReluGrad", "Relu6", "Relu6Grad", "Elu", "Selu", "Tanh", "Sigmoid", "Softplus", "Erf"),
        *("Sqrt", "Exp", "Log", "Pow", "Softmax", "SelectV2", "TanhGrad", "SigmoidGrad", "SoftplusGrad", "ZerosLike"),
    )
)
"""Operations that can write over an input of the same size (TensorFlow's buffer forwarding)."""

KEPT = {"TensorListPushBack": 1, "TensorListSetItem": 2}
"""Operation that puts a tensor into a list -> which of its inputs that is."""


def estimate(model: Any, specs: tuple[Any, ...], examples: int) -> Estimate:
    """The memory of a training step of a compiled model.

    specs: tf.TensorSpec of (x, y) batches. examples: the batch; a second one of twice its size gives the part for each.
    """
    points = [(n, _peak(graphs.training_step(model, graphs.of_size(specs, n)))) for n in (examples, 2 * examples)]
    optimizer = sum(_bytes_of(variable) for variable in model.optimizer.variables)
    found = between(sum(_bytes_of(weight) for weight in model.weights), optimizer, *points)
    # At the fullest moment, early in the backward pass, few gradients are there yet; before the update all of them are.
    gradients = sum(_bytes_of(weight) for weight in model.trainable_weights)
    return replace(found, gradients=max(found.gradients, gradients))


def _bytes_of(variable: Any) -> int:
    return int(variable.value.dtype.size * _elements(variable.value))


def _elements(tensor: Any) -> int:
    return graphs.size(tensor) or 0


def _peak(graph: Any) -> int:
    operations = list(graphs.needed(graph))
    last = {one.ref(): number for number, operation in enumerate(operations) for one in operation.inputs}
    buffer: dict[Any, int] = {}  # tensor -> the number of its buffer
    sizes: dict[int, int] = {}
    free_at: dict[int, int] = {}  # buffer -> the last operation that reads it
    held = highest = 0
    ends: dict[int, list[int]] = {}
    for number, operation in enumerate(operations):
        for output in operation.outputs:
            key = output.ref()
            until = last.get(key, number)
            shared = _shared(operation, output, number, buffer, sizes, free_at)
            if shared is None:
                shared = len(sizes)
                sizes[shared] = _bytes(operation, output)
                free_at[shared] = until
                held += sizes[shared]
            free_at[shared] = max(free_at[shared], until)
            buffer[key] = shared
            ends.setdefault(until, []).append(shared)
        highest = max(highest, held)
        for done in set(ends.pop(number, ())):
            if free_at[done] == number:
                held -= sizes[done]
    return highest


def _shared(
    operation: Any, output: Any, number: int, buffer: dict[Any, int], sizes: dict[int, int], free_at: dict[int, int]
) -> int | None:
    """The buffer of an input that the output takes over; None where it needs one of its own."""
    if not operation.inputs:
        return None
    inputs = [buffer[one.ref()] for one in operation.inputs if one.ref() in buffer]
    if operation.type in ALIASES:
        return inputs[0] if inputs else None
    if operation.type in IN_PLACE:
        wanted = _bytes(operation, output)
        return next((one for one in inputs if free_at[one] == number and sizes[one] == wanted and wanted), None)
    return None


def _bytes(operation: Any, output: Any) -> int:
    """The bytes of an output; of unknown shape, those of the largest input."""
    if output.dtype.name == "variant":
        return _kept_by_loop(operation, output)
    if operation.type in ALIASES or output.dtype.name in ("resource", "string"):
        return 0
    known = graphs.size(output)
    if known is None:
        known = max((_elements(one) for one in operation.inputs if one.dtype == output.dtype), default=0)
    return int(known * output.dtype.size)


def _kept_by_loop(operation: Any, output: Any) -> int:
    """What a loop keeps of each iteration: its outputs, and what it pushes to lists for the backward pass."""
    if operation.type not in graphs.LOOPS or "gradient_tape" in operation.name:
        return 0
    if output.value_index != max(one.value_index for one in operation.outputs if one.dtype.name == "variant"):
        return 0  # counted once, with the last list, which the backward pass reads
    inside = list(graphs.needed(graphs.body(operation, "body")))
    kept = [one.inputs[KEPT[one.type]] for one in inside if one.type in KEPT]
    # A weight that is pushed is the same buffer each time.
    each = sum(_elements(one) * one.dtype.size for one in kept if one.op.type != "ReadVariableOp")
    return int((graphs.iterations(operation) or 1) * each)
