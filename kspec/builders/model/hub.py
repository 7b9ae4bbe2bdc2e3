"""The classifiers of KerasHub, by preset or local folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import keras_hub

from kspec import catalog
from kspec.builders.examples import Datasets
from kspec.builders.model.application import download_timeout
from kspec.builders.model.fits import require
from kspec.builders.saved import precise_head, refuse_preset
from kspec.builders.targets import Targets
from kspec.errors import Problem, SpecError, did_you_mean
from kspec.spec.component import Component


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
    preset, length = str(arguments.pop("preset")), arguments.pop("sequence_length", None)
    _require_preset(network.name, task, preset)
    arguments["load_weights"] = pretrained and arguments.pop("load_weights", True)
    arguments |= {"num_classes": targets.units, "activation": targets.activation}
    if issubclass(task, keras_hub.models.ImageClassifier):
        arguments.setdefault("head_dtype", "float32")
    model = _from_preset(network.name, task, preset, arguments)
    if length is not None:
        model.preprocessor.sequence_length = length
    precise_head(model)
    return model


def _require_classifier(name: str, task: Any, datasets: Datasets) -> None:
    if issubclass(task, keras_hub.models.TextClassifier):
        require("texts", name, datasets)
    elif issubclass(task, keras_hub.models.ImageClassifier):
        require("images", name, datasets)
    else:
        hint = "BackboneTextClassifier puts a classifier on any text backbone: {preset: ..., pooling: last}"
        expected = "a task named ...TextClassifier or ...ImageClassifier"
        raise SpecError(Problem(("model", name), f"{name} is no classifier", expected, "", hint, on_key=True))


def _require_preset(name: str, task: Any, preset: str) -> None:
    """A preset is a folder, a handle such as hf://user/model, or a built-in name; the last can be checked here."""
    place = ("model", name, "preset")
    if "://" in preset:
        return
    if Path(preset).is_dir():
        refuse_preset(Path(preset), place)
        return
    known = list(task.presets)
    if preset in known:
        return
    if "/" in preset or "\\" in preset or Path(preset).exists():
        raise SpecError(Problem(place, "no such folder", "a folder with config.json and the weights", preset))
    expected = f"a local folder, or one of {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}"
    raise SpecError(Problem(place, "no such preset", expected, preset, did_you_mean(preset, known)))


def _from_preset(name: str, task: Any, preset: str, arguments: dict[str, Any]) -> Any:
    try:
        with download_timeout():
            return task.from_preset(preset, **arguments)
    except Exception as error:
        # Presets come through kagglehub, huggingface_hub and h5py, each with error types of its own.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        hint = "" if Path(preset).is_dir() else "without network, give a local folder that holds the preset"
        raise SpecError(
            Problem(("model", name, "preset"), f"cannot be loaded: {lines[0]}", "", preset, hint)
        ) from error
