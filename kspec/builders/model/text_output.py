"""How texts must be written for a network: strings, token ids, or a bag of words."""

from __future__ import annotations

import json
import zipfile
from typing import Literal, cast

from kspec import catalog
from kspec.builders.saved import WITH_PREPROCESSOR
from kspec.spec.data import Data
from kspec.spec.model import Model

Output = Literal["raw", "int", "multi_hot", "count", "tf_idf"]
SEQUENCE_FAMILIES = ("RNN", "Transformer")


def text_output(model: Model, data: Data) -> Output:
    """What `data.text.output` is for this model; `auto` is decided by what the network reads. Imports no Keras."""
    if data.text.output != "auto":
        return data.text.output
    if model.network is not None:
        if catalog.knows("keras_hub", model.network.name):
            return "raw"
        return "int" if model.network.name in SEQUENCE_FAMILIES else "multi_hot"
    if model.layers is not None:
        first = model.layers[0].layer.name
        return "raw" if first == "TextVectorization" else "int" if first == "Embedding" else "multi_hot"
    return _of_file(str(model.file))


def _of_file(file: str) -> Output:
    """By the saved model's vectorization or the dtype of its input; an unreadable file is reported when it is loaded.

    The model of an earlier run starts with the vectorization of its texts, which is then done before the training.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        return "multi_hot"
    if "keras_hub" in str(config.get("registered_name")) or catalog.knows("keras_hub", str(config.get("class_name"))):
        return "raw"
    inner = config.get("config")
    layers = inner["layers"] if isinstance(inner, dict) and "layers" in inner else []
    if isinstance(inner, dict) and inner.get("name") == WITH_PREPROCESSOR:
        modes = [one["config"]["output_mode"] for one in layers if one.get("class_name") == "TextVectorization"]
        return cast(Output, modes[0]) if modes else "multi_hot"
    dtypes = [str(one["config"].get("dtype")) for one in layers if one.get("class_name") == "InputLayer"]
    if "string" in dtypes:
        return "raw"
    return "int" if any(dtype.startswith("int") for dtype in dtypes) else "multi_hot"
