"""On what a component is tried: the arguments it cannot do without, and small inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shapes = tuple[tuple[int, ...], ...]

SHAPES: dict[str, Shapes] = {
    "layer": ((8,),),
    "augmentation": ((8, 8, 3),),
    "model": ((8, 8, 1),),
    "loss": ((3,), (3,)),
    "metric": ((3,), (3,)),
    "activation": ((4,),),
    "regularizer": ((4,),),
    "constraint": ((4,),),
    "initializer": ((4,),),
    "optimizer": ((4,),),
    "callback": ((4,),),
}
"""Kind -> the shapes of the inputs of one example, for an `Example` that names none."""
BATCH = 4
"""Examples of a batch."""


@dataclass(frozen=True)
class Example:
    """How a component is built and on what it is tried.

    arguments: as a spec would give them; all that have no default.
    shapes: of the inputs, one example of each, without the batch: a layer of two inputs has two. () stands for the
        usual one of the kind (`SHAPES`): a vector for layers, images for augmentations and model families. Of losses
        and metrics, labels and predictions. Of regularizers, constraints and initializers, the weight is (4, *shape).
    values: the inputs themselves, in place of random numbers of these shapes: arrays with the batch in front.
    vocabulary_size: for a model family that reads token ids.
    optimizer: for a callback that needs a certain one, as a spec would name it: {"SGD": {"use_ema": True}}.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    shapes: Sequence[tuple[int, ...]] = ()
    values: Sequence[Any] = ()
    vocabulary_size: int | None = None
    optimizer: Any = "SGD"

    def inputs(self, kind: str) -> list[Any]:
        """The inputs: arrays (4, *shape). Numbers lie in (0, 1), images in (0, 255), and labels are one-hot classes."""
        if self.values:
            return [np.asarray(one) for one in self.values]
        rng = np.random.default_rng(0)
        shapes = self.shapes or SHAPES[kind]
        if kind in ("loss", "metric"):
            return [_one_hot(shapes[0]), _shares(rng.uniform(0.1, 1.0, (BATCH, *shapes[-1])))]
        if self.vocabulary_size is not None:
            return [rng.integers(0, self.vocabulary_size, (BATCH, *shape)).astype("int32") for shape in shapes]
        scale = 255.0 if kind in ("augmentation", "model") else 1.0
        return [(scale * rng.uniform(0.01, 0.99, (BATCH, *shape))).astype("float32") for shape in shapes]


def _one_hot(shape: tuple[int, ...]) -> Any:
    """Labels (4, *shape): class 0, 1, 2, ... of the last axis in turn."""
    classes = np.arange(BATCH * int(np.prod(shape[:-1], dtype=int))) % shape[-1]
    return np.eye(shape[-1], dtype="float32")[classes].reshape(BATCH, *shape)


def _shares(values: Any) -> Any:
    """Probabilities over the last axis."""
    return (values / values.sum(axis=-1, keepdims=True)).astype("float32")
