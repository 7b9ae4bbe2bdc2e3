"""`training.learning_rate`: the one owner of the rate. A number is a constant rate.

learning_rate: 0.001
learning_rate: {peak: 0.4, warmup: 2 epochs, decay: cosine, final: 0.001}
learning_rate: {peak: 0.1, decay: {step: {at: [50%, 75%], factor: 0.1}}}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from kspec import catalog
from kspec.errors import Problem
from kspec.spec.base import ListedOrSingle, OneOf, Section, refuse
from kspec.spec.duration import Duration, Span
from kspec.spec.forms import or_value


class Constant(Section):
    """The peak rate to the end."""


class Cosine(Section):
    """Half a cosine from peak to final (Loshchilov & Hutter 2017, arXiv:1608.03983)."""


class CosineRestarts(Section):
    """Cosines that start again (SGDR, Loshchilov & Hutter 2017, arXiv:1608.03983)."""

    first: Duration = Span(value=0.1, unit="fraction")
    """Length of the first period."""
    t_mul: float = Field(default=2.0, ge=1)
    """Each period is this many times longer than the one before."""
    m_mul: float = Field(default=1.0, gt=0, le=1)
    """Each period starts at this share of the peak before."""


class Linear(Section):
    """A straight line from peak to final."""


class Polynomial(Section):
    """final + (peak - final) * (1 - t) ** power."""

    power: float = Field(default=2.0, gt=0)
    """The exponent."""


class Exponential(Section):
    """peak * (final / peak) ** t; `final` must be above zero."""


class Step(Section):
    """The rate is multiplied by `factor` at each point."""

    at: Annotated[ListedOrSingle[Duration], Field(min_length=1)] = Field(examples=[["50%", "75%"]])
    """The points, counted from the start of the training."""
    factor: float = Field(default=0.1, gt=0, lt=1)
    """What the rate is multiplied by."""


class InverseSqrt(Section):
    """peak * sqrt(scale / (step + scale)) after the warmup, scale = its length (Vaswani et al. 2017, section 5.3)."""


class OneCycle(Section):
    """Up to the peak by a cosine and down to final by a cosine (Smith & Topin 2018, arXiv:1708.07120)."""

    up: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of the training spent on the way up; takes the place of `warmup`."""
    divide: float = Field(default=25.0, gt=1)
    """The rate starts at peak / divide."""


class Plateau(Section):
    """The rate is multiplied by `factor` when the monitor stops improving (keras.callbacks.ReduceLROnPlateau)."""

    monitor: str = "val_loss"
    """The metric to watch."""
    factor: float = Field(default=0.1, gt=0, lt=1)
    """What the rate is multiplied by."""
    patience: int = Field(default=10, ge=0)
    """Epochs without improvement before the rate falls."""
    min_delta: float = Field(default=1e-4, ge=0)
    """A smaller change is no improvement."""
    cooldown: int = Field(default=0, ge=0)
    """Epochs to wait after a fall."""


class Decay(OneOf):
    """The way from the peak to the end."""

    constant: Constant | None = None
    """No decay."""
    cosine: Cosine | None = None
    """Half a cosine."""
    cosine_restarts: CosineRestarts | None = None
    """Cosines that start again."""
    linear: Linear | None = None
    """A straight line."""
    polynomial: Polynomial | None = None
    """A power of the time left."""
    exponential: Exponential | None = None
    """The same factor at every step."""
    step: Step | None = None
    """Falls at given points."""
    inverse_sqrt: InverseSqrt | None = None
    """One over the square root of the step."""
    one_cycle: OneCycle | None = None
    """Up and down by cosines."""
    plateau: Plateau | None = None
    """Falls when a metric stops improving."""


class LearningRate(Section):
    """The rate over the whole training."""

    model_config = ConfigDict(json_schema_extra=or_value("peak", {"type": "number", "exclusiveMinimum": 0}))

    peak: float = Field(gt=0, examples=[0.001])
    """The rate after the warmup."""
    warmup: Duration = Span(value=0.0, unit="fraction")
    """Length of the rise from `initial` to `peak`."""
    warmup_curve: Literal["linear", "exponential"] = "linear"
    """The shape of the rise; `exponential` needs `initial` above zero."""
    initial: float = Field(default=0.0, ge=0)
    """The rate at the first step of the warmup."""
    decay: Decay = Decay(constant=Constant())
    """What happens after the warmup."""
    final: float = Field(default=0.0, ge=0)
    """The rate at the end of the decay; with `plateau` the lowest rate."""

    @model_validator(mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        keys = [key for key in value if key not in cls.model_fields] if isinstance(value, dict) else []
        if schedules := [key for key in keys if catalog.knows("schedule", key)]:
            hint = "`kspec list decay` shows the decays, e.g. {peak: 0.1, warmup: 2 epochs, decay: cosine}"
            message = f"'{schedules[0]}' is a Keras schedule, which counts steps"
            raise refuse(
                Problem((schedules[0],), message, "a number, or peak, warmup and decay", "", hint, on_key=True)
            )
        return {"peak": value} if isinstance(value, int | float) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _above_zero(self) -> LearningRate:
        if self.warmup.value and self.warmup_curve == "exponential" and not self.initial:
            raise refuse(Problem(("initial",), "an exponential warmup cannot start at zero", "initial above 0", "0"))
        if self.decay.exponential is not None and not self.final:
            raise refuse(Problem(("final",), "an exponential decay cannot end at zero", "final above 0", "0"))
        if self.decay.one_cycle is not None and self.warmup.value:
            raise refuse(Problem(("warmup",), "one_cycle has its own way up", "decay.one_cycle.up, and no warmup"))
        return self
