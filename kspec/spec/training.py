"""`training`: loss, optimizer, learning rate, metrics, callbacks, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from kspec import catalog
from kspec.errors import Problem
from kspec.spec.base import Listed, ListedOrSingle, Section, collected
from kspec.spec.component import Component, component_of, component_or, split
from kspec.spec.forms import or_value
from kspec.spec.learning_rate import LearningRate
from kspec.spec.pruning import Pruning

Positive = Annotated[float, Field(gt=0)]
ClassWeight = Annotated[
    Literal["balanced"] | Annotated[dict[str, Positive], Field(min_length=1)], PlainSerializer(lambda value: value)
]


class WeightDecay(Section):
    """Weight decay: `decoupled` shrinks the weights beside the gradient step (Loshchilov & Hutter 2019,
    arXiv:1711.05101), otherwise it is the L2 gradient added to the loss's."""

    model_config = ConfigDict(json_schema_extra=or_value("value", {"type": "number", "exclusiveMinimum": 0}))

    value: float = Field(gt=0, examples=[0.0005])
    """Strength, per step: decoupled subtracts value * learning rate * weight."""
    decoupled: bool = True
    """Beside the gradient (AdamW), or coupled: added to the gradient (L2)."""
    exclude: ListedOrSingle[str] = ("*/bias", "*/beta", "*/gamma")
    """Patterns over weight paths that do not decay."""

    @model_validator(mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return {"value": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


class ParameterGroup(Section):
    """Weights that train at another rate or decay."""

    match: str = Field(min_length=1, examples=["*/bias"])
    """A pattern over weight paths; the first group that matches wins."""
    learning_rate: float = Field(default=1.0, ge=0)
    """A factor on the learning rate."""
    weight_decay: float | None = Field(default=None, ge=0, examples=[0.0])
    """Takes the place of `training.weight_decay.value` for these weights."""


class Training(Section):
    """Loss, optimizer, learning rate, metrics, callbacks, and for how long."""

    epochs: int = Field(default=10, ge=1, le=1_000_000)
    """Passes over the train split."""
    steps_per_epoch: int | None = Field(default=None, ge=1, le=1_000_000_000, examples=[500])
    """Steps that count as an epoch; by default all batches of the train split."""
    loss: component_or("auto", "loss") = Field(  # type: ignore[valid-type]
        default="auto", examples=[{"CategoricalCrossentropy": {"label_smoothing": 0.1}}]
    )
    """A Keras loss; `auto` fits the task: cross-entropy for classes and labels, MSE for numbers."""
    optimizer: component_of("optimizer") = Field(  # type: ignore[valid-type]
        default=Component(name="Adam"), examples=[{"SGD": {"momentum": 0.9, "nesterov": True}}]
    )
    """A Keras optimizer, with its own arguments: momentum, clipnorm, gradient_accumulation_steps, use_ema, ..."""
    learning_rate: LearningRate | None = Field(
        default=None, examples=[0.001, {"peak": 0.1, "warmup": "2 epochs", "decay": "cosine"}]
    )
    """A number, or warmup, peak and decay; by default the optimizer's own default."""
    weight_decay: WeightDecay | None = Field(default=None, examples=[0.0005])
    """A number, or decoupled or coupled, with exclusions."""
    parameter_groups: Listed[ParameterGroup] = Field(default=(), examples=[[{"match": "head/*", "learning_rate": 10}]])
    """Weights that train at another rate or decay."""
    metrics: ListedOrSingle[component_or("auto", "metric")] = Field(  # type: ignore[valid-type]
        default=("auto",), examples=[["accuracy", {"TopKCategoricalAccuracy": {"k": 3}}]]
    )
    """Keras metrics; `auto` stands for accuracy for classes and mean absolute error for numbers."""
    class_weight: ClassWeight | None = Field(default=None, examples=["balanced", {"spam": 5.0}])
    """A weight per class name or number; `balanced`: inverse to the class's share of train."""
    callbacks: Listed[component_of("callback")] = Field(  # type: ignore[valid-type]
        default=(), examples=[[{"EarlyStopping": {"monitor": "val_loss", "patience": 5}}]]
    )
    """Keras or kspec callbacks, in order."""
    pruning: Pruning | None = Field(
        default=None, examples=[{"schedule": {"PolynomialDecay": {"final_sparsity": 0.8, "end": "75%"}}}]
    )
    """Weights of small magnitude become zero while the model trains."""
    steps_per_execution: int = Field(default=1, ge=1, le=1_000_000)
    """Batches a compiled call runs; higher is faster for tiny models."""

    @model_validator(mode="wrap")
    @classmethod
    def _one_owner(cls, value: Any, handler: Any) -> Any:
        """Moves the optimizer's own `learning_rate` and `weight_decay` to the sections that own them."""
        if not isinstance(value, dict):
            return handler(value)
        optimizer = value["optimizer"] if "optimizer" in value else cls.model_fields["optimizer"].default
        named = name_and_arguments(optimizer)
        problems: list[Problem] = []
        moved = value if named is None else with_owners(value, *named, problems)
        written_at = {} if named is None else {key: ("optimizer", named[0], key) for key in OWNED if key in named[1]}
        return collected(handler, moved, problems, written_at)


def name_and_arguments(optimizer: Any) -> tuple[str, dict[str, Any]] | None:
    """The optimizer's name and arguments, or None where its own check will refuse it."""
    if isinstance(optimizer, Component):
        return optimizer.name, optimizer.arguments
    try:
        name, arguments = split("optimizer", optimizer)
        return (name, arguments) if not catalog.check("optimizer", name, {}, ()) else None
    except ValidationError:
        return None


def with_owners(tree: dict[str, Any], name: str, arguments: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """A section with its optimizer's own rate and decay, or their defaults, in the keys that own them."""
    known = catalog.entry("optimizer", name).arguments
    rest = {key: value for key, value in arguments.items() if key not in OWNED}
    moved = {**tree, "optimizer": {name: rest}}
    for key, section in OWNED.items():
        if key in arguments and tree.get(key) is not None:
            expected = f"training.{key}, or training.optimizer.{name}.{key}"
            problems.append(
                Problem((key,), f"two owners of the {key.replace('_', ' ')}", expected, "both", on_key=True)
            )
        default = known[key].default if key in known else None
        if key in arguments and arguments[key] is None and default is not None:
            # Keras takes null as none at all, which the section of this name cannot say: it would become the default.
            hint = f"leave it out for {name}'s own {default:g}" + (
                ", or take Adam" if (name, key) == ("AdamW", "weight_decay") else ""
            )
            problems.append(Problem(("optimizer", name, key), "null is no value here", "a number", "nothing", hint))
        value = arguments.get(key, default)
        if tree.get(key) is None and value is not None:
            moved[key] = section(value)
    return moved


OWNED: dict[str, Callable[[Any], Any]] = {
    "learning_rate": lambda value: value,
    # Keras' own `weight_decay` leaves no weight out.
    "weight_decay": lambda value: {"value": value, "exclude": []},
}
