"""`training.class_weight`: how much each class counts in the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from kspec.builders.examples import Datasets
from kspec.builders.targets import Targets
from kspec.errors import Problem, SpecError, did_you_mean

PATH = ("training", "class_weight")


def build_class_weight(
    class_weight: Literal["balanced"] | Mapping[str, float] | None, targets: Targets, datasets: Datasets
) -> dict[int, float] | None:
    """Class id -> weight, for `model.fit`; None where all classes count the same.

    `balanced`: n / (classes * n of the class), as scikit-learn's compute_class_weight (King & Zeng 2001, "Logistic
    Regression in Rare Events Data"). Every class is in the result: Keras cannot gather a weight beyond the last one.

    Raises:
        SpecError: the labels are no classes, a class is unknown, a weight is negative, or a class to be balanced
            has no example in train.
    """
    if class_weight is None:
        return None
    if targets.task != "classification":
        message = f"class weights are for classification, and the task is {targets.task}"
        raise SpecError(Problem(PATH, message, "no class_weight", str(class_weight)))
    classes = datasets.num_outputs
    names = _names(datasets)
    if class_weight == "balanced":
        return _balanced(datasets.train.y, classes, datasets.class_names or list(names))
    weights = dict.fromkeys(range(classes), 1.0)
    wrong = []
    for key, weight in class_weight.items():
        if key not in names:
            expected = f"one of {', '.join(names)}"
            wrong.append(
                Problem((*PATH, key), f"no class '{key}'", expected, "", did_you_mean(key, names), on_key=True)
            )
        elif not weight >= 0:
            wrong.append(Problem((*PATH, key), "a negative weight", "a number of at least 0", str(weight)))
        else:
            weights[names[key]] = float(weight)
    if wrong:
        raise SpecError(wrong)
    return weights


def _names(datasets: Datasets) -> dict[str, int]:
    """What a class can be called -> its id: its number, or its name, which wins."""
    numbers = {str(number): number for number in range(datasets.num_outputs)}
    names = {name: number for number, name in enumerate(datasets.class_names)}
    return {**numbers, **names}


def _balanced(labels: np.ndarray, classes: int, names: Sequence[str]) -> dict[int, float]:
    counts = np.bincount(np.asarray(labels).astype("int64").reshape(-1), minlength=classes)
    empty = [name for name, count in zip(names, counts, strict=False) if not count]
    if empty:
        message = f"no example of {', '.join(empty)} in train, so there is nothing to balance"
        raise SpecError(Problem(PATH, message, "weights by class", "balanced"))
    return {number: float(len(labels) / (classes * count)) for number, count in enumerate(counts)}
