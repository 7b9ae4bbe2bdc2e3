"""What is known when a script is written: the spec, its data as they were read, and the built experiment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kspec.builders.data import build
from kspec.builders.data.sources import load
from kspec.builders.data.splits import ROLES, split
from kspec.builders.examples import Datasets, Source
from kspec.builders.experiment import Experiment, assemble
from kspec.builders.model import text_output
from kspec.builders.targets import Targets
from kspec.errors import Problem, SpecError
from kspec.spec import Spec
from kspec.spec.data import Data

Loaded = tuple[list[str], dict[str, tuple[str, str]]]
"""Paragraphs, and by split of the source the expressions for its features and labels."""


@dataclass(frozen=True)
class Known:
    """What the writers of the sections read.

    source: the data before the splits. parts: the examples after the splits and before `data.clean`, by role. prepared:
    the data before a KerasHub model's tokens were made of them, in their first order.
    """

    spec: Spec
    source: Source
    parts: Mapping[str, Any]
    prepared: Datasets
    experiment: Experiment

    @property
    def data(self) -> Data:
        """`data` of the spec."""
        return self.spec.data

    @property
    def datasets(self) -> Datasets:
        """The data as the network reads them."""
        return self.experiment.datasets

    @property
    def targets(self) -> Targets:
        """How labels are written."""
        return self.experiment.targets

    @property
    def model(self) -> Any:
        """The built model."""
        return self.experiment.model

    @property
    def roles(self) -> list[str]:
        """Those of train, validation and test that there are."""
        return [role for role in ROLES if role in self.parts]

    @property
    def is_table(self) -> bool:
        """Whether features are columns by name."""
        return self.source.kind == "table"


def study(spec: Spec) -> Known:
    """Reads the data of a spec and builds its model, without downloading weights.

    Raises:
        SpecError: what `kspec run` refuses too, or a key that no script can be written for yet.
    """
    if spec.model.file is not None:
        hint = "eject the spec that the model was made with, or load the file in a script of your own"
        raise unable(("model", "file"), "a saved model", hint)
    if spec.model.lora is not None:
        raise unable(("model", "lora"), "low-rank updates", "`enable_lora` is a method of Keras' own layers")
    if spec.training.pruning is not None:
        raise unable(("training", "pruning"), "pruning", "`kspec.PruneLowMagnitude` is a callback for any Keras code")
    for key, what in (("stages", "stages"), ("base", "a base"), ("require", "gates")):
        if getattr(spec, key):
            raise unable((key,), what, "a script of the base training alone: kspec eject SPEC ~stages ~require ~base")
    source = load(spec.data)
    held = split(source, spec.data, spec.seed)
    datasets = build.assemble(source, spec.data, spec.seed, text_output(spec.model, spec.data))
    experiment = assemble(spec, datasets, pretrained=False)
    parts = {role: part for role, part in held.items() if part is not None}
    return Known(spec, source, parts, datasets, experiment)


def unable(path: tuple[str | int, ...], what: str, hint: str = "") -> SpecError:
    """The refusal of a key that no script can be written for yet."""
    return SpecError(Problem(path, f"eject cannot write {what} out yet", hint=hint))


def relative(path: str) -> str:
    """A path as a script holds it: relative to where it is written, if it lies below."""
    inside = os.path.relpath(path)
    return path if inside.startswith("..") else Path(inside).as_posix()
