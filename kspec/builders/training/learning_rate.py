"""`training.learning_rate`: one schedule or number, and the callbacks that change it, if any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras.optimizers import schedules

from kspec.builders.training.monitors import Names
from kspec.errors import Gathered, Problem, SpecError
from kspec.parts.callbacks.linear_warmup import LinearWarmup
from kspec.parts.schedules import InverseSqrt, OneCycle, Warmup, decay_steps_after
from kspec.spec import learning_rate as sections
from kspec.spec.duration import Span, as_tree
from kspec.spec.training import Training

PATH = ("training", "learning_rate")
OWNERS = ("ReduceLROnPlateau", "LinearWarmup")
"""Callbacks that set the rate themselves."""


@dataclass(frozen=True)
class Rate:
    """The rate of the optimizer, None for the optimizer's own, and what changes it during the training."""

    rate: float | schedules.LearningRateSchedule | None
    warmup: LinearWarmup | None = None
    plateau: sections.Plateau | None = None
    final: float = 0.0

    def build_callbacks(self, names: Names) -> tuple[keras.callbacks.Callback, ...]:
        """The callbacks that set the rate.

        Raises:
            SpecError: the monitor of `plateau` is not among the names.
        """
        found = () if self.warmup is None else (self.warmup,)
        if self.plateau is None:
            return found
        names.check(self.plateau.monitor, "auto", (*PATH, "decay", "plateau", "monitor"))
        return (*found, keras.callbacks.ReduceLROnPlateau(**self.plateau.model_dump(), min_lr=self.final))


def build_learning_rate(training: Training, steps_per_epoch: int) -> Rate:
    """The rate over the training. Lengths are in batches, as Keras counts steps (with gradient accumulation too).

    A decay reaches `final` at the last step of the training, step total - 1; the first step has `initial`, or without a
    warmup `peak`.

    Raises:
        SpecError: the lengths do not fit into the training, or a callback sets the rate as well.
    """
    section = training.learning_rate
    if section is None:
        return Rate(None)
    name = section.decay.chosen[0]
    total = steps_per_epoch * training.epochs
    gathered = Gathered()
    warmup = gathered.part(lambda: _warmup(section, total, steps_per_epoch, training.epochs), 1)
    gathered.part(lambda: _one_owner(training, name, warmup), None)
    gathered.stop()
    if name == "plateau":
        return _plateau(section, warmup)
    if name == "constant" and not warmup:
        return Rate(section.peak)
    length = Length(steps_per_epoch, training.epochs, warmup)
    after = DECAYS[name](section, length)
    rises = warmup > 0
    return Rate(Warmup(after, warmup, section.initial, section.warmup_curve) if rises else after)


@dataclass(frozen=True)
class Length:
    """The length of the training in steps, and of the warmup in front of it."""

    steps_per_epoch: int
    epochs: int
    warmup: int

    @property
    def total(self) -> int:
        """All steps."""
        return self.steps_per_epoch * self.epochs

    @property
    def decay(self) -> int:
        """Steps from the end of the warmup to the last step."""
        return decay_steps_after(self.warmup, self.total)

    def steps(self, span: Span) -> int:
        """A span in steps."""
        return span.steps(self.steps_per_epoch, self.epochs)


def _warmup(section: sections.LearningRate, total: int, steps_per_epoch: int, epochs: int) -> int:
    steps = section.warmup.steps(steps_per_epoch, epochs)
    if steps >= total:
        message = f"the warmup of {steps} steps leaves nothing of the training, which has {total} steps"
        raise SpecError(Problem((*PATH, "warmup"), message, f"less than {total} steps", str(as_tree(section.warmup))))
    return steps


def _one_owner(training: Training, decay: str, warmup: int) -> None:
    """Refuses callbacks that set a rate which a schedule sets already; Keras notices only when the callback fires."""
    if decay == "constant" and not warmup:
        return
    wrong = []
    for number, callback in enumerate(training.callbacks):
        if callback.name in OWNERS:
            owner = f"training.learning_rate has {'a warmup' if decay == 'constant' else f'the decay {decay}'}"
            message = f"two owners of the learning rate: {callback.name}, and {owner}"
            hint = "remove the callback; `learning_rate: {decay: plateau}` goes with a warmup"
            wrong.append(Problem(("training", "callbacks", number, callback.name), message, hint=hint, on_key=True))
    if wrong:
        raise SpecError(wrong)


def _plateau(section: sections.LearningRate, warmup: int) -> Rate:
    if warmup and section.warmup_curve != "linear":
        message = "plateau goes with a linear warmup only"
        raise SpecError(Problem((*PATH, "warmup_curve"), message, "linear", section.warmup_curve))
    rise = LinearWarmup(warmup, section.initial) if warmup else None
    return Rate(section.peak, rise, section.decay.plateau, section.final)


def _constant(section: sections.LearningRate, length: Length) -> float:
    return section.peak


def _cosine(section: sections.LearningRate, length: Length) -> Any:
    return schedules.CosineDecay(section.peak, length.decay, alpha=section.final / section.peak)


def _cosine_restarts(section: sections.LearningRate, length: Length) -> Any:
    chosen: sections.CosineRestarts = section.decay.chosen[1]
    first = length.steps(chosen.first)
    if first < 1:
        path = (*PATH, "decay", "cosine_restarts", "first")
        raise SpecError(Problem(path, "a period of no steps", "at least 1 step", str(as_tree(chosen.first))))
    alpha = section.final / section.peak
    return schedules.CosineDecayRestarts(section.peak, first, chosen.t_mul, chosen.m_mul, alpha)


def _linear(section: sections.LearningRate, length: Length) -> Any:
    return schedules.PolynomialDecay(section.peak, length.decay, section.final)


def _polynomial(section: sections.LearningRate, length: Length) -> Any:
    power = section.decay.chosen[1].power
    return schedules.PolynomialDecay(section.peak, length.decay, section.final, power)


def _exponential(section: sections.LearningRate, length: Length) -> Any:
    return schedules.ExponentialDecay(section.peak, length.decay, section.final / section.peak)


def _step(section: sections.LearningRate, length: Length) -> Any:
    chosen: sections.Step = section.decay.chosen[1]
    path = (*PATH, "decay", "step", "at")
    points = [length.steps(span) for span in chosen.at]
    for number, point in enumerate(points):
        before = points[number - 1] if number else length.warmup
        if not before < point < length.total:
            expected = f"above {before} and below {length.total} steps, the length of the training"
            raise SpecError(Problem((*path, number), f"step {point} is no point to fall at", expected))
    # Keras changes the value after a boundary: a fall at step 10 is boundary 9.
    boundaries = [point - length.warmup - 1 for point in points]
    values = [section.peak * chosen.factor**number for number in range(len(points) + 1)]
    return schedules.PiecewiseConstantDecay(boundaries, values)


def _inverse_sqrt(section: sections.LearningRate, length: Length) -> InverseSqrt:
    if not length.warmup:
        message = "inverse_sqrt takes its scale from the warmup, and there is none"
        raise SpecError(Problem((*PATH, "warmup"), message, "a warmup of at least 1 step"))
    return InverseSqrt(section.peak, length.warmup)


def _one_cycle(section: sections.LearningRate, length: Length) -> OneCycle:
    chosen: sections.OneCycle = section.decay.chosen[1]
    if length.total < 2:
        raise SpecError(Problem((*PATH, "decay", "one_cycle"), "one_cycle needs a training of at least 2 steps"))
    return OneCycle(section.peak, length.total, chosen.up, chosen.divide, section.final)


DECAYS: Mapping[str, Callable[[sections.LearningRate, Length], Any]] = {
    "constant": _constant,
    "cosine": _cosine,
    "cosine_restarts": _cosine_restarts,
    "linear": _linear,
    "polynomial": _polynomial,
    "exponential": _exponential,
    "step": _step,
    "inverse_sqrt": _inverse_sqrt,
    "one_cycle": _one_cycle,
}
"""Decay -> the schedule after the warmup; `plateau` is a callback."""
