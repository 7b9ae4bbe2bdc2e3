"""`train`, a stage: trains the model on, or a new one.

- train: {epochs: 6, learning_rate: 0.001, distill: {teacher: base}}
- train: {epochs: 12, model: {CNN: {filters: [8, 16]}}, distill: {teacher: base}}
- train: {epochs: 12, from_scratch: true, baseline: true}
"""

from __future__ import annotations

from pydantic import Field, model_validator

from kspec.errors import Problem
from kspec.spec.base import refuse
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
    from_scratch: bool = Field(default=False, examples=[True])
    """The network before it with new initial values in all that trains: what training on has to beat
    (arXiv:1810.05270). What does not train stays: frozen layers, adapted statistics, vocabularies."""
    baseline: bool = Field(default=False, examples=[True])
    """Only to compare with: it is trained, measured and kept, and what comes after goes on from the model before it."""

    @model_validator(mode="after")
    def _one_network(self) -> Train:
        if self.from_scratch and self.model is not None:
            message = "`model` is a new network, and from_scratch the one before with new weights"
            raise refuse(Problem(("from_scratch",), message, "one of the two", on_key=True))
        return self
