"""`from_scratch` of the stage `train`: the same network with new initial values in all that trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from kspec.errors import Problem, SpecError

SEEDS = 2**31
"""Seeds of Keras' initializers are below it."""
EXPECTED = "a network that Keras can build from its configuration"
HINT = "`model` in the place of `from_scratch` builds the network that you name"


def renew(network: Any, seed: int, path: tuple[str | int, ...]) -> None:
    """Gives what trains the values that its own initializers draw, and batch norm that trains its first statistics.

    The rest stays: frozen layers, what layers have adapted to, vocabularies. The values come from a second network of
    the same configuration, since a variable does not remember its initializer.

    seed: of the values, also of initializers with a seed of their own, which would draw the old ones again.
    path: of the key in the spec.

    Raises:
        SpecError: the network cannot be built a second time.
    """
    keras.utils.set_random_seed(seed)
    fresh = _twin(network, seed, path).weights
    olds = network.weights
    if [(one.name, one.shape) for one in olds] != [(one.name, one.shape) for one in fresh]:
        raise _refusal(path, "its weights do not follow from its configuration")
    renewed = {id(variable) for variable in _renewed(network)}
    for old, new in zip(olds, fresh, strict=True):
        if id(old) in renewed:
            old.assign(new)


def _twin(network: Any, seed: int, path: tuple[str | int, ...]) -> Any:
    """A second network of the same configuration, with weights of its own."""
    try:
        config = _reseeded(keras.saving.serialize_keras_object(network), np.random.default_rng(seed))
        return keras.saving.deserialize_keras_object(config)
    except MemoryError:
        raise
    except Exception as error:  # each class has its own way to fail here
        raise _refusal(path, str(error).strip().partition("\n")[0] or type(error).__name__) from error


def _refusal(path: tuple[str | int, ...], reason: str) -> SpecError:
    message = f"the network before this stage cannot be built a second time: {reason}"
    return SpecError(Problem(path, message, EXPECTED, hint=HINT, on_key=True))


def _renewed(network: Any) -> Iterator[Any]:
    yield from network.trainable_weights
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            yield from layer.non_trainable_weights


def _reseeded(tree: Any, drawn: np.random.Generator) -> Any:
    """A configuration with a new seed in every initializer that has one; the others draw by Keras' global seed.

    Without what a model was compiled with, which a twin does not need.
    """
    if isinstance(tree, Mapping):
        found = {key: _reseeded(value, drawn) for key, value in tree.items() if key != "compile_config"}
        if _is_initializer(found) and found["config"].get("seed") is not None:
            found["config"]["seed"] = int(drawn.integers(SEEDS))
        return found
    return type(tree)(_reseeded(one, drawn) for one in tree) if isinstance(tree, (list, tuple)) else tree


def _is_initializer(tree: Mapping[str, Any]) -> bool:
    """Whether a mapping is an initializer as Keras writes it."""
    if not isinstance(tree.get("config"), Mapping):
        return False
    known = keras.saving.get_registered_object(str(tree.get("registered_name")))
    is_own = isinstance(known, type) and issubclass(known, keras.initializers.Initializer)
    return is_own or tree.get("module") == "keras.initializers"
