"""Loading a model that kspec saved."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from kspec import catalog
from kspec.catalog.kinds import OWN
from kspec.errors import UsageError

WITH_PREPROCESSOR = "with_preprocessor"
"""The name of a saved model that starts with what the data builder fitted on train."""

# Parts of saved models that a spec does not name, beside those in the catalogue.
UNNAMED = (
    "kspec.parts.activations",
    "kspec.parts.optimizers",
    "kspec.parts.standardize",
    "kspec.parts.layers.truncate",
)


def load_model(path: str | Path, **arguments: Any) -> Any:
    """`keras.saving.load_model`, with the layers of kspec and of plug-ins known; code in it is refused (`safe_mode`).

    Args:
        path: a `.keras` file.
        arguments: of `keras.saving.load_model`, e.g. `compile=False`.

    Raises:
        UsageError: it holds a class that neither Keras nor kspec nor a plug-in that is here has.

    Example:
        model = kspec.load_model("runs/quickstart/.../model.keras", compile=False)
    """
    import keras

    for module in (*UNNAMED, *(target.partition(":")[0] for names in OWN.values() for target in names.values())):
        import_module(module)
    catalog.load_installed()
    with warnings.catch_warnings():
        # Said of every KerasHub task, even where `compile=False` asks for no optimizer.
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        try:
            model = keras.saving.load_model(path, **{"safe_mode": True, **arguments})
        except (TypeError, ValueError) as error:
            if missing := unknown_classes(Path(path), with_training=arguments.get("compile") is not False):
                raise UsageError(_missing(path, missing)) from error
            raise
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


def _missing(path: str | Path, classes: Sequence[tuple[str, str]]) -> str:
    """The message about classes that are not here: `model.keras: holds Gate of the plug-in 'noise', which ...`."""
    listed = "; ".join(f"{name} of the plug-in or package '{package}'" for package, name in classes)
    hint = "--plugin FILE on the command line or kspec.load_plugin(FILE) in Python, or install its package"
    return f"{path}: holds what is not here: {listed}\n       hint: {hint}"


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


def taken_apart(model: Any) -> tuple[Any, Any]:
    """(preprocessor, network): the reverse of `with_preprocessor`; (None, model) for any other model."""
    import keras

    if model.name != WITH_PREPROCESSOR:
        return None, model
    *_, last, network = model.operations
    return keras.Model(model.inputs, last.output, name="preprocessor"), network
