"""The stage `drop_layers`: the network without some layers, with batch normalization set anew."""

from __future__ import annotations

from typing import Any

from kspec.builders.calibration import calibration
from kspec.commands.console import phase
from kspec.commands.stages import Context, Outcome, patterns
from kspec.errors import Problem, SpecError
from kspec.parts.neurons.drop import drop_layers
from kspec.parts.neurons.patterns import PatternError
from kspec.parts.neurons.recalibrate import recalibrate


def run(context: Context) -> Outcome:
    """Leaves the layers out.

    Raises:
        SpecError: a pattern that fits no layer, or a layer that changes the shape.
    """
    smaller = rehearse(context)
    data = calibration(context.experiment, context.section.calibration, context.seed, smaller)
    with phase(context.timing, "recalibrate"):
        recalibrate(smaller, data)
    return Outcome(network=smaller)


def rehearse(context: Context) -> Any:
    """The network without the layers.

    Raises:
        SpecError: as `run`.
    """
    try:
        return drop_layers(context.network(), context.section.layers)
    except PatternError as error:
        raise SpecError(patterns.problems(context, error)) from error
    except ValueError as error:
        raise SpecError(Problem((*context.path, "layers"), str(error))) from error
