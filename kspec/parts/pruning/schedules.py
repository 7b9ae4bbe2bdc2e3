"""How sparse the weights are to be at which step: TF-MOT's two schedules, without TensorFlow.

A schedule is anything that is called with a step and gives (whether the masks are renewed at this step, the sparsity),
as the schedules of `tensorflow_model_optimization.sparsity.keras` do. Steps count from 1; the sparsity is a share of
the weights, from 0 up to, but not including, 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from kspec.parts.pruning import arguments

Schedule = Callable[[Any], Any]


@dataclass(frozen=True)
class ConstantSparsity:
    """The same sparsity from `begin_step` on: the masks are renewed every `frequency` steps.

    target_sparsity: in [0, 1). begin_step: the first step that renews them; the first step of a training is 1.
    end_step: the last that may; -1 (default): none is the last. frequency: in steps, 100 by default.
    Raises ValueError for an argument out of range or a step with a fraction, TypeError for one that is no number.

    Source: `tfmot.sparsity.keras.ConstantSparsity`, whose arguments and bits these are.

    Example:
        PruneLowMagnitude(ConstantSparsity(0.5, begin_step=0, frequency=100))
    """

    target_sparsity: float
    begin_step: int
    end_step: int = -1
    frequency: int = 100

    def __post_init__(self) -> None:
        _make_plain(self, ("target_sparsity",))

    @property
    def final(self) -> float:
        """The sparsity at the end."""
        return self.target_sparsity

    def __call__(self, step: int) -> tuple[bool, np.float32]:
        """Whether the masks are renewed at this step, and the sparsity."""
        return is_due(self, step), np.float32(self.target_sparsity)

    def with_final(self, sparsity: float) -> ConstantSparsity:
        """The same schedule with another sparsity."""
        return replace(self, target_sparsity=sparsity)


@dataclass(frozen=True)
class PolynomialDecay:
    """The sparsity rises from `initial_sparsity` to `final_sparsity`, fast at first:

        final + (initial - final) * (1 - (step - begin_step) / (end_step - begin_step)) ** power

    The masks are renewed at begin_step and every `frequency` steps after it, up to end_step; so the final sparsity is
    reached only if `frequency` divides end_step - begin_step.

    initial_sparsity, final_sparsity: in [0, 1). begin_step, end_step: the first step of a training is 1.
    power: 3 by default. frequency: in steps, 100 by default.
    Raises ValueError for an argument out of range or a step with a fraction, TypeError for one that is no number.

    Sources: M. Zhu & S. Gupta, arXiv:1710.01878, equation 1, with power 3; `tfmot.sparsity.keras.PolynomialDecay`,
    whose arguments and bits these are. It has nothing to do with the learning rate.

    Example:
        PruneLowMagnitude(PolynomialDecay(0.0, 0.8, begin_step=0, end_step=2000, frequency=100))
    """

    initial_sparsity: float
    final_sparsity: float
    begin_step: int
    end_step: int
    power: float = 3
    frequency: int = 100

    def __post_init__(self) -> None:
        _make_plain(self, ("initial_sparsity", "final_sparsity"))
        object.__setattr__(self, "power", arguments.number(self.power, "power"))
        if self.power <= 0:
            raise ValueError(f"power must be above 0, not {self.power}")
        if self.end_step == -1:
            raise ValueError("end_step cannot be -1: the sparsity has to arrive somewhere")
        if self.end_step == self.begin_step:
            raise ValueError("end_step must come after begin_step; ConstantSparsity prunes at once")

    @property
    def final(self) -> float:
        """The sparsity at the end."""
        return self.final_sparsity

    def __call__(self, step: int) -> tuple[bool, np.float32]:
        """Whether the masks are renewed at this step, and the sparsity."""
        # In float32 as TF-MOT computes it. Only the power is taken in float64 and rounded, which is what TensorFlow's
        # float32 power gives.
        done = np.float32(int(step) - self.begin_step) / np.float32(self.end_step - self.begin_step)
        left = np.float32(1) - np.minimum(np.float32(1), np.maximum(np.float32(0), done))
        raised = np.float32(np.float64(left) ** np.float64(np.float32(self.power)))
        rise = np.float32(self.initial_sparsity - self.final_sparsity)
        return is_due(self, step), np.float32(rise * raised + np.float32(self.final_sparsity))

    def with_final(self, sparsity: float) -> PolynomialDecay:
        """The same schedule to another sparsity, which is also the most that it begins with."""
        return replace(self, final_sparsity=sparsity, initial_sparsity=min(self.initial_sparsity, sparsity))


Known = ConstantSparsity | PolynomialDecay
K = TypeVar("K", ConstantSparsity, PolynomialDecay)
KNOWN: dict[str, type[Known]] = {"ConstantSparsity": ConstantSparsity, "PolynomialDecay": PolynomialDecay}


def is_due(schedule: Known, step: int) -> bool:
    """Whether the masks are renewed at a step."""
    is_between = int(step) >= schedule.begin_step and (schedule.end_step < 0 or int(step) <= schedule.end_step)
    return is_between and (int(step) - schedule.begin_step) % schedule.frequency == 0


def last_update(schedule: Known) -> int | None:
    """The last step that renews the masks; None where none is the last, 0 where no step does."""
    if schedule.end_step < 0:
        return None
    return schedule.end_step - (schedule.end_step - schedule.begin_step) % schedule.frequency


def next_due(schedule: Schedule, step: int) -> float:
    """The first step after this one at which the masks may be renewed; infinite where none does.

    Of a schedule that is not one of the two here only its answer for a step tells: then it is the very next step.
    """
    if type(schedule) not in KNOWN.values():
        return step + 1
    begin, end, frequency = schedule.begin_step, schedule.end_step, schedule.frequency  # type: ignore[attr-defined]
    first = max(step + 1, begin, 1)
    found = first + (begin - first) % frequency
    return math.inf if 0 <= end < found else found


def known(schedule: Schedule) -> Known | None:
    """One of the two schedules here, also from TF-MOT's object of the same class; None for any other."""
    if isinstance(schedule, ConstantSparsity | PolynomialDecay):
        return schedule
    name, module = type(schedule).__name__, type(schedule).__module__
    if name not in KNOWN or not module.startswith("tensorflow_model_optimization."):
        return None
    return KNOWN[name](**{field.name: getattr(schedule, field.name) for field in fields(KNOWN[name])})


def read(schedule: Schedule, step: int) -> tuple[bool, np.float32]:
    """What a schedule says of a step, as plain numbers, also where it answers in tensors as TF-MOT's do.

    Raises:
        TypeError: a schedule of one's own gives no pair of a truth and a number.
        ValueError: it renews the masks with a sparsity out of range.
    """
    answer = schedule(step)
    try:
        due, given = answer
        renews, sparsity = bool(due), np.float32(given)
    except (TypeError, ValueError) as error:
        raise TypeError(f"a schedule must give (renew, sparsity), not {answer!r}, as it does at step {step}") from error
    # The float32 of a checked sparsity just below 1 may be 1.
    if renews and type(schedule) not in KNOWN.values() and not 0 <= sparsity < 1:
        raise ValueError(f"a sparsity must be at least 0 and below 1, and the schedule gives {sparsity} at step {step}")
    return renews, sparsity


def _make_plain(schedule: Known, sparsities: tuple[str, ...]) -> None:
    """Puts Python's numbers in place of NumPy's, and of whole floats, and checks them."""
    for name in ("begin_step", "end_step", "frequency"):
        object.__setattr__(schedule, name, arguments.whole(getattr(schedule, name), name))
    _check_steps(schedule.begin_step, schedule.end_step, schedule.frequency)
    for name in sparsities:
        object.__setattr__(schedule, name, arguments.share(getattr(schedule, name), name))


def _check_steps(begin: int, end: int, frequency: int) -> None:
    if begin < 0:
        raise ValueError(f"begin_step must be at least 0, not {begin}")
    if end != -1 and end < begin:
        raise ValueError(f"end_step must be -1 or at least begin_step, {begin}, not {end}")
    if frequency <= 0:
        raise ValueError(f"frequency must be at least 1 step, not {frequency}")
