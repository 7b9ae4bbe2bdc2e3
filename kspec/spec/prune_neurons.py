"""`prune_neurons`, a stage: the least important neurons go, and the network becomes smaller.

- prune_neurons: {macs: 0.5, criterion: taylor, round_to: 8}
- prune_neurons: {ratio: {"stage*": 0.5, "head": 0.25}, scope: all}
- prune_neurons: {parameters: 0.7, sensitivity: [0.25, 0.5]}
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from kspec.errors import Problem
from kspec.spec.base import ListedOrSingle, Section, refuse
from kspec.spec.forms import exactly_one

Share = Annotated[float, Field(gt=0, lt=1)]
TARGETS = ("macs", "parameters", "ratio")


class PruneNeurons(Section):
    """The least important neurons go (`kspec.prune_neurons`), and batch norm is set anew; train on afterwards."""

    model_config = ConfigDict(json_schema_extra=exactly_one(TARGETS))

    macs: Share | None = Field(default=None, examples=[0.5])
    """The share of the model's multiply-accumulates that is left at most."""
    parameters: Share | None = Field(default=None, examples=[0.5])
    """The share of the model's parameters that is left at most."""
    ratio: Share | Annotated[dict[str, Share], Field(min_length=1)] | None = Field(
        default=None, examples=[0.5, {"stage2*": 0.5}]
    )
    """The largest share of each group of neurons that goes, or one for each pattern over layers."""
    criterion: Literal["taylor", "l1", "l2", "bn_gamma", "random"] = "taylor"
    """What tells how important a neuron is: `taylor`, the change of the loss to first order (arXiv:1906.10771)."""
    scope: Literal["internal", "all"] = "internal"
    """`internal` spares the neurons that an addition ties to other layers, the streams of a residual network."""
    round_to: int = Field(default=1, ge=1, le=100_000)
    """What is left of a group is a multiple of it."""
    min_channels: int = Field(default=1, ge=1, le=1_000_000)
    """Are left of a group at least."""
    max_ratio: float = Field(default=0.9, gt=0, lt=1)
    """Of a group goes at most."""
    exclude: ListedOrSingle[str] = Field(default=(), examples=[["stem*"]])
    """Patterns over layers that keep all their neurons."""
    calibration: int = Field(default=1024, ge=1, le=100_000_000)
    """So many examples of the train split, not augmented, tell what is important and set batch norm anew."""
    sensitivity: bool | Annotated[ListedOrSingle[Share], Field(min_length=1)] = Field(
        default=False, examples=[True, [0.25, 0.5]]
    )
    """What each group of neurons costs when these shares of it go, alone, measured on those examples before anything
    is pruned (`kspec.sensitivity`): a plot in the stage's folder, and the figures in run.json. `true`: 0.25, 0.5, 0.75.
    It takes an evaluation for each group and share."""

    @model_validator(mode="after")
    def _one_target(self) -> PruneNeurons:
        given = [key for key in TARGETS if getattr(self, key) is not None]
        if len(given) != 1:
            found = ", ".join(given) or "none"
            message = "exactly one says how much goes"
            raise refuse(Problem((), message, f"one of {', '.join(TARGETS)}", found, on_key=True))
        return self
