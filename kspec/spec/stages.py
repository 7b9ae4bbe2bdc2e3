"""`stages`: what comes after the base training, in order; each stage starts from the model before it.

stages:
  - prune_neurons: {macs: 0.5, round_to: 8}
  - train: {epochs: 6, from_scratch: true, baseline: true}
  - train: {epochs: 6, distill: {teacher: base}}
  - prune_weights: {sparsity: 0.8, epochs: 4}
  - quantize: int8
  - export: [litert, openvino]
  - bench: [1, 64]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import Field

from kspec.errors import Problem
from kspec.spec.base import OneOf
from kspec.spec.bench import Bench
from kspec.spec.drop_layers import DropLayers
from kspec.spec.export import Export
from kspec.spec.prune_neurons import PruneNeurons
from kspec.spec.prune_weights import PruneWeights
from kspec.spec.pruning import Pruning
from kspec.spec.quantize import Quantize
from kspec.spec.require import batch_size
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
    bench: Bench | None = Field(default=None, examples=[{"batch_sizes": [1, 64]}])
    """How long predictions take, beside those of the base."""

    @property
    def keeps_model(self) -> bool:
        """Whether the Keras model after it is the one before: it makes files of it, or measures."""
        key, section = self.chosen
        return key in ("export", "bench") or (key == "quantize" and section.keras is None) or self.is_baseline

    @property
    def is_baseline(self) -> bool:
        """Whether it is only to compare with."""
        return self.train is not None and self.train.baseline


def wrong_order(stages: Sequence[Stage], pruning: Pruning | None) -> Iterator[Problem]:
    """Stages that would undo what came before: training fills zeros again.

    pruning: of the base training, which makes zeros too. A baseline undoes nothing: nothing goes on from it.
    """
    pruned = ("training.pruning", pruning) if pruning else None
    for number, stage in enumerate(stages):
        key, section = stage.chosen
        if stage.is_baseline:
            continue
        if key == "train" and section.model is None and pruned:
            message = f"this training would fill the zeros again that {pruned[0]} has made"
            hint = "prune_weights trains by itself, with `distill` too: put it last"
            yield Problem(("stages", number, key), message, hint=hint, on_key=True)
        if key == "train" and section.model is not None:
            pruned = None
        if key == "quantize" and section.keras is not None and (later := _not_export(stages[number + 1 :])):
            message = f"{later} cannot train or cut the layers that Keras has quantized here"
            yield Problem(("stages", number, key), message, "only exports after it", hint="put it last", on_key=True)
        if key == "prune_weights" and pruned and not _covers(section.pruning, pruned[1]):
            message = f"it chooses other weights than {pruned[0]}: zeros that it leaves alone would be filled again"
            hint = "one prune_weights, with a sparsity for each pattern in `layers`"
            expected = "the same match, exclude and layers"
            yield Problem(("stages", number, key), message, expected, hint=hint, on_key=True)
        if key == "prune_weights":
            pruned = (f"stages[{number}].prune_weights", section.pruning)


def _covers(later: Pruning, earlier: Pruning) -> bool:
    """Whether all weights that the earlier one prunes are surely pruned by the later one too."""
    takes_all = later.match == "auto" and not later.exclude and all(share > 0 for share in later.layers.values())
    return (takes_all and earlier.match == "auto") or _chosen(later) == _chosen(earlier)


def _chosen(pruning: Pruning) -> tuple[Any, ...]:
    return (
        pruning.match,
        frozenset(pruning.exclude),
        frozenset((one, share > 0) for one, share in pruning.layers.items()),
    )


def _not_export(stages: Sequence[Stage]) -> str:
    """The first of these stages that trains or cuts; "" without one."""
    harmless = ("export", "quantize", "bench")
    return next((key for stage in stages for key, _ in [stage.chosen] if key not in harmless), "")


def unmeasured(stages: Sequence[Stage], gates: Iterable[str]) -> Iterator[Problem]:
    """Gates on latencies that nothing will measure, or that would be those of another model than the last one."""
    for gate in gates:
        size = batch_size(gate)
        if size is None:
            continue
        benches = [(number, stage.bench) for number, stage in enumerate(stages) if stage.bench is not None]
        measuring = [number for number, one in benches if size in one.batch_sizes]
        if not measuring:
            sizes = dict.fromkeys(each for _, one in benches for each in one.batch_sizes)
            found = f"a bench of {', '.join(map(str, sizes))}" if sizes else "no bench"
            expected = f"a stage such as `bench: {size}`, after what it shall measure"
            yield Problem(("require", gate), "no stage measures it", expected, found, on_key=True)
        elif later := _other(stages, measuring[-1] + 1):
            message = f"{later} comes after the last bench of this batch size: the value would be another model's"
            yield Problem(("require", gate), message, hint="put that bench behind it, or one more", on_key=True)


def _other(stages: Sequence[Stage], start: int) -> str:
    """The first stage from a number on that makes another model, or a file of other numbers; "" without one."""
    rest = ((number, stage) for number, stage in enumerate(stages) if number >= start and not stage.is_baseline)
    found = ((number, stage.chosen[0]) for number, stage in rest)
    return next((f"stages[{number}].{key}" for number, key in found if key not in ("export", "bench")), "")
