"""The typed spec. `Spec` reads as the table of contents of a YAML file.

Reading is `text -> tree with marks -> Spec`; nothing here imports Keras.
"""

from __future__ import annotations

from pydantic import Field

from kspec.spec.base import Section
from kspec.spec.checkpoint import Checkpoint
from kspec.spec.data import Data
from kspec.spec.device import Device
from kspec.spec.evaluate import Evaluate
from kspec.spec.model import Model
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
    tune: Tune | None = None
    """The search over values of this file, for `kspec tune`; `kspec run` ignores it."""
