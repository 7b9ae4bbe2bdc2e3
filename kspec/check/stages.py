"""Traps in the order of `stages`: files of a model that later stages go on to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kspec.check.findings import Finding, warning
from kspec.spec.stages import Stage


def findings(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Stages that make files of a model that is not yet the last one, with none of their kind behind it."""
    changing = [number for number, stage in enumerate(stages) if not stage.keeps_model]
    for number, stage in enumerate(stages):
        key = stage.chosen[0]
        later = [one for one in changing if one > number]
        if key not in ("quantize", "export") or not stage.keeps_model or not later:
            continue
        if any(one.chosen[0] == key for one in stages[later[-1] + 1 :]):
            continue
        changed = f"stages[{later[0]}].{stages[later[0]].chosen[0]}"
        message = f"its files hold the model before {changed}, not the one that the run ends with"
        yield warning(("stages", number, key), message, f"put it behind stages[{later[-1]}], or once more there")
