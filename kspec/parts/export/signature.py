"""What a model reads, by name, as the exported file will read it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kspec.parts.export.table import ExportError

Arrays = Mapping[str, np.ndarray]


def network_of(model: keras.Model) -> tuple[keras.Model, Callable[[Any], Any], str]:
    """The part of a model that a file can hold, what prepares features for it, and what that leaves out, in words.

    A KerasHub task tokenizes or resizes in tf.data, outside of its graph: its file begins with the token ids, or with
    the images as its preprocessor makes them.
    """
    if not (hasattr(model, "backbone") and hasattr(model, "preprocess_samples")):
        return model, lambda x: x, ""
    network = keras.Model(model.input, model.output, name=model.name)
    if model.preprocessor is None:
        return network, lambda x: x, ""
    is_text = getattr(model.preprocessor, "tokenizer", None) is not None
    said = "reads token ids" if is_text else "reads images as the model's preprocessor makes them"
    said += f": {type(model.preprocessor).__name__} stays outside"
    return network, lambda x: _prepared(model, x), said


def _prepared(task: Any, x: Any) -> Any:
    """Features as the task's preprocessor makes them: arrays by the names of the inputs."""
    if isinstance(x, Mapping):  # prepared before
        return x
    values = tf.constant(list(x)) if np.asarray(x).dtype.kind in "OU" else tf.convert_to_tensor(x)
    made = task.preprocess_samples(values)
    return {name: one.numpy() for name, one in made.items()} if isinstance(made, Mapping) else made.numpy()


def per_input(network: keras.Model, given: Any, what: str) -> Any:
    """Features of several inputs in a tuple, of one as they are: a list of examples, or the one array in a list.

    Raises:
        ExportError: a dataset. what: its argument.
    """
    if isinstance(given, tf.data.Dataset):
        raise ExportError(f"{what}: give arrays, not a tf.data.Dataset, such as x of `x, y = next(iter(dataset))`")
    if not isinstance(given, list | tuple) or not given:
        return given
    inputs = list(inputs_of(network).values())
    if len(inputs) > 1 and not isinstance(given[0], str | bytes):
        return tuple(given)
    is_whole = len(given) == 1 and len(getattr(given[0], "shape", ())) == len(inputs[0].shape)
    return given[0] if is_whole else list(given)


def named(network: keras.Model, features: Any) -> dict[str, np.ndarray]:
    """The features by the names of the network's inputs, in the types that it reads.

    Raises:
        ExportError: another number of arrays than of inputs, or other names.
    """
    inputs = inputs_of(network)
    if isinstance(features, Mapping):
        given = dict(features)
    elif isinstance(features, list | tuple) and len(inputs) > 1:
        given = dict(zip(inputs, features, strict=False))
    else:
        given = {next(iter(inputs)): features}
    if set(given) != set(inputs):
        raise ExportError(f"the model reads {', '.join(inputs)}; the examples hold {', '.join(map(str, given))}")
    return {name: _typed(given[name], inputs[name]) for name in inputs}


def _typed(values: Any, wanted: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim == len(wanted.shape) - 1:  # Keras adds the last axis of a table's columns too
        array = array[..., np.newaxis]
    return array if wanted.dtype == "string" else array.astype(wanted.dtype)


def inputs_of(network: keras.Model) -> dict[str, Any]:
    """Name -> Keras tensor of each input.

    Raises:
        ExportError: a subclassed model, whose inputs have no names.
    """
    tensors = getattr(network, "inputs", None)
    if not tensors:
        raise ExportError(
            f"the model '{network.name}' has no inputs of its own: wrap it in a functional one, "
            "keras.Model(inputs, model(inputs))"
        )
    if isinstance(structure := getattr(network, "_inputs_struct", tensors), Mapping):
        return dict(structure)
    return {tensor.name: tensor for tensor in tensors}


VALID = re.compile("[A-Za-z][A-Za-z0-9_]*")
"""Of a name: what TensorFlow keeps as the name of an argument, with which every file begins."""


def file_names(names: Iterable[str]) -> dict[str, str]:
    """The name of each input in the model -> its name in the file: `petal length (cm)` -> `petal_length_cm`.

    A name stays where TensorFlow takes it as that of an argument, and differs from the others in more than upper and
    lower case. The result is the same for any order of the names.
    """
    rest = sorted(names)
    made: dict[str, str] = {}
    taken: set[str] = set()
    for name in filter(_is_argument, list(rest)):
        if name.lower() not in taken:
            made[name] = name
            taken.add(name.lower())
    for name in (one for one in rest if one not in made):
        made[name] = unlike(_as_argument(name), taken)
        taken.add(made[name].lower())
    return made


def _is_argument(name: str) -> bool:
    # `self` is an argument of TensorFlow's own function that calls the model.
    return VALID.fullmatch(name) is not None and not keyword.iskeyword(name) and name != "self"


def _as_argument(name: str) -> str:
    plain = re.sub("[^A-Za-z0-9]+", "_", name).strip("_")
    return plain if _is_argument(plain) else f"input_{plain}".rstrip("_")


def unlike(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken. taken: in lower case."""
    numbered = (f"{name}_{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbered) if one.lower() not in taken)


def parts(arrays: Arrays, size: int) -> Iterator[dict[str, np.ndarray]]:
    """The arrays in batches of `size` examples."""
    count = len(next(iter(arrays.values())))
    for start in range(0, count, size):
        yield {name: values[start : start + size] for name, values in arrays.items()}


def predictions(network: keras.Model, arrays: Arrays, size: int = 64) -> np.ndarray:
    """What Keras predicts for the examples, float32 (n, ...).

    Raises:
        ExportError: a model with several outputs.
    """
    rows = [_output(network, batch) for batch in parts(arrays, size)]
    return np.concatenate(rows).astype(np.float32)


def _output(network: keras.Model, batch: Arrays) -> np.ndarray:
    structure = getattr(network, "_inputs_struct", None)
    tensors = {name: tf.constant(values) for name, values in batch.items()}
    x: Any = tensors if isinstance(structure, Mapping) else list(tensors.values())
    made = network(x[0] if isinstance(x, list) and len(x) == 1 else x, training=False)
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(only_output(network, made), "float32")))


def only_output(network: keras.Model, made: Any) -> Any:
    """The tensor that a network gives, alone, in a list or in a dict.

    Raises:
        ExportError: it gives several.
    """
    tensors = keras.tree.flatten(made)
    if len(tensors) != 1:
        raise ExportError(f"the model '{network.name}' has {len(tensors)} outputs; models with one are exported")
    return tensors[0]


@contextmanager
def in_float32(network: keras.Model) -> Iterator[None]:
    """In this block a network of mixed precision computes in float32, in which its weights are kept anyway.

    Files hold float32: other runtimes choose a lower precision by themselves, and know few operations in bfloat16.
    """
    kept = []
    for layer in network._flatten_layers():
        policy = layer.dtype_policy
        if getattr(policy, "quantization_mode", None) is None and policy.compute_dtype in ("bfloat16", "float16"):
            kept.append((layer, policy))
            layer.dtype_policy = keras.DTypePolicy("float32")
    try:
        yield
    finally:
        for layer, policy in kept:
            layer.dtype_policy = policy


def has_loop(network: keras.Model) -> bool:
    """Whether a layer runs a loop over time: LSTM, GRU and others."""
    return any(isinstance(layer, keras.layers.RNN) for layer in network._flatten_layers())


def texts_inside(network: keras.Model) -> list[str]:
    """Layers that need strings or look-up tables, which only TensorFlow has."""
    kinds = (
        keras.layers.TextVectorization,
        keras.layers.StringLookup,
        keras.layers.IntegerLookup,
        keras.layers.Hashing,
    )
    return [layer.name for layer in network._flatten_layers() if isinstance(layer, kinds)]
