"""Loading a model that kspec saved."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from kspec.catalog.kinds import OWN

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
    """`keras.saving.load_model`, with kspec's own layers known to Keras; code in the file is refused (`safe_mode`).

    Args:
        path: a `.keras` file.
        arguments: of `keras.saving.load_model`, e.g. `compile=False`.

    Example:
        model = kspec.load_model("runs/quickstart/.../model.keras", compile=False)
    """
    import keras

    for module in (*UNNAMED, *(target.partition(":")[0] for names in OWN.values() for target in names.values())):
        import_module(module)
    with warnings.catch_warnings():
        # Said of every KerasHub task, even where `compile=False` asks for no optimizer.
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        model = keras.saving.load_model(path, **{"safe_mode": True, **arguments})
    precise_head(model)
    return model


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
