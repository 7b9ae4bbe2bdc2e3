"""Loading a model that kspec saved."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import Any

from kspec import catalog
from kspec.builders.archive import inspect, inspect_preset
from kspec.catalog.kinds import OWN
from kspec.errors import Problem, SpecError, UsageError

WITH_PREPROCESSOR = "with_preprocessor"
"""The name of a saved model that starts with what the data builder fitted on train."""

# Parts of saved models that a spec does not name, beside those in the catalogue.
UNNAMED = (
    "kspec.parts.activations",
    "kspec.parts.optimizers",
    "kspec.parts.standardize",
    "kspec.parts.layers.byte_inputs",
    "kspec.parts.layers.token_inputs",
    "kspec.parts.layers.truncate",
)


_trusted: ContextVar[bool] = ContextVar("trusted", default=False)

HOW_TO_TRUST = "if you trust its author, `--unsafe-model` on the command line loads it and lets its code run"


class RefusedModel(UsageError):
    """A model file that is not loaded. message, hint: its two parts, for a problem at a key of a spec."""

    def __init__(self, path: str | Path, message: str, hint: str) -> None:
        self.message, self.hint = message, hint
        super().__init__(f"{path}: the model is not loaded: {message}" + (f"\n       hint: {hint}" if hint else ""))


@contextmanager
def trusted(yes: bool = True) -> Iterator[None]:
    """In this block `load_model` runs code that stands in model files. For the command line; a spec cannot say it."""
    before = _trusted.set(yes)
    try:
        yield
    finally:
        _trusted.reset(before)


def load_model(path: str | Path, **arguments: Any) -> Any:
    """`keras.saving.load_model`, with the layers of kspec and of plug-ins known; a file that holds code is refused.

    Beyond what Keras' `safe_mode` looks at, every name in the file must be a part of a network of Keras, KerasHub,
    kspec, or registered with Keras by code that was imported before; see `kspec.builders.archive`.

    Args:
        path: a `.keras` file.
        arguments: of `keras.saving.load_model`, e.g. `compile=False`; `safe_mode=False` lets code in the file run.

    Raises:
        UsageError: no such file, no `.keras` file, or one that holds code, reads other files, unpacks to far more
            than it is, is none that Keras can load, or holds a class of a plug-in that is not here.

    Example:
        model = kspec.load_model("runs/quickstart/.../model.keras", compile=False)
    """
    import keras

    for module in (*UNNAMED, *(target.partition(":")[0] for names in OWN.values() for target in names.values())):
        import_module(module)
    catalog.load_installed()
    with_training = arguments.get("compile") is not False
    asked = {"safe_mode": not _trusted.get(), **arguments}
    found = inspect(Path(path))
    if found is not None and (asked["safe_mode"] or not found.is_code):
        if found.is_code and (missing := unknown_classes(Path(path), with_training=with_training)):
            raise RefusedModel(path, *_missing(missing))
        raise RefusedModel(path, found.message, HOW_TO_TRUST if found.is_code else "")
    with warnings.catch_warnings():
        # Said of every KerasHub task, even where `compile=False` asks for no optimizer.
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        try:
            model = keras.saving.load_model(path, **asked)
        except MemoryError:
            raise
        except Exception as error:  # Keras, h5py and json raise many types; all mean the same to the user
            if missing := unknown_classes(Path(path), with_training=with_training):
                raise RefusedModel(path, *_missing(missing)) from error
            raise RefusedModel(path, f"not a Keras model: {_reason(error)}", "") from error
    precise_head(model)
    return model


def unknown_classes(path: Path, *, with_training: bool) -> list[tuple[str, str]]:
    """The classes in a saved model that Keras cannot find, as (package, name): a plug-in is registered as a package.

    with_training: those of optimizer, loss and metrics too. [] where the file cannot be read.
    """
    import keras

    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        return []
    if not with_training and isinstance(config, dict):
        config = {key: value for key, value in config.items() if key != "compile_config"}
    named = {str(one["registered_name"]) for one in _objects(config) if ">" in str(one["registered_name"])}
    unknown = sorted(name for name in named if keras.saving.get_registered_object(name) is None)
    return [(package, name) for package, _, name in (one.partition(">") for one in unknown)]


def _objects(tree: Any) -> Iterator[Mapping[str, Any]]:
    """The serialised objects in the configuration of a model, wherever they stand."""
    if isinstance(tree, dict):
        if "registered_name" in tree and "class_name" in tree:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for one in tree:
            yield from _objects(one)


def _missing(classes: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Message and hint about classes that are not here."""
    listed = "; ".join(f"{name} of the plug-in or package '{package}'" for package, name in classes)
    hint = "--plugin FILE on the command line or kspec.load_plugin(FILE) in Python, or install its package"
    return f"it holds what is not here: {listed}", hint


def _reason(error: Exception) -> str:
    """The line of an error that says why; Keras' own about weights begins with how many objects were not loaded."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[1] if len(lines) > 1 and lines[0].startswith("A total of") else lines[0]


def refuse_preset(folder: Path, place: tuple[str | int, ...]) -> None:
    """Refuses the folder of a KerasHub preset that would run code or read other files, as `load_model` does a file.

    Raises:
        SpecError: at the place in the spec that names it.
    """
    found = inspect_preset(folder)
    if found is not None and not (found.is_code and _trusted.get()):
        hint = HOW_TO_TRUST if found.is_code else ""
        raise SpecError(Problem(place, f"the preset is not loaded: {found.message}", "", str(folder), hint))


def precise_head(model: Any) -> None:
    """Lets a KerasHub classifier put out float32: probabilities in bfloat16 have two digits.

    Its constructor gives the head the backbone's precision, and its file does not keep another.
    """
    import keras

    if hasattr(model, "backbone") and hasattr(model, "output_dense"):
        model.output_dense.dtype_policy = keras.DTypePolicy("float32")


def with_preprocessor(preprocessor: Any, network: Any) -> Any:
    """The preprocessor and the network as one model; the network alone where there is nothing to do before it.

    A KerasHub task stays alone too: it resizes or tokenizes what it is given, which a model around it would bypass.
    """
    import keras

    if preprocessor is None or hasattr(network, "backbone"):
        return network
    return keras.Model(preprocessor.inputs, network(preprocessor.outputs[0]), name=WITH_PREPROCESSOR)


@contextmanager
def uncompiled(network: Any) -> Iterator[None]:
    """In this block a network is saved without the state of an optimizer, as big as it is to predict with."""
    optimizer, compiled = getattr(network, "optimizer", None), network.compiled
    network.optimizer, network.compiled = None, False
    try:
        yield
    finally:
        network.optimizer, network.compiled = optimizer, compiled


def taken_apart(model: Any) -> tuple[Any, Any]:
    """(preprocessor, network): the reverse of `with_preprocessor`; (None, model) for any other model."""
    import keras

    if model.name != WITH_PREPROCESSOR:
        return None, model
    *_, last, network = model.operations
    return keras.Model(model.inputs, last.output, name="preprocessor"), network
