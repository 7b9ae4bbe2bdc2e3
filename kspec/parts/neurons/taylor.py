"""The Taylor criterion: what removing a channel would do to the loss, to first order.

Source: Molchanov et al., "Importance Estimation for Neural Network Pruning", CVPR 2019, arXiv:1906.10771, equation 8.
The removal of a channel is, exactly, zero in all weights w that read it. So its gate's gradient is the sum of w * dL/dw
over those weights; it is squared for each batch, as there, and averaged.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from kspec.parts.neurons.batches import arguments
from kspec.parts.neurons.groups import Group
from kspec.parts.neurons.rebuild import copied
from kspec.parts.neurons.recalibrate import without_noise
from kspec.parts.neurons.structure import Structure


def taylor(
    structure: Structure, groups: tuple[Group, ...], data: Any, loss: Any, batch_size: int
) -> list[NDArray[np.float64]]:
    """The scores of all groups, from one pass over the data.

    The gradients are those of a copy of the model, in inference mode: no dropout, and the moving statistics of batch
    norm. Works on every backend: an optimizer reads the gradients and changes no weight.
    """
    copy, twins = copied(structure)
    quieten(copy)
    readers = _readers(structure, groups, twins)
    count = sum(len(group.classes) for group in groups)
    watcher = _GateGradients(readers, count)
    copy.compile(
        optimizer=watcher,
        **objective(structure.model, loss),
        # Compiling takes longer than the pass where the backend can do without.
        jit_compile=keras.backend.backend() == "jax",
        auto_scale_loss=False,
    )
    with without_noise(copy):
        fit(copy, data, batch_size)
    batches = max(float(ops.convert_to_numpy(watcher.batches)), 1.0)
    total = np.asarray(ops.convert_to_numpy(watcher.squares), np.float64) / batches
    return np.split(total, np.cumsum([len(group.classes) for group in groups])[:-1])


def objective(model: Any, loss: Any) -> dict[str, Any]:
    """The arguments of `compile` for a loss: without one those that the model was compiled with, `loss_weights` too.

    Raises ValueError if there is neither.
    """
    if loss is not None:
        return {"loss": loss}
    if getattr(model, "loss", None) is None:
        raise ValueError(f"the model '{model.name}' has no loss to measure: compile the model, or pass `loss`")
    return {"loss": model.loss, "loss_weights": model._compile_loss._user_loss_weights}


def fit(model: Any, data: Any, batch_size: int) -> None:
    """One silent pass over (x, y) arrays, or what else `fit` takes, in its order."""
    with warnings.catch_warnings():
        # Of a generator, whose length Keras does not know, it says so at the end of the only pass.
        warnings.filterwarnings("ignore", "Your input ran out of data", UserWarning)
        model.fit(**arguments(data, batch_size), epochs=1, shuffle=False, verbose=0)


def quieten(model: Any) -> None:
    """Makes every weight trainable, and batch norm use its moving statistics in training too."""
    for layer in model._flatten_layers():  # a flag of the whole that is True already reaches no layer within
        # What is not trainable, Keras normalises with the moving statistics.
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)


@dataclass(frozen=True, eq=False)
class _Reader:
    """A weight of the copy that reads channels: classes[i] is the number of the class at index i of the axis.

    What belongs to no class of these groups has the number after the last. An object, as an optimizer takes variables
    in a list or tuple for its own.
    """

    variable: Any
    axis: int
    classes: NDArray[np.int64]


def _readers(structure: Structure, groups: tuple[Group, ...], twins: dict[int, Any]) -> list[_Reader]:
    order = np.concatenate([group.classes for group in groups])
    numbers = dict(zip(order.tolist(), range(len(order)), strict=True))
    found = []
    for slot in structure.slots:
        if slot.role == "in":
            roots = structure.channels.roots(slot.tokens).tolist()
            index = np.array([numbers[root] if root in numbers else len(order) for root in roots], np.int64)
            if (index < len(order)).any():
                found.append(_Reader(twins[id(slot.variable)], slot.axis, index))
    return found


class _GateGradients(keras.optimizers.Optimizer):
    """Changes no weight; sums the squares of the gates' gradients in `squares`, and counts `batches`."""

    def __init__(self, readers: list[_Reader], count: int) -> None:
        super().__init__(learning_rate=0.0, name="gate_gradients")
        self._readers, self._count = readers, count

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self._position = {id(variable): number for number, variable in enumerate(variables)}
        self.squares = self.add_variable((self._count,), dtype="float32", name="squares")
        self.batches = self.add_variable((), dtype="float32", name="batches")

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Adds the gates of one batch."""
        if not self.built:
            self.build(trainable_variables)
        gates = ops.zeros((self._count + 1,), "float32")
        for reader in self._readers:
            gradient = grads[self._position[id(reader.variable)]]
            if gradient is None:
                continue
            product = ops.cast(ops.convert_to_tensor(reader.variable), "float32") * ops.cast(gradient, "float32")
            others = [axis for axis in range(len(product.shape)) if axis != reader.axis]
            sums = ops.sum(product, axis=others)
            gates = gates + ops.segment_sum(sums, reader.classes, num_segments=self._count + 1)
        self.squares.assign(self.squares + ops.square(gates[: self._count]))
        self.batches.assign(self.batches + 1.0)
