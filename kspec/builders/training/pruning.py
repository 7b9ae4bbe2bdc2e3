"""`training.pruning` as the callback that prunes, its lengths in steps."""

from __future__ import annotations

import math
from typing import Any

import keras

from kspec.errors import Problem, SpecError, did_you_mean
from kspec.parts.pruning import schedules
from kspec.parts.pruning.callback import PruneLowMagnitude
from kspec.parts.pruning.targets import LISTED, PatternError, groups
from kspec.spec import pruning as sections
from kspec.spec.duration import as_tree
from kspec.spec.training import Training

PATH = ("training", "pruning")


def build_pruning(training: Training, model: keras.Model, steps_per_epoch: int) -> tuple[PruneLowMagnitude, ...]:
    """The callback in a tuple; () where the spec does not prune.

    Raises:
        SpecError: a pattern that matches nothing, a weight that the blocks do not fit, lengths that do not fit into the
            training, an engine that is not there, or an early stop that would bring back weights from before the end.
    """
    section = training.pruning
    if section is None:
        return ()
    schedule = _schedule(section, steps_per_epoch, training.epochs)
    if schedule is not None:
        _restores_late_enough(training, schedule, steps_per_epoch)
    arguments = section.model_dump(exclude={"schedule"}) | {"layers": dict(section.layers)}
    try:
        callback = PruneLowMagnitude(schedule, warn=False, **arguments)
        groups(model, callback.schedule, callback.choice, callback.pattern)
    except PatternError as error:
        raise SpecError(_problem(section, one) for one in error.each) from error
    except (ImportError, ValueError) as error:
        raise SpecError(Problem((*PATH, "engine"), str(error))) from error
    return (callback,)


def _problem(section: sections.Pruning, error: PatternError) -> Problem:
    """The error at its key, down to the pattern in a list of them."""
    key, *rest = error.argument
    listed = getattr(section, key)
    if key in ("match", "exclude") and error.pattern in listed:
        rest = [listed.index(error.pattern)]
    more = f", ... ({len(error.known)} in all)" if len(error.known) > LISTED else ""
    expected = f"a pattern over {', '.join(error.known[:LISTED])}{more}" if error.known else ""
    hint = did_you_mean(error.pattern, error.known)
    on_key = key == "layers" or key not in section.model_fields_set
    # A key that the file does not have is blamed where `pruning` stands.
    place = (*PATH, key, *rest) if key in section.model_fields_set else PATH
    return Problem(place, error.message, expected, hint=hint, on_key=on_key)


def _schedule(section: sections.Pruning, steps_per_epoch: int, epochs: int) -> schedules.Known | None:
    if section.schedule is None:
        return None
    name, chosen = section.schedule.chosen
    begin, end, frequency = _steps(name, chosen, steps_per_epoch, epochs)
    # TF-MOT renews masks `frequency` steps after `begin` and so on: the last time is `end` if the way is a multiple.
    begin = end - (end - begin) // frequency * frequency
    if name == "ConstantSparsity":
        return schedules.ConstantSparsity(chosen.target_sparsity, begin, end, frequency)
    return schedules.PolynomialDecay(
        chosen.initial_sparsity, chosen.final_sparsity, begin, end, chosen.power, frequency
    )


def _steps(name: str, chosen: Any, steps_per_epoch: int, epochs: int) -> tuple[int, int, int]:
    """begin, end and frequency in steps.

    Raises:
        SpecError: they do not fit into each other or into the training.
    """
    place, total = (*PATH, "schedule", name), steps_per_epoch * epochs
    begin, end = (span.steps(steps_per_epoch, epochs) for span in (chosen.begin, chosen.end))
    frequency = max(chosen.frequency.steps(steps_per_epoch, epochs), 1)
    if end > total:
        message = f"the training ends before, after {total:,} steps"
        raise SpecError(Problem((*place, "end"), message, "at most the whole training, 100%", str(as_tree(chosen.end))))
    if begin >= end:
        message = f"begins at step {begin:,}, and ends at step {end:,}"
        raise SpecError(Problem((*place, "begin"), message, "a begin before the end", str(as_tree(chosen.begin))))
    if frequency > end - begin:
        message = f"every {frequency:,} steps, and there are {end - begin:,} from begin to end"
        found = str(as_tree(chosen.frequency))
        raise SpecError(Problem((*place, "frequency"), message, "a shorter length", found))
    return begin, end, frequency


def _restores_late_enough(training: Training, schedule: schedules.Known, steps_per_epoch: int) -> None:
    """Refuses an early stop that brings back weights from before the sparsity was final.

    Raises:
        SpecError: at the callback.
    """
    last = schedule.end_step if isinstance(schedule, schedules.PolynomialDecay) else schedules.next_due(schedule, 0)
    first = math.ceil(last / steps_per_epoch) - 1  # the first epoch, from 0, that ends with the final sparsity
    if not first:
        return
    for number, component in enumerate(training.callbacks):
        given = component.arguments
        restores = (
            component.name == "EarlyStopping" and "restore_best_weights" in given and given["restore_best_weights"]
        )
        if restores and ("start_from_epoch" not in given or given["start_from_epoch"] < first):
            place = ("training", "callbacks", number, "EarlyStopping", "restore_best_weights")
            message = "the best weights may be of an epoch in which the sparsity was not final yet"
            raise SpecError(Problem(place, message, f"`start_from_epoch: {first}` beside it", "true"))
