"""`training.learning_rate`: the lengths as expressions in steps, and the schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kspec.eject.code import Call, Name, flat, statement
from kspec.eject.known import Known
from kspec.spec.duration import Span
from kspec.spec.learning_rate import LearningRate

SCHEDULES = "keras.optimizers.schedules"


def learning_rate(known: Known) -> tuple[Any, list[str]]:
    """The `learning_rate` of the optimizer, None for its own, and the lines that it needs."""
    section = known.spec.training.learning_rate
    if section is None:
        return None, []
    kind, decay = section.decay.chosen
    warmup = section.warmup.steps(known.experiment.steps_per_epoch, known.spec.training.epochs) > 0
    is_number = kind == "plateau" or (kind == "constant" and not warmup)
    lines = [f"WARMUP_STEPS = {_steps(section.warmup)}"] if warmup else []
    if not is_number:
        after = SCHEDULE[kind](section, decay, warmup)
        if "DECAY_STEPS" in flat(after):
            left = "TOTAL_STEPS - WARMUP_STEPS - 1" if warmup else "TOTAL_STEPS - 1"
            lines.append(f"DECAY_STEPS = max({left}, 1)  # the last step has the last rate")
        if kind == "step":
            lines.append("# The steps at which the rate falls; Keras takes the last step before each.")
            lines.append(statement("falls = ", [Name(_steps(span)) for span in decay.at]))
        lines.append(statement("learning_rate = ", _warmed(section, after) if warmup else after))
    if any("TOTAL_STEPS" in line for line in lines):
        lines.insert(0, "TOTAL_STEPS = STEPS_PER_EPOCH * EPOCHS")
    return section.peak if is_number else Name("learning_rate"), lines


def _warmed(section: LearningRate, after: Any) -> Call:
    options: dict[str, Any] = {"warmup_steps": Name("WARMUP_STEPS")}
    if section.initial:
        options["initial"] = section.initial
    if section.warmup_curve != "linear":
        options["warmup_curve"] = section.warmup_curve
    return Call("Warmup", (after,), options)


def _steps(span: Span) -> str:
    """A length of training as the expression that gives its steps."""
    number = repr(int(span.value)) if span.value == int(span.value) else repr(span.value)
    if span.unit == "steps":
        return str(round(span.value))
    whole = "TOTAL_STEPS" if span.unit == "fraction" else "STEPS_PER_EPOCH"
    if span.value == 1:
        return whole
    return f"{number} * {whole}" if span.value == int(span.value) else f"round({number} * {whole})"


def _cosine(section: LearningRate, decay: Any, warmup: bool) -> Any:
    alpha = {"alpha": Name(f"{section.final!r} / {section.peak!r}")} if section.final else {}
    return Call(f"{SCHEDULES}.CosineDecay", (section.peak, Name("DECAY_STEPS")), alpha)


def _cosine_restarts(section: LearningRate, decay: Any, warmup: bool) -> Any:
    options: dict[str, Any] = {"t_mul": decay.t_mul, "m_mul": decay.m_mul}
    if section.final:
        options["alpha"] = Name(f"{section.final!r} / {section.peak!r}")
    return Call(f"{SCHEDULES}.CosineDecayRestarts", (section.peak, Name(_steps(decay.first))), options)


def _linear(section: LearningRate, decay: Any, warmup: bool) -> Any:
    return Call(f"{SCHEDULES}.PolynomialDecay", (section.peak, Name("DECAY_STEPS"), section.final))


def _polynomial(section: LearningRate, decay: Any, warmup: bool) -> Any:
    return Call(f"{SCHEDULES}.PolynomialDecay", (section.peak, Name("DECAY_STEPS"), section.final, decay.power))


def _exponential(section: LearningRate, decay: Any, warmup: bool) -> Any:
    share = Name(f"{section.final!r} / {section.peak!r}")
    return Call(f"{SCHEDULES}.ExponentialDecay", (section.peak, Name("DECAY_STEPS"), share))


def _step(section: LearningRate, decay: Any, warmup: bool) -> Any:
    before = " - WARMUP_STEPS" if warmup else ""
    bounds = Name(f"[step{before} - 1 for step in falls]")
    values = Name(f"[{section.peak!r} * {decay.factor!r}**number for number in range(len(falls) + 1)]")
    return Call(f"{SCHEDULES}.PiecewiseConstantDecay", (bounds, values))


def _inverse_sqrt(section: LearningRate, decay: Any, warmup: bool) -> Any:
    return Call("InverseSqrt", (section.peak, Name("WARMUP_STEPS")))


def _one_cycle(section: LearningRate, decay: Any, warmup: bool) -> Any:
    return Call(
        "OneCycle",
        (section.peak, Name("TOTAL_STEPS")),
        {"up": decay.up, "divide": decay.divide, "final": section.final},
    )


def _constant(section: LearningRate, decay: Any, warmup: bool) -> Any:
    return section.peak


SCHEDULE: Mapping[str, Callable[[LearningRate, Any, bool], Any]] = {
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
