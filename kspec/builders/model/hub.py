"""The classifiers of KerasHub, by preset or local folder."""

from __future__ import annotations

from typing import Any

import keras
import keras_hub

from kspec import catalog
from kspec.builders.examples import Datasets
from kspec.builders.model.fits import require
from kspec.builders.model.preset import NotAtHandError, first_at_hand
from kspec.builders.model.stand_in import small_random
from kspec.builders.saved import precise_head
from kspec.builders.targets import Targets
from kspec.errors import Problem, SpecError
from kspec.parts.layers.token_inputs import LEAST_TOKENS, TokenInputs
from kspec.spec.component import Component
from kspec.spec.data import Text


def build_hub(
    network: Component, datasets: Datasets, targets: Targets, *, pretrained: bool, stand_in: bool = False
) -> keras.Model:
    """The task, with a new head that fits the targets. It reads raw texts, or images of any size.

    The task is a keras.Model that runs its preprocessor in tf.data inside `fit`, `predict` and `evaluate`, and is saved
    with it. It says what was made in two attributes: `preset`, the one it was made from as the spec names it, and
    `stand_in`, a sentence where a small random network took the preset's place, else "".

    pretrained: False reads the preset's configuration, and leaves the weights random. stand_in: where no preset is
    at hand, a text classifier gets a small random network instead of an error.

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
    reads_texts = issubclass(task, keras_hub.models.TextClassifier)
    if not reads_texts:
        arguments.setdefault("head_dtype", "float32")
    place, said = ("model", network.name, "preset"), ""
    try:
        model, preset = first_at_hand(
            presets, place, _known(task), lambda preset: task.from_preset(preset, **arguments)
        )
    except NotAtHandError:
        names = [presets] if isinstance(presets, str) else list(presets)
        made = small_random(task, names, datasets.text, arguments) if stand_in and reads_texts else None
        if made is None:
            raise
        (model, said), preset = made, ""
    if reads_texts:
        model.preprocessor = _token_inputs(model, datasets.text)
    model.preset, model.stand_in = preset, said
    precise_head(model)
    return model


def _known(task: Any) -> list[str]:
    """The built-in presets of a task; of one that takes any backbone, those of all backbones."""
    return list(task.presets or keras_hub.models.Backbone.presets)


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
