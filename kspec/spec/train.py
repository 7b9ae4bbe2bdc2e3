"""`train`, a stage: trains the model on, or a new one.

- train: {epochs: 6, learning_rate: 0.001, distill: {teacher: base}}
- train: {epochs: 12, model: {CNN: {filters: [8, 16]}}, distill: {teacher: base}}
"""

from __future__ import annotations

from pydantic import Field

from kspec.spec.component import component_of
from kspec.spec.model import KINDS
from kspec.spec.retraining import Retraining


class Train(Retraining):
    """Trains the model before it on; what is not said is as in `training`, the optimizer's state is new."""

    model: component_of(KINDS) | None = Field(  # type: ignore[valid-type]
        default=None, examples=[{"CNN": {"filters": [8, 16]}}]
    )
    """A new network, with weights of its own, in place of the model before: the student of a teacher. A family, a
    network of keras.applications, or a KerasHub task."""
