"""`stages`: what comes after the base training, in order; each stage starts from the model before it.

stages:
  - prune_neurons: {macs: 0.5, round_to: 8}
  - train: {epochs: 6, from_scratch: true, baseline: true}
  - train: {epochs: 6, distill: {teacher: base}}
  - prune_weights: {sparsity: 0.8, epochs: 4}
  - quantize: int8
  - export: [litert, openvino]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from kspec.errors import Problem
from kspec.spec.base import OneOf
from kspec.spec.drop_layers import DropLayers
from kspec.spec.export import Export
from kspec.spec.prune_neurons import PruneNeurons
from kspec.spec.prune_weights import PruneWeights
from kspec.spec.quantize import Quantize
from kspec.spec.train import Train


class Stage(OneOf):
    """One stage."""

    train: Train | None = Field(default=None, examples=[{"epochs": 6, "distill": {"teacher": "base"}}])
    """Train on, or a new network with a teacher."""
    prune_neurons: PruneNeurons | None = Field(default=None, examples=[{"macs": 0.5, "round_to": 8}])
    """Remove neurons: a smaller network."""
    prune_weights: PruneWeights | None = Field(default=None, examples=[{"sparsity": 0.8, "epochs": 4}])
    """Make weights zero."""
    drop_layers: DropLayers | None = None
    """Leave layers out."""
    quantize: Quantize | None = Field(default=None, examples=[{"int8": {"calibration": 512}}])
    """The model in fewer bits."""
    export: Export | None = Field(default=None, examples=[{"formats": ["litert", "openvino"]}])
    """Files for other runtimes."""


def wrong_order(stages: Sequence[Stage], *, base_is_pruned: bool) -> Iterator[Problem]:
    """Stages that would undo what came before: training fills zeros again.

    base_is_pruned: the base training has made zeros too. A baseline undoes nothing: nothing goes on from it.
    """
    by = "training.pruning" if base_is_pruned else ""
    for number, stage in enumerate(stages):
        key, section = stage.chosen
        if key == "train" and section.baseline:
            continue
        if key == "train" and section.model is None and by:
            message = f"this training would fill the zeros again that {by} has made"
            hint = "prune_weights trains by itself, with `distill` too: put it last"
            yield Problem(("stages", number, key), message, hint=hint, on_key=True)
        if key == "train" and section.model is not None:
            by = ""
        if key == "quantize" and section.keras is not None and (later := _not_export(stages[number + 1 :])):
            message = f"{later} cannot train or cut the layers that Keras has quantized here"
            yield Problem(("stages", number, key), message, "only exports after it", hint="put it last", on_key=True)
        if key == "prune_weights":
            by = f"stages[{number}].prune_weights"


def _not_export(stages: Sequence[Stage]) -> str:
    """The first of these stages that makes no files only; "" without one."""
    return next((key for stage in stages for key, _ in [stage.chosen] if key not in ("export", "quantize")), "")
