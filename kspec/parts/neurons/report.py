"""What neuron pruning did, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kspec.parts.neurons.groups import FrozenGroup, Groups, short
from kspec.parts.neurons.structure import Cut, Structure


@dataclass(frozen=True)
class PrunedGroup:
    """Channels that go together. layers: that make them. before, after: how many. residual: tied by an addition."""

    name: str
    layers: tuple[str, ...]
    before: int
    after: int
    residual: bool


@dataclass(frozen=True)
class PruningReport:
    """What `prune_neurons` did. MACs are multiply-accumulates of one example in convolutions, dense, recurrent and
    attention layers, None where a length is unknown; `str(report)` is a table."""

    groups: tuple[PrunedGroup, ...]
    frozen: tuple[FrozenGroup, ...]
    macs_before: int | None
    macs_after: int | None
    parameters_before: int
    parameters_after: int

    def __str__(self) -> str:
        lines = [
            f"{'parameters':<12}{_change(self.parameters_before, self.parameters_after)}",
            f"{'MACs':<12}{_change(self.macs_before, self.macs_after)}",
            "",
            "channels",
            *(f"  {one.before:>5} -> {one.after:<5} {one.name}" for one in self.groups),
        ]
        if self.frozen:
            kept = (f"  {one.channels:>5} {'':8} {short(one.layers)}: {one.reason}" for one in self.frozen)
            lines += ["kept", *kept]
        return "\n".join(lines)


def report(structure: Structure, groups: Groups, kept: Sequence[tuple[int, str]], cut: Cut) -> PruningReport:
    """The report of a cut. kept: numbers of prunable groups that were not looked at, and why."""
    nothing, reasons = Cut(structure.channels, set()), dict(kept)
    pruned = tuple(
        PrunedGroup(group.name, group.layers, len(group.classes), cut.count(group.classes), group.joined)
        for number, group in enumerate(groups.prunable)
        if number not in reasons
    )
    left_alone = [
        FrozenGroup(group.layers, len(group.classes), reasons[number])
        for number, group in enumerate(groups.prunable)
        if number in reasons
    ]
    parameters = structure.parameters()
    counted = not structure.uncounted
    return PruningReport(
        pruned,
        (*groups.frozen, *left_alone),
        nothing.total(structure.macs) if counted else None,
        cut.total(structure.macs) if counted else None,
        nothing.total(parameters),
        cut.total(parameters),
    )


def _change(before: int | None, after: int | None) -> str:
    if before is None or after is None:
        return "unknown: the length of an input is not fixed"
    return f"{before:,} -> {after:,} ({after / before:.1%})" if before else "0"
