"""The typed spec. `Spec` reads as the table of contents of a YAML file.

Reading is `text -> tree with marks -> Spec`; nothing here imports Keras.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from kspec.errors import Problem
from kspec.spec.base import FilePath, Listed, Section, refuse
from kspec.spec.checkpoint import Checkpoint
from kspec.spec.data import Data
from kspec.spec.device import Device
from kspec.spec.evaluate import Evaluate
from kspec.spec.model import Model
from kspec.spec.require import Requirements, batch_size
from kspec.spec.stages import Stage, unmeasured, wrong_order
from kspec.spec.training import Training
from kspec.spec.tune import Tune


class Spec(Section):
    """One experiment."""

    name: str = Field(default="experiment", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)
    """Names the folder of the runs; by default the file's name."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Everything random follows from it: initial weights, order of examples, augmentation, dropout."""
    data: Data
    """Where the examples come from, how they are split, cleaned, read and augmented."""
    model: Model
    """What is trained."""
    training: Training = Field(default_factory=lambda: Training.model_validate({}))
    """Loss, optimizer, learning rate, metrics, callbacks, and for how long."""
    device: Device = Device()
    """Number format and compilation."""
    checkpoint: Checkpoint = Checkpoint()
    """How often the state of the training is written, for `kspec resume`."""
    evaluate: Evaluate = Evaluate()
    """How the finished model is measured."""
    base: FilePath | None = Field(default=None, examples=["runs/cifar_resnet/20260101-120000-abcdef"])
    """The folder of a finished run, or a `.keras` file, that the stages start from: nothing is trained before them.
    `model` then says nothing, and `training` what the stages inherit. By default the base is trained here."""
    stages: Listed[Stage] = Field(
        default=(),
        examples=[[{"prune_neurons": {"macs": 0.5}}, {"train": {"epochs": 6, "distill": {"teacher": "base"}}}]],
    )
    """What comes after the base training, in order; each stage starts from the model before it."""
    require: Requirements = Field(default={}, examples=[{"test_accuracy": ">= 0.98", "size_mb": "<= 1.0"}])
    """Gates: what the run must end with, or its exit code is 1. Bounds are numbers, or sums and products of numbers and
    `base`, the value of the base model: `>= base - 0.005`, `<= base / 4`."""
    tune: Tune | None = None
    """The search over values of this file, for `kspec tune`; `kspec run` ignores it."""

    @model_validator(mode="after")
    def _fits_together(self) -> Spec:
        problems = list(wrong_order(self.stages, self.training.pruning))
        problems += unmeasured(self.stages, self.require)
        if not self.stages:
            relative = [one for one, gate in self.require.items() if gate.uses_base and batch_size(one) is None]
            message = "there are no stages: the base is what it would be compared with"
            problems += [Problem(("require", one), message, "a number, or stages") for one in relative]
        if problems:
            raise refuse(problems)
        return self
