"""A model as TensorFlow's graph: what a forward pass and a training step compute, without computing it.

Counting in the graph rather than layer by layer sees what really is multiplied, whatever class the layer has: attention
inside KerasHub's layers, models nested in models, a layer that is called twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
LOOPS = ("While", "StatelessWhile")
SHAPES = ("Shape", "ShapeN", "Size", "Rank", "VariableShape")
"""Operations that read no values."""


def batches(model: Any, dataset: Any) -> Any:
    """The dataset as the model's `train_step` gets it: a KerasHub task tokenizes or resizes first."""
    return dataset.map(model.preprocess_samples) if hasattr(model, "preprocess_samples") else dataset


def of_size(specs: Any, examples: int) -> Any:
    """Specs of a batch with this many examples."""
    return tf.nest.map_structure(lambda one: tf.TensorSpec((examples, *one.shape[1:]), one.dtype), specs)


def whole_specs(experiment: Any) -> Any:
    """The specs of the batches (x, y) that `train_step` gets; texts with all their tokens, as the longest are.

    In a batch, tokens are cut to its longest text, so that the pipeline itself does not know their length.
    """
    specs = batches(experiment.model, experiment.train).element_spec
    x = experiment.datasets.train.x
    if not isinstance(x, dict):
        return specs
    features = {
        name: tf.TensorSpec((one.shape[0], *np.shape(x[name])[1:]), one.dtype) for name, one in specs[0].items()
    }
    return (features, *specs[1:])


def forward(model: Any, features: Any) -> Any:
    """The graph of a prediction. features: tf.TensorSpec, or a structure of them, of a batch."""
    return tf.function(lambda x: model(x, training=False)).get_concrete_function(features).graph


def training_step(model: Any, specs: tuple[Any, ...]) -> Any:
    """The graph of one training step of a compiled model: forward, backward and update. specs: of (x, y) batches."""
    model.optimizer.build(model.trainable_variables)
    return tf.function(lambda *batch: model.train_step(batch)).get_concrete_function(*specs).graph


def body(operation: Any, key: str) -> Any:
    """The graph of a function that an operation calls: `f` of a call, `body` of a loop."""
    attribute = operation.get_attr(key)
    name = attribute.name if hasattr(attribute, "name") else attribute
    return operation.graph._get_function(name).graph


def iterations(loop: Any) -> int | None:
    """How often a loop runs, as far as the graph says: its limit, or the length of the sequence it reads."""
    limit = tf.get_static_value(loop.inputs[1])
    if limit is not None and limit >= 0:
        return int(limit)
    read = [one.op.inputs[0].shape for one in loop.inputs if one.op.type == "TensorListFromTensor"]
    lengths = [shape[0] for shape in read if shape.rank and shape[0] is not None]
    return max(lengths, default=None)


def size(tensor: Any) -> int | None:
    """The elements of a tensor; None where the graph does not know its shape."""
    return math.prod(tensor.shape) if tensor.shape.is_fully_defined() else None


def owner(name: str, paths: frozenset[str]) -> str:
    """The path of the layer that an operation belongs to, "" for the model itself.

    Keras names operations after the layers around them, with a number where the name was taken: `mlp_1/dense1_1/MatMul`
    belongs to `dense1`. paths: of all layers, as `layer_paths` gives them.
    """
    found = ""
    for part in name.split("/")[1:]:
        bare = part.rpartition("_")[0] if part.rpartition("_")[2].isdecimal() else part
        inner = [path for word in (part, bare) if (path := f"{found}/{word}".lstrip("/")) in paths]
        if not inner:
            break
        found = inner[0]
    return found


def needed(graph: Any) -> Iterator[Any]:
    """The operations that outputs and updates are computed from, in the order in which they were made.

    The others are never run. Keras traces some parts only to learn a shape, such as the first step of a recurrent layer
    before its loop; and TensorFlow's tape differentiates through frozen layers too.
    """
    wanted: set[Any] = set()
    queue = [*(one.op for one in graph.outputs), *graph.control_outputs]
    while queue:
        operation = queue.pop()
        if operation in wanted:
            continue
        wanted.add(operation)
        if operation.type not in SHAPES:
            queue += [one.op for one in operation.inputs]
        queue += operation.control_inputs
    return (one for one in graph.get_operations() if one in wanted)
