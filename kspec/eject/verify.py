"""The proof of a script before it is written: its data and its initial weights are those of kspec, bit for bit."""

from __future__ import annotations

import pathlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import keras
import numpy as np

from kspec import catalog
from kspec.builders.data.pipeline import WRITE
from kspec.eject.known import Known, unable
from kspec.eject.layout import heading
from kspec.eject.script import MODEL, TRAINING, write

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Script:
    """A script, and in words what was compared before it was written."""

    text: str
    proof: str


def verified(known: Known, command: str, file: str) -> Script:
    """The script of a spec, after its sections up to the model were run and compared with kspec's own.

    Pretrained weights are not loaded for the comparison.

    Raises:
        SpecError: the script would not make the same data or the same initial weights; nothing is written then.
    """
    differs: Path | None = None
    for explicit in (False, True):
        text = write(known, command, file, explicit=explicit)
        beginning, _, _ = text.partition(heading(MODEL) if is_pretrained(known) else heading(TRAINING))
        differs = difference(known, run(beginning))
        if differs is None:
            proof = "its data" if is_pretrained(known) else "its data and initial weights"
            return Script(text, f"{proof} are kspec's, bit for bit")
    raise unable(differs or (), "this exactly", "please report the spec: its script would not repeat the experiment")


def is_pretrained(known: Known) -> bool:
    """Whether the network starts from weights that would be downloaded or read."""
    network = known.spec.model.network
    if network is None:
        return False
    if catalog.knows("keras_hub", network.name):
        return True
    return catalog.knows("application", network.name) and network.arguments.get("weights", "imagenet") is not None


def run(text: str) -> dict[str, Any]:
    """The variables of a script after it has run, with Keras' settings and registrations as they were before."""
    module = ModuleType("ejected")
    with undisturbed(), tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "script.py"
        file.write_text(text, encoding="utf-8")  # TensorFlow reads the source of functions that it compiles
        sys.modules[module.__name__] = module  # where dataclasses look their own module up
        try:
            exec(compile(text, file, "exec"), module.__dict__)
        finally:
            del sys.modules[module.__name__]
    return module.__dict__


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keras counts names and knows classes as in a new process inside, and as before outside."""
    policy, objects = keras.config.dtype_policy(), dict(keras.saving.get_custom_objects())
    keras.backend.clear_session()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
        keras.saving.get_custom_objects().clear()
        keras.saving.get_custom_objects().update(objects)


def difference(known: Known, variables: dict[str, Any]) -> Path | None:
    """The section of the spec whose outcome differs between the script and kspec; None where nothing does."""
    held: dict[str, Any] = {
        "train": known.datasets.train,
        "validation": known.datasets.validation,
        "test": known.datasets.test,
    }
    for role in known.roles:
        labels = WRITE[known.targets.labels](held[role].y, known.targets.units)
        if not _same(variables[f"x_{role}"], held[role].x) or not _same(variables[f"y_{role}"], labels):
            return ("data",)
    if "model" in variables and not same_models(variables["model"], known.model):
        return ("model",)
    return None


def same_models(one: Any, other: Any) -> bool:
    """Whether two models have the same variables, seeds of dropout included, and train the same of them."""
    if [weight.path for weight in one.trainable_weights] != [weight.path for weight in other.trainable_weights]:
        return False
    pairs = zip(one.variables, other.variables, strict=False)
    return len(one.variables) == len(other.variables) and all(_same(a, b) for a, b in pairs)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):  # tokens of a KerasHub model
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    a, b = np.asarray(one), np.asarray(other)
    return a.dtype == b.dtype and np.array_equal(a, b)
