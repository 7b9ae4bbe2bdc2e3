"""The table of the stages: the key in the spec -> what does its work."""

from __future__ import annotations

from collections.abc import Mapping

from kspec.commands.stages import Work, bench, drop_layers, export, prune_neurons, prune_weights, quantize, train

STAGES: Mapping[str, Work] = {
    "train": Work(train.run, train.rehearse),
    "prune_neurons": Work(prune_neurons.run, prune_neurons.rehearse),
    "prune_weights": Work(prune_weights.run, prune_weights.rehearse),
    "drop_layers": Work(drop_layers.run, drop_layers.rehearse),
    "quantize": Work(quantize.run, quantize.rehearse),
    "export": Work(export.run, export.rehearse),
    "bench": Work(bench.run, bench.rehearse),
}
"""The keys are those of `Stage` in kspec/spec/stages.py."""
