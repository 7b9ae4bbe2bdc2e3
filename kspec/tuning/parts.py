"""The trainings of a trial: one for each seed and each fold, every one a run of its own."""

from __future__ import annotations

from dataclasses import dataclass

from kspec.spec import Spec
from kspec.spec.data import Fold
from kspec.spec.tune import Tune


@dataclass(frozen=True)
class Part:
    """One training of a trial. name: of its folder below that of the trial; "" where the trial has one training."""

    name: str
    seed: int
    fold: Fold | None


def parts(spec: Spec, tune: Tune) -> list[Part]:
    """The trainings of a trial with this spec, folds within seeds."""
    folds = [None] if tune.folds is None else [Fold(number=number, of=tune.folds) for number in range(tune.folds)]
    found = []
    for execution in range(tune.executions):
        for fold in folds:
            words = [f"seed{spec.seed + execution}"] if tune.executions > 1 else []
            words += [] if fold is None else [f"fold{fold.number}"]
            found.append(Part("-".join(words), spec.seed + execution, fold))
    return found


def part_spec(spec: Spec, part: Part) -> Spec:
    """The spec of one training."""
    data = spec.data if part.fold is None else spec.data.model_copy(update={"validation": None, "fold": part.fold})
    return spec.model_copy(update={"seed": part.seed, "data": data})


def base_training(spec: Spec) -> Spec:
    """The spec of what a trial trains: the base, without the stages and gates that come after it."""
    return spec.model_copy(update={"stages": (), "require": {}})
