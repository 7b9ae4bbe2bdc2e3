"""The stage `prune_neurons`: a smaller network, with batch normalization set anew."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from kspec.builders.calibration import calibration
from kspec.commands.console import phase
from kspec.commands.stages import Context, Outcome, delicate, patterns
from kspec.errors import Gathered, Problem, SpecError
from kspec.parts.neurons.patterns import PatternError
from kspec.parts.neurons.prune import prune_neurons
from kspec.parts.neurons.recalibrate import recalibrate
from kspec.parts.neurons.report import PruningReport

LISTED = 12
"""The most groups of neurons that are printed."""


def run(context: Context) -> Outcome:
    """Prunes the model before it and sets its batch normalization anew.

    Raises:
        SpecError: the target cannot be reached, or there is nothing to remove.
    """
    network = context.network()
    data = calibration(context.experiment, context.section.calibration, context.seed, network)
    measured, line = delicate.measured(context, network, data)
    with phase(context.timing, "prune"):
        smaller, report = _pruned(context, network, data)
    with phase(context.timing, "recalibrate"):
        recalibrate(smaller, data)
    groups = [asdict(one) for one in report.groups]
    frozen = [asdict(one) for one in report.frozen]
    facts = {"groups": groups, "frozen": frozen, **measured}
    return Outcome(network=smaller, facts=facts, lines=(*line, *said(report)))


def rehearse(context: Context) -> Any:
    """Removes neurons by a criterion that needs no data: as many as the real one will, though others.

    Raises:
        SpecError: as `run`.
    """
    gathered, network = Gathered(), context.network()
    smaller = gathered.part(lambda: _pruned(context, network, None)[0], network)
    if any("exclude" in problem.path for problem in gathered.problems):  # it must not hide what is wrong with `ratio`
        allowing = replace(context, section=context.section.model_copy(update={"exclude": ()}))
        gathered.part(lambda: _pruned(allowing, network, None)[0], network)
    gathered.stop()
    return smaller


def said(report: PruningReport) -> list[str]:
    """The groups that lost neurons, the largest loss first."""
    cut = sorted((one for one in report.groups if one.after < one.before), key=lambda one: one.after - one.before)
    lines = [f"{one.before:>6} -> {one.after:<6} {one.name}" for one in cut[:LISTED]]
    return [*lines, *([f"... {len(cut) - LISTED} more in run.json"] if len(cut) > LISTED else [])]


def _pruned(context: Context, network: Any, data: Any) -> tuple[Any, PruningReport]:
    """Raises SpecError where `prune_neurons` refuses; without data, by `l2` in the place of `taylor`."""
    arguments = context.section.model_dump(exclude={"calibration", "sensitivity"})
    if data is None and arguments["criterion"] == "taylor":
        arguments["criterion"] = "l2"
    batch = context.experiment.spec.data.batch_size
    try:
        return prune_neurons(
            network, data, loss=context.experiment.plan.loss, batch_size=batch, seed=context.seed, **arguments
        )
    except PatternError as error:
        raise SpecError(patterns.problems(context, error)) from error
    except ValueError as error:
        hint = ""
        if "scope='all'" in str(error) and context.section.scope == "internal":
            hint = "scope: all takes neurons that additions tie together too"
        raise SpecError(Problem(context.path, str(error), hint=hint, on_key=True)) from error
