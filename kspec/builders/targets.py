"""What the network must put out and how labels are written, decided once from task, loss and augmentation.

| loss                                                    | labels            | output of the network    |
|---------------------------------------------------------|-------------------|--------------------------|
| auto, two classes; Binary..., Hinge, SquaredHinge       | 0.0 or 1.0 (n, 1) | one sigmoid              |
| auto; Sparse..., CategoricalGeneralized..., Circle      | class ids (n,)    | softmax over the classes |
| auto with MixUp or CutMix; any other on classes         | one-hot (n, k)    | softmax over the classes |
| multi-label                                             | 0.0 or 1.0 (n, k) | k sigmoids               |
| regression                                              | numbers (n, k)    | k numbers                |
| regression with Poisson: rates, which are positive      | numbers (n, k)    | k softplus               |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from kspec import catalog
from kspec.builders.examples import Task
from kspec.errors import Problem, SpecError
from kspec.spec.component import Component

Labels = Literal["ids", "one_hot", "binary", "multi_hot", "numbers"]
Activation = Literal["softmax", "sigmoid", "linear", "softplus"]
BINARY = ("BinaryCrossentropy", "BinaryFocalCrossentropy", "Hinge", "SquaredHinge")
SPARSE = ("SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy", "Circle")
CATEGORICAL = (
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
)
OVERLAP = ("Dice", "Tversky", "KLDivergence")
"""Losses between shares or probabilities, which numbers are not."""
MIXING = ("MixUp", "CutMix")


@dataclass(frozen=True)
class Targets:
    """How labels are written and what the network puts out."""

    task: Task
    labels: Labels
    units: int
    activation: Activation
    loss: Component


def targets(task: Task, num_outputs: int, loss: Component | Literal["auto"], augment: tuple[Any, ...]) -> Targets:
    """The targets of an experiment.

    Raises:
        SpecError: the loss does not fit the task, e.g. classes with a sparse loss and MixUp.
    """
    if task == "multi_label":
        return Targets(task, "multi_hot", num_outputs, "sigmoid", _for_labels(loss))
    if task == "regression":
        chosen = _for_numbers(loss)
        activation: Activation = "softplus" if _canonical(chosen) == "Poisson" else "linear"
        return Targets(task, "numbers", num_outputs, activation, chosen)
    mixing = any(component.name in MIXING for component in augment)
    return _for_classes(num_outputs, loss, mixing)


def _for_labels(loss: Component | Literal["auto"]) -> Component:
    chosen = _named(loss, "BinaryCrossentropy")
    if _canonical(chosen) in (*SPARSE, *CATEGORICAL):
        message = "an example can have several labels, and this loss is for exactly one class"
        raise SpecError(Problem(("training", "loss"), message, "BinaryCrossentropy", chosen.name))
    return chosen


def _for_numbers(loss: Component | Literal["auto"]) -> Component:
    chosen = _named(loss, "MeanSquaredError")
    if _canonical(chosen) in (*BINARY, *SPARSE, *CATEGORICAL, *OVERLAP):
        raise SpecError(
            Problem(
                ("training", "loss"),
                "the labels are numbers, and this loss is for classes",
                "a regression loss such as MeanSquaredError, or `data.task: classification`",
                chosen.name,
            )
        )
    return chosen


def _for_classes(classes: int, loss: Component | Literal["auto"], mixing: bool) -> Targets:
    if loss == "auto":
        sparse, binary = not mixing, classes == 2 and not mixing
        name = "BinaryCrossentropy" if binary else SPARSE[0] if sparse else CATEGORICAL[0]
        loss = Component(name=name)
    name = _canonical(loss)
    if name in BINARY:
        if classes != 2:
            message = f"{name} is for two classes, and the data have {classes}"
            raise SpecError(Problem(("training", "loss"), message, "CategoricalCrossentropy", name))
        return Targets("classification", "binary", 1, "sigmoid", loss)
    if name in SPARSE:
        if mixing:
            message = "MixUp and CutMix blend labels, which a sparse loss cannot take"
            raise SpecError(Problem(("training", "loss"), message, "CategoricalCrossentropy", name))
        return Targets("classification", "ids", classes, "softmax", loss)
    return Targets("classification", "one_hot", classes, "softmax", loss)


def _named(loss: Component | Literal["auto"], default: str) -> Component:
    return Component(name=default) if loss == "auto" else loss


def _canonical(loss: Component) -> str:
    """The class name behind an alias such as `mse`."""
    return catalog.entry("loss", loss.name).name
