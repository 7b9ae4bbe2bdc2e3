"""The families of kspec: `ResNet: {depth: 20}`."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from kspec import catalog
from kspec.builders.examples import Datasets
from kspec.builders.model.fits import Reads, require
from kspec.builders.targets import Targets
from kspec.spec.component import Component

READS: dict[str, Reads] = {
    "CNN": "images",
    "FastResNet": "images",
    "MLP": "vectors",
    "ResNet": "images",
    "RNN": "sequences",
    "Transformer": "sequences",
    "WideResNet": "images",
}
"""Family of kspec -> what it reads. A family of a plug-in is built for any data, and refuses what it cannot read."""


def build_family(network: Component, datasets: Datasets, targets: Targets) -> keras.Model:
    """The family's model, with input shape, vocabulary and outputs filled in from the data.

    Raises:
        DataError: the family cannot read this kind of data.
        SpecError: an argument is refused.
    """
    if network.name in READS:
        require(READS[network.name], network.name, datasets)
    takes = inspect.signature(catalog.resolve("model", network.name, ("model",))).parameters
    filled = {key: value for key, value in _filled(datasets, targets).items() if key in takes}
    arguments = {**network.arguments, **filled}
    model: keras.Model = catalog.instantiate("model", network.name, arguments, ("model",))
    return model


def _filled(datasets: Datasets, targets: Targets) -> dict[str, Any]:
    return {
        "input_shape": datasets.input_shape,
        "vocabulary_size": datasets.vocabulary_size,
        "units": targets.units,
        "output_activation": targets.activation,
    }
