"""What the stages that train have in common: how long, and what is another than in `training`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from kspec.errors import Problem
from kspec.spec.base import Listed, ListedOrSingle, Section, collected
from kspec.spec.component import component_of, component_or
from kspec.spec.distill import Distill
from kspec.spec.learning_rate import LearningRate
from kspec.spec.training import (
    OWNED,
    ClassWeight,
    ParameterGroup,
    Training,
    WeightDecay,
    name_and_arguments,
    with_owners,
)

OVERRIDES = (
    *("steps_per_epoch", "loss", "optimizer", "learning_rate", "weight_decay", "parameter_groups", "class_weight"),
    *("callbacks", "steps_per_execution"),
)
"""Keys of `training` that a stage can set anew."""


class Retraining(Section):
    """A training after the first one: a new optimizer, and what is not said here is as in `training`."""

    epochs: int = Field(ge=1, le=1_000_000, examples=[4])
    """Passes over the train split."""
    distill: Distill | None = Field(default=None, examples=[{"teacher": "base", "temperature": 4}])
    """Learn from a teacher too."""
    freeze: ListedOrSingle[str] | None = Field(default=None, examples=[[], ["stage1*"]])
    """In place of `model.freeze` and of what the stage before left frozen; `[]`: every layer trains. By default the
    layers that did not train stay as they are."""
    steps_per_epoch: int | None = Field(default=None, ge=1, le=1_000_000_000, examples=[500])
    """In place of `training.steps_per_epoch`."""
    loss: component_or("auto", "loss") | None = Field(  # type: ignore[valid-type]
        default=None, examples=["CategoricalCrossentropy"]
    )
    """In place of `training.loss`."""
    optimizer: component_of("optimizer") | None = Field(  # type: ignore[valid-type]
        default=None, examples=[{"SGD": {"momentum": 0.9, "nesterov": True}}]
    )
    """In place of `training.optimizer`; its rate and decay then are its own, unless they are given too."""
    learning_rate: LearningRate | None = Field(
        default=None, examples=[0.001, {"peak": 0.01, "warmup": "10%", "decay": "cosine"}]
    )
    """In place of the whole of `training.learning_rate`, whose shares and epochs are otherwise those of this stage."""
    weight_decay: WeightDecay | None = Field(default=None, examples=[0.0005])
    """In place of the whole of `training.weight_decay`."""
    parameter_groups: Listed[ParameterGroup] | None = Field(
        default=None, examples=[[{"match": "head/*", "learning_rate": 10}]]
    )
    """In place of `training.parameter_groups`; `[]` for none."""
    class_weight: ClassWeight | None = Field(default=None, examples=["balanced"])
    """In place of `training.class_weight`."""
    callbacks: Listed[component_of("callback")] | None = Field(  # type: ignore[valid-type]
        default=None, examples=[["Lookahead"]]
    )
    """In place of `training.callbacks`; `[]` for none."""
    steps_per_execution: int | None = Field(default=None, ge=1, le=1_000_000, examples=[10])
    """In place of `training.steps_per_execution`."""

    @model_validator(mode="wrap")
    @classmethod
    def _one_owner(cls, value: Any, handler: Any) -> Any:
        """Moves the optimizer's own `learning_rate` and `weight_decay` to the keys that own them."""
        named = name_and_arguments(value["optimizer"]) if isinstance(value, dict) and value.get("optimizer") else None
        if named is None:
            return handler(value)
        problems: list[Problem] = []
        filled = with_owners(value, *named, problems)
        written_at = {key: ("optimizer", named[0], key) for key in OWNED if key in named[1]}
        return collected(handler, filled, problems, written_at)

    def training(self, base: Training) -> Training:
        """The whole training of the stage, over that of the spec."""
        given = {key: value for key in OVERRIDES if (value := getattr(self, key)) is not None}
        if "optimizer" in given:
            given = {"learning_rate": None, "weight_decay": None, **given}
        return base.model_copy(update={"epochs": self.epochs, "pruning": None, **given})
