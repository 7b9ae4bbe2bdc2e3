"""The one door: which kind of model the spec names, and what is done to every one of them."""

from __future__ import annotations

from typing import Any, cast

import keras
import numpy as np

from kspec import catalog
from kspec.builders.examples import Datasets
from kspec.builders.model.application import build_application
from kspec.builders.model.family import build_family
from kspec.builders.model.file import load_file
from kspec.builders.model.freeze import freeze
from kspec.builders.model.layers import build_layers
from kspec.builders.model.lora import enable_lora
from kspec.builders.model.weights import attach
from kspec.builders.targets import Targets
from kspec.errors import Gathered
from kspec.parts.models.adapt import adapt_model
from kspec.spec.component import Component
from kspec.spec.model import Model

MOST_EXAMPLES = 10_000
"""Examples of train that layers such as Normalization learn from."""
MOST_VALUES = 2**27
"""Values that are converted to float32 for it at once: 512 MiB."""


def build_model(model: Model, datasets: Datasets, targets: Targets, *, pretrained: bool = True) -> keras.Model:
    """The Keras model of a spec, built, adapted to the train split, regularised and frozen as the spec says.

    pretrained: False builds the same architecture with random weights and downloads nothing (`--smoke`).
    The initial weights follow from `keras.utils.set_random_seed`, which the caller has set.

    Raises:
        DataError: the network cannot read this kind of data.
        SpecError: an argument, a shape, a name or a pattern does not fit.
    """
    network = build_network(model, datasets, targets, pretrained=pretrained)
    by_pattern(model, network)
    return network


def build_network(
    model: Model, datasets: Datasets, targets: Targets, *, pretrained: bool, stand_in: bool = False
) -> keras.Model:
    """`build_model` without what the spec says by pattern.

    stand_in: a small random network may take the place of a preset that is not at hand, see
    kspec.builders.model.stand_in.
    """
    network = _network(model, datasets, targets, pretrained, stand_in)
    if model.file is None:
        adapt_model(network, _sample(datasets))
    return network


def by_pattern(model: Model, network: keras.Model) -> None:
    """Adapts, regularises, constrains and freezes the network as the spec says.

    Raises:
        SpecError: every pattern that does not fit.
    """
    gathered = Gathered()
    if (lora := model.lora) is not None:
        gathered.part(lambda: enable_lora(network, lora), None)
    if (regularizer := model.regularizer) is not None:
        gathered.part(lambda: attach("regularizer", regularizer, network), None)
    if (constraint := model.constraint) is not None:
        gathered.part(lambda: attach("constraint", constraint, network), None)
    gathered.part(lambda: freeze(network, model.freeze), None)
    gathered.stop()


def _network(model: Model, datasets: Datasets, targets: Targets, pretrained: bool, stand_in: bool) -> keras.Model:
    if model.file is not None:
        return load_file(model.file, datasets, targets)
    if model.layers is not None:
        return build_layers(model.layers, datasets, targets)
    network = cast(Component, model.network)
    if catalog.knows("application", network.name):
        frozen = "base" in model.freeze
        return build_application(network, datasets, targets, frozen=frozen, pretrained=pretrained)
    if catalog.knows("keras_hub", network.name):
        # KerasHub takes a second to import; most models do without.
        from kspec.builders.model.hub import build_hub

        return build_hub(network, datasets, targets, pretrained=pretrained, stand_in=stand_in)
    return build_family(network, datasets, targets)


def _sample(datasets: Datasets) -> Any:
    """Examples of train at equal distances, for a source may be sorted by class; the same for every seed."""
    x = np.asarray(datasets.train.x)
    count = min(len(x), MOST_EXAMPLES, max(1, MOST_VALUES // int(np.prod(x.shape[1:]))))
    return x[np.linspace(0, len(x) - 1, count).astype(int)]
