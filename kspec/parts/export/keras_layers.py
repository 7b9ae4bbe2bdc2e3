"""Keras' own quantization of layers: a smaller model in Keras, and not a faster one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import keras

MODES = ("int8", "int4")
REFUSED: Mapping[str, str] = {
    "float8": "Keras' float8 keeps every weight in float32 and adds scales for training on a GPU: the file grows",
    "gptq": "Keras' GPTQ needs the layers of a language model one after another, and a text classifier gives it none",
    "awq": "Keras' AWQ needs the layers of a language model one after another, and a text classifier gives it none",
}
"""Mode of `keras.Model.quantize` -> why it is not offered."""


def quantize_layers(model: keras.Model, mode: str = "int8") -> list[str]:
    """Keras' `model.quantize`, in place, so that the model can be saved and loaded again; the quantized layers' paths.

    Dense, EinsumDense and Embedding layers keep int8 or int4 weights and a scale. Convolutions and all others stay in
    float32. It saves memory and disk; on a processor it takes longer than float32, for each call quantizes activations.

    The head of a KerasHub task stays in float32: the task's file does not say that it was quantized, and Keras 3.15
    cannot load it then.

    Raises ValueError for another mode, with the reason, and for a model without such layers.

    Example:
        kspec.quantize_layers(model, "int8")
        model.save("small.keras")
    """
    if mode not in MODES:
        raise ValueError(REFUSED.get(mode, f"mode is one of {', '.join(MODES)}, not {mode!r}"))
    part: Any = getattr(model, "backbone", model)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have a `quantize` method")
        part.quantize(mode)
    model.train_function = model.test_function = model.predict_function = None
    done = [layer.path for layer in part._flatten_layers() if getattr(layer, "quantization_mode", None) == mode]
    if not done:
        raise ValueError(f"the model '{model.name}' has no Dense, EinsumDense or Embedding layer to quantize")
    return done
