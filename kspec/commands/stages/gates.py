"""`require`: whether every gate can be measured, and at the end whether it is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kspec.builders.experiment import Experiment
from kspec.commands.stages.entries import Entry, lineage
from kspec.commands.stages.quantities import products
from kspec.errors import Problem, RunError, SpecError, did_you_mean
from kspec.spec.require import COMPARE, COUNTED, SPLITS, Gate, batch_size


class GateError(RunError):
    """The run has ended, and is not what was required."""


def check(require: Mapping[str, Gate], experiment: Experiment) -> None:
    """Whether each quantity will be there to be measured.

    Raises:
        SpecError: every one that will not.
    """
    problems = []
    if "macs" in require and (reason := products(experiment.model, experiment)[1]):
        problems.append(Problem(("require", "macs"), f"cannot be counted here: {reason}", on_key=True))
    known = list(_measured(experiment))
    for quantity in require:
        if not _is_counted(quantity) and quantity not in known:
            expected = ", ".join([*COUNTED, *known])
            hint = did_you_mean(quantity, [*COUNTED, *known])
            problems.append(
                Problem(("require", quantity), "this run will not measure it", expected, quantity, hint, on_key=True)
            )
    if problems:
        raise SpecError(problems)


def _measured(experiment: Experiment) -> Iterator[str]:
    """The metrics of the held-out splits, as gates call them: `test_accuracy`."""
    for split, data in (("test", experiment.test), ("validation", experiment.validation)):
        for name in ("loss", *(metric.name for metric in experiment.plan.metrics)) if data is not None else ():
            yield f"{split}_{name}"
            if experiment.spec.evaluate.views:
                yield f"{split}_views_{name}"


def value_of(entry: Entry, quantity: str) -> float:
    """The value of a quantity in an entry."""
    if _is_counted(quantity):
        return float(entry["quantities"][quantity])
    split = next(one for one in SPLITS if quantity.startswith(one))
    return metric(entry, split.removesuffix("_"), quantity.removeprefix(split))


def metric(entry: Entry, split: str, name: str) -> float:
    """A metric of a stage or a file; NaN, which keeps to no gate, where a file was not measured by it."""
    found = (entry["metrics"] or {}).get(split) or {}
    return float(found[name]) if name in found else math.nan


def judged(require: Mapping[str, Gate], everything: Sequence[Entry]) -> list[dict[str, Any]]:
    """What run.json says of each gate. everything: the entries of the base and all stages; baselines are not judged.

    lost: the stage after which the gate was not kept any more; None where it is kept, or never was.
    """
    found = []
    for quantity, gate in require.items():
        entries = _measuring(quantity, lineage(everything))
        values = [value_of(entry, quantity) for entry in entries]
        kept = [gate.holds(value, values[0]) for value in values]
        lost = None if kept[-1] else max((number for number, one in enumerate(kept) if one), default=None)
        found.append(
            {
                "quantity": quantity,
                "gate": gate.text,
                "bound": gate.bound(values[0]),
                "value": values[-1],
                "passed": kept[-1],
                "lost": None if lost is None else entries[lost + 1]["name"],
                "values": dict(zip((entry["name"] for entry in entries), values, strict=True)),
            }
        )
    return found


def _measuring(quantity: str, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries that a gate is held against: a latency is known of the base and of benches only."""
    return [one for one in entries if batch_size(quantity) is None or quantity in one["quantities"]]


def enforce(record: Mapping[str, Any]) -> None:
    """Ends a run whose gates are not all kept.

    Raises:
        GateError: names value, bound and stage of each.
    """
    failed = [one for one in record.get("require", ()) if not one["passed"]]
    if failed:
        raise GateError("\n".join(sentence(one) for one in failed))


def sentence(one: Mapping[str, Any]) -> str:
    """What became of a gate."""
    quantity, gate = one["quantity"], one["gate"]
    show = shown(quantity)
    bound = "" if _is_plain(gate) else f" = {show(one['bound'])}"
    said = f"{quantity} {gate}{bound}: it is {show(one['value'])}"
    if one["passed"]:
        return f"gate kept: {said}"
    if one["lost"]:
        return f"gate failed: {said}, lost in the stage {one['lost']}"
    values = [f"{name} {show(value)}" for name, value in one["values"].items()]
    return f"gate failed: {said}" + (f", never reached: {', '.join(values)}" if len(values) > 1 else "")


def shown(quantity: str) -> Any:
    """How values of a quantity are written."""
    if quantity in ("parameters", "nonzeros", "macs"):
        return lambda value: f"{value:,.0f}"
    return lambda value: f"{value:.4g}" if _is_counted(quantity) else f"{value:.4f}"


def _is_counted(quantity: str) -> bool:
    """Whether it stands in the `quantities` of an entry; the others are metrics."""
    return quantity in COUNTED or batch_size(quantity) is not None


def _is_plain(gate: str) -> bool:
    """Whether the bound stands there as a number."""
    try:
        float(next(gate.removeprefix(one) for one in COMPARE if gate.startswith(one)))
    except ValueError:
        return False
    return True
