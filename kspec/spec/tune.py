"""`tune`: the search over values of the same file. `kspec run` ignores it, and it ignores `stages` and `require`.

tune:
  algorithm: bayesian
  objective: val_accuracy
  trials: 30
  space:
    training.learning_rate.peak: {log: [0.01, 1.0]}
    training.optimizer: {choice: [Adam, {SGD: {momentum: 0.9}}]}
    training.optimizer.SGD.momentum: {float: [0.0, 0.95], when: {training.optimizer: SGD}}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from kspec.catalog.types import quoted
from kspec.errors import Problem, did_you_mean
from kspec.spec.base import ListedOrSingle, OneOf, Section, refuse
from kspec.spec.dimension import Dimension, known, listed, possible
from kspec.spec.forms import TEXT, Json, or_value

Direction = Literal["min", "max"]
MEASURED: dict[str, Direction] = {"parameters": "min", "seconds": "min"}
"""Objectives that no training logs: numbers in the model, and seconds of training."""
_DOWN = (
    "loss",
    "error",
    "entropy",
    "divergence",
    "hinge",
    "poisson",
    "mse",
    "mae",
    "false_positives",
    "false_negatives",
)
_UP = ("accuracy", "acc", "auc", "precision", "recall", "f1", "fbeta", "r2", "iou", "similarity", "sensitivity",
       "specificity", "true_positives", "true_negatives")  # fmt: skip


class Grid(Section):
    """Every combination; of a range without `step`, ten values."""


class Random(Section):
    """Random values, no combination twice."""


class Bayesian(Section):
    """A Gaussian process over the trials so far, and the best upper confidence bound under it."""

    initial: int | None = Field(default=None, ge=1, examples=[8])
    """Random trials before the first proposal; by default three for each dimension of the space."""
    alpha: float = Field(default=1e-4, gt=0)
    """The noise that is expected in the objective."""
    beta: float = Field(default=2.6, ge=0)
    """How much the search explores: the weight of the uncertainty."""


class Hyperband(Section):
    """Many short trainings, of which the best go on (Li et al. 2018, arXiv:1603.06560); `training.epochs` is the
    length of the longest. A trial that goes on continues from its state."""

    factor: int = Field(default=3, ge=2)
    """One trial in `factor` goes on, for `factor` times as many epochs."""
    iterations: int = Field(default=1, ge=1, le=1000)
    """How often the whole of Hyperband runs."""


class Algorithm(OneOf):
    """Which values the next trial takes; KerasTuner's oracles."""

    grid: Grid | None = None
    """Every combination."""
    random: Random | None = None
    """Random values."""
    bayesian: Bayesian | None = None
    """A model of the objective."""
    hyperband: Hyperband | None = None
    """Short trainings first."""


def direction_of(metric: str) -> Direction | None:
    """Which way a metric is better by its name; None where the name does not tell."""
    if metric in MEASURED:
        return MEASURED[metric]
    words = metric.removeprefix("val_").lower()
    if any(word in words for word in _DOWN):
        return "min"
    return "max" if any(word in words for word in _UP) else None


def _without_direction(schema: Json) -> None:
    """`direction` is filled in by the metric's name."""
    schema["required"] = ["metric"]
    or_value("metric", TEXT)(schema)


class Objective(Section):
    """What makes a trial better."""

    model_config = ConfigDict(json_schema_extra=_without_direction)

    metric: str = Field(min_length=1, examples=["val_accuracy"])
    """A name that the training logs, e.g. `val_accuracy`, `val_loss`; or `parameters`, `seconds`."""
    direction: Direction
    """Whether more or less is better; by default what the metric's name tells."""

    @model_validator(mode="before")
    @classmethod
    def _inferred(cls, value: Any) -> Any:
        tree = {"metric": value} if isinstance(value, str) else value
        if not isinstance(tree, dict) or not isinstance(tree.get("metric"), str):
            return tree
        metric = tree["metric"]
        if metric.startswith("test_"):
            hint = "choose on validation; the test split is measured for every trial all the same"
            raise refuse(Problem((), "nothing may be chosen on the test split", "", metric, hint))
        if tree.get("direction") is not None:
            return tree
        found = direction_of(metric)
        if found is None:
            expected = f"{{metric: {metric}, direction: min}} or {{metric: {metric}, direction: max}}"
            raise refuse(Problem((), f"it is not known which way '{metric}' is better", expected))
        return {**tree, "direction": found}


class Tune(Section):
    """The search over values of this file: `kspec tune`. A trial is the base training, without stages and gates."""

    algorithm: Algorithm = Field(
        default=Algorithm(random=Random()), examples=["bayesian", {"hyperband": {"factor": 3}}]
    )
    """`grid`, `random`, `bayesian` or `hyperband`."""
    objective: Annotated[ListedOrSingle[Objective], Field(min_length=1)] = Field(
        examples=["val_accuracy", ["val_accuracy", "parameters"]]
    )
    """A metric of the finished model. Of several, the sum of their standard scores is searched, and a table shows the
    trials that no other beats."""
    trials: int | None = Field(default=None, ge=1, le=100_000, examples=[30])
    """At most so many trials; grid and hyperband end by themselves."""
    hours: float | None = Field(default=None, gt=0, le=100_000, examples=[8])
    """No trial begins after so many hours."""
    executions: int = Field(default=1, ge=1, le=100)
    """Trainings of each trial, with the seeds `seed`, `seed` + 1, ...; their mean counts."""
    folds: int | None = Field(default=None, ge=2, le=100, examples=[5])
    """Cross-validation: each trial trains on this many folds of the train split; their mean counts."""
    stop_hopeless: bool = True
    """A training ends once it is worse than the median of the finished trials at the same epoch (Golovin et al. 2017,
    Google Vizier, section 3.1); not with hyperband, which has its own way."""
    keep: int = Field(default=1, ge=0, le=100_000)
    """Models of this many of the best trials stay on the disk."""
    space: dict[str, Dimension] = Field(
        min_length=1,
        examples=[{"training.learning_rate.peak": {"log": [0.001, 0.1]}, "data.batch_size": {"choice": [32, 64]}}],
    )
    """Keys of this file, and the values that each can take."""

    @model_validator(mode="after")
    def _ends(self) -> Tune:
        name, _ = self.algorithm.chosen
        if self.trials is None and self.hours is None and name in ("random", "bayesian"):
            raise refuse(
                Problem(
                    (),
                    f"'trials' or 'hours' is missing: nothing else ends a {name} search",
                    "trials, hours, or both",
                    on_key=True,
                )
            )
        return self

    @model_validator(mode="after")
    def _conditions(self) -> Tune:
        problems = []
        for key, dimension in self.space.items():
            for parent, wanted in dimension.when.items():
                problems += [] if parent == key else self._condition(key, parent, wanted)
                if parent == key:
                    problems.append(Problem(("space", key, "when", parent), "a key cannot be its own condition"))
        if problems:
            raise refuse(problems)
        return self

    def _condition(self, key: str, parent: str, wanted: Any) -> list[Problem]:
        path = ("space", key, "when", parent)
        if parent not in self.space:
            hint = did_you_mean(parent, [one for one in self.space if one != key])
            return [
                Problem(
                    path, "a condition names another key of the space", ", ".join(self.space), parent, hint, on_key=True
                )
            ]
        above = self.space[parent]
        if above.kind in ("float", "log"):
            return [
                Problem(path, "a range of numbers cannot be a condition", "a key with choice, int or bool", above.kind)
            ]
        unmet = [one for one in listed(wanted) if not possible(above, one)]
        return [Problem(path, f"'{parent}' never has this value", known(above), quoted(one)) for one in unmet]
