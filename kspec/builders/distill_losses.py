"""The losses of `distill`, the lengths of their weights in steps, and whether they fit the task and the layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras

from kspec.builders.experiment import SMOKE_EPOCH, Experiment
from kspec.errors import Gathered, Problem, SpecError, did_you_mean
from kspec.parts.distillation import losses
from kspec.parts.distillation.weight import Ramp, Weight
from kspec.spec.distill import OF_CLASSES, OF_FEATURES, OF_NUMBERS, SELF, Distill, ScheduledWeight
from kspec.spec.duration import Span, as_tree

Address = tuple[str | int, ...]
LISTED = 12
"""So many names of layers are listed."""


@dataclass(frozen=True)
class Losses:
    """What `Distiller` takes. of_numbers: whether outputs are compared as they are."""

    soft: list[Any]
    hard_weight: Weight
    of_numbers: bool


def build_losses(section: Distill, path: Address, experiment: Experiment, *, smoke: bool) -> Losses:
    """The losses of a section at `path` of the spec.

    Raises:
        SpecError: every loss that does not fit the task, and every length that does not fit into the training.
    """
    regression = experiment.targets.task == "regression"
    length = _Length(SMOKE_EPOCH if smoke else experiment.steps_per_epoch, experiment.spec.training.epochs)
    gathered = Gathered()
    gathered.part(lambda: _fit_the_task(section, path, regression), None)
    hard: Any = gathered.part(lambda: length.weight(section.hard_weight, (*path, "hard_weight")), None)
    chosen = section.losses(regression=regression)
    places = _places(section, path, chosen)
    weights: list[Any] = [
        gathered.part(partial(length.weight, one.weight, place), None)
        for (_, one), place in zip(chosen, places, strict=True)
    ]
    gathered.stop()
    soft = [
        getattr(losses, name)(**{**dict(one), "weight": weight})
        for (name, one), weight in zip(chosen, weights, strict=True)
    ]
    return Losses(soft, hard, any(name == OF_NUMBERS for name, _ in chosen))


def check_layers(section: Distill, path: Address, teacher: Any, student: keras.Model) -> None:
    """Looks for the layers that losses to features name.

    teacher: the network; anything else has no layers of its own to look at: several of them, or the student's past.

    Raises:
        SpecError: every name that no layer has.
    """
    by_key = {"student_layer_name": student}
    if isinstance(teacher, keras.Model) or section.teacher == (SELF,):
        by_key["teacher_layer_name"] = teacher if isinstance(teacher, keras.Model) else student
    found = []
    for number, one in enumerate(section.soft or ()):
        name, loss = one.chosen
        for key, network in by_key.items() if name in OF_FEATURES else ():
            names = [layer.name for layer in network.layers]
            if (given := getattr(loss, key)) not in names:
                found.append(_no_layer((*path, "soft", number, name, key), given, names))
    if found:
        raise SpecError(found)


def _no_layer(place: Address, given: str, names: Sequence[str]) -> Problem:
    more = f", ... ({len(names)} in all)" if len(names) > LISTED else ""
    whose = str(place[-1]).partition("_")[0]
    expected = f"one of {', '.join(names[:LISTED])}{more}"
    return Problem(place, f"the {whose} has no layer of this name", expected, given, did_you_mean(given, names))


def _places(section: Distill, path: Address, chosen: Sequence[tuple[str, Any]]) -> list[Address]:
    """Where the weights of the losses stand."""
    if section.soft is None:
        return [(*path, "weight")]
    return [(*path, "soft", number, name, "weight") for number, (name, _) in enumerate(chosen)]


def _fit_the_task(section: Distill, path: Address, regression: bool) -> None:
    """A regression has no classes, whose probabilities a temperature could soften."""
    if not regression:
        return
    expected = f"{OF_NUMBERS}, the mean squared difference of the predictions"
    found = []
    if section.temperature is not None:
        message = "a regression has no probabilities to soften"
        found.append(Problem((*path, "temperature"), message, f"no temperature: {expected}", on_key=True))
    for number, one in enumerate(section.soft or ()):
        if (name := one.chosen[0]) in OF_CLASSES:
            message = f"{name} is for classes, and the task is a regression"
            found.append(Problem((*path, "soft", number, name), message, expected, on_key=True))
    if found:
        raise SpecError(found)


@dataclass(frozen=True)
class _Length:
    """The length of the training in steps."""

    steps_per_epoch: int
    epochs: int

    def weight(self, section: ScheduledWeight, path: Address) -> Weight:
        """A number, or the function of the step, which is final at the last step at the latest.

        Raises:
            SpecError: a length that is longer than the training, or the end before the begin.
        """
        if section.initial is None:
            return section.final
        total = self.steps_per_epoch * self.epochs
        gathered = Gathered()
        begin = gathered.part(lambda: self._steps(section.begin, total, (*path, "begin")), 0)
        end = gathered.part(lambda: self._steps(section.end, total, (*path, "end")), total)
        gathered.stop()
        if end < begin:
            message = f"the weight changes between `begin` and `end`, and this is step {end} of the training"
            raise SpecError(Problem((*path, "end"), message, f"more than {begin} steps", str(as_tree(section.end))))
        last = max(min(end, total - 1), begin + 1)
        return Ramp(section.initial, section.final, begin, last, section.curve)

    def _steps(self, span: Span, total: int, path: Address) -> int:
        steps = span.steps(self.steps_per_epoch, self.epochs)
        if steps > total:
            message = f"{steps} steps are more than the training, which has {total} steps"
            raise SpecError(Problem(path, message, f"at most {total} steps", str(as_tree(span))))
        return steps
