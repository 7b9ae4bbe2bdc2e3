"""The classifiers of KerasHub, by preset or local folder."""

from __future__ import annotations

from typing import Any

import keras
import keras_hub

from kspec import catalog
from kspec.builders.examples import Datasets
from kspec.builders.model.fits import require
from kspec.builders.model.preset import first_at_hand
from kspec.builders.saved import precise_head
from kspec.builders.targets import Targets
from kspec.errors import Problem, SpecError
from kspec.parts.layers.token_inputs import LEAST_TOKENS, TokenInputs
from kspec.spec.component import Component
from kspec.spec.data import Text


def build_hub(network: Component, datasets: Datasets, targets: Targets, *, pretrained: bool) -> keras.Model:
    """The task, with a new head that fits the targets. It reads raw texts, or images of any size.

    The task is a keras.Model that runs its preprocessor in tf.data inside `fit`, `predict` and `evaluate`, and is saved
    with it. pretrained: False reads the preset's configuration, and leaves the weights random.

    Raises:
        DataError: an image task on texts, or the other way round.
        SpecError: a task that is no classifier, an unknown preset, a failed download, an argument that is refused.
    """
    task = catalog.resolve("keras_hub", network.name, ("model",))
    _require_classifier(network.name, task, datasets)
    arguments = {key: value for key, value in network.arguments.items() if value is not None}
    presets = arguments.pop("preset")
    arguments["load_weights"] = pretrained and arguments.pop("load_weights", True)
    arguments |= {"num_classes": targets.units, "activation": targets.activation}
    if issubclass(task, keras_hub.models.ImageClassifier):
        arguments.setdefault("head_dtype", "float32")
    place = ("model", network.name, "preset")
    model = first_at_hand(presets, place, list(task.presets), lambda preset: task.from_preset(preset, **arguments))
    if issubclass(task, keras_hub.models.TextClassifier):
        model.preprocessor = _token_inputs(model, datasets.text)
    precise_head(model)
    return model


def _token_inputs(model: Any, text: Text) -> TokenInputs:
    """How the model reads strings: by its own tokenizer, cut as `data.text` says.

    Raises:
        SpecError: a length that the model cannot read.
    """
    most = getattr(model.backbone, "max_sequence_length", text.sequence_length)
    if not LEAST_TOKENS <= text.sequence_length <= most:
        place = ("data", "text", "sequence_length")
        raise SpecError(
            Problem(place, "the model cannot read this length", f"{LEAST_TOKENS} to {most}", str(text.sequence_length))
        )
    return TokenInputs(model.preprocessor, text.sequence_length, text.truncate, text.strip_html, name="token_inputs")


def _require_classifier(name: str, task: Any, datasets: Datasets) -> None:
    if issubclass(task, keras_hub.models.TextClassifier):
        require("texts", name, datasets)
    elif issubclass(task, keras_hub.models.ImageClassifier):
        require("images", name, datasets)
    else:
        hint = "BackboneTextClassifier puts a classifier on any text backbone: {preset: ..., pooling: last}"
        expected = "a task named ...TextClassifier or ...ImageClassifier"
        raise SpecError(Problem(("model", name), f"{name} is no classifier", expected, "", hint, on_key=True))
