"""Sensitivity: what each group of neurons costs when a share of it goes, alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from kspec.parts.neurons.batches import arguments, labels_of
from kspec.parts.neurons.choose import is_share
from kspec.parts.neurons.criteria import CRITERIA, Criterion, has_gamma, scores
from kspec.parts.neurons.groups import Group, groups_of
from kspec.parts.neurons.rebuild import copied, silence
from kspec.parts.neurons.structure import Cut, Structure
from kspec.parts.neurons.taylor import objective
from kspec.parts.neurons.walk import read

CROSS_ENTROPIES = (
    *("binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy"),
    *("categorical_generalized_cross_entropy", "sparse_categorical_crossentropy"),
)
"""Keras' losses over classes."""


@dataclass(frozen=True)
class Sensitivity:
    """metric: `accuracy` or `loss`. base: of the whole model. values[i][j]: without the share ratios[j] of groups[i].

    residual[i]: whether an addition ties the group to others.
    """

    metric: str
    base: float
    ratios: tuple[float, ...]
    groups: tuple[str, ...]
    residual: tuple[bool, ...]
    values: tuple[tuple[float, ...], ...]


def sensitivity(
    model: keras.Model,
    data: Any,
    *,
    ratios: Sequence[float] = (0.25, 0.5, 0.75),
    metric: Literal["accuracy", "loss"] | None = None,
    criterion: Criterion = "taylor",
    exclude: str | Sequence[str] = (),
    loss: Any = None,
    batch_size: int = 128,
    seed: int = 0,
) -> Sensitivity:
    """Measures the model without the least important neurons of one group after another; residual ones too.

    Nothing is trained or recalibrated between, so the figures say which groups are delicate, not what a pruned and
    fine-tuned model reaches. The neurons are silenced in a copy, not cut: the results are the same, and nothing is
    traced anew. It costs one evaluation for each group and ratio.

    model: as for `prune_neurons`. data: (x, y) arrays, or batches of them that are the same in every pass.
    ratios: shares of a group, more than 0 and at most 1.
    metric: `accuracy` as Keras resolves it by the labels, or the `loss`; by default the accuracy where the loss is a
    cross-entropy over classes and the model has one output. criterion, exclude, seed: as for `prune_neurons`, on the
    same data. loss: by default that of the compiled model, with its
    `loss_weights`. batch_size: of arrays.
    Raises ValueError for what `prune_neurons` refuses too, ratios out of range, a generator, which ends after one pass,
    and the accuracy of several outputs or of labels that are no classes.

    Example:
        result = kspec.sensitivity(model, (x_val, y_val))
        kspec.plot_sensitivity(result, "sensitivity.png")
    """
    ratios = _checked(ratios)
    if metric not in (None, "accuracy", "loss") or criterion not in CRITERIA:
        raise ValueError(f"metric is accuracy or loss, criterion one of {', '.join(CRITERIA)}")
    structure = read(model, exclude)
    groups = tuple(g for g in groups_of(structure).prunable if criterion != "bn_gamma" or has_gamma(structure, g))
    if not groups:
        raise ValueError(f"the model '{model.name}' has no neurons that could go")
    measures, given = objective(model, loss), arguments(data, batch_size)
    measured_by = _metric(model, measures["loss"], labels_of(data), metric)
    found = scores(structure, groups, criterion, data, loss, batch_size, seed)
    copy, twins = copied(structure)
    copy.compile(**measures, metrics=["accuracy"] if measured_by == "accuracy" else None, jit_compile=False)

    def measured() -> float:
        return float(copy.evaluate(**given, verbose=0, return_dict=True)[measured_by])

    base = measured()
    values = []
    for group, score in zip(groups, found, strict=True):
        order = group.classes[np.argsort(score, kind="stable")]
        row = []
        for ratio in ratios:
            with _Silenced(structure, twins, set(order[: round(ratio * len(order))].tolist())):
                row.append(measured())
        values.append(tuple(row))
    return Sensitivity(measured_by, base, ratios, _names(groups), tuple(g.joined for g in groups), tuple(values))


def _checked(ratios: Any) -> tuple[float, ...]:
    """Raises ValueError for what is no list of shares."""
    found = tuple(ratios) if isinstance(ratios, Iterable) and not isinstance(ratios, str) else ()
    if not found or not all(map(is_share, found)):
        told = found or repr(ratios)
        raise ValueError(f"ratios are shares, more than 0 and at most 1, in a list such as [0.25, 0.5], not {told}")
    return tuple(map(float, found))


def _metric(model: keras.Model, loss: Any, labels: NDArray[Any], asked: str | None) -> str:
    """What is measured. Raises ValueError where the accuracy is asked for and says nothing."""
    several, over_classes = len(model.outputs) > 1, _name_of(loss)
    # Shares of classes (label smoothing) are compared by the largest; other fractions are no classes.
    fractions = labels.dtype.kind == "f" and bool((labels != np.round(labels)).any())
    no_classes = fractions and not over_classes.startswith("categorical")
    if asked == "accuracy" and (several or no_classes):
        why = f"the model '{model.name}' has several outputs" if several else "the labels are fractions, not classes"
        raise ValueError(f"metric='accuracy' says nothing here, as {why}: pass metric='loss'")
    return asked or ("accuracy" if over_classes in CROSS_ENTROPIES and not several and not no_classes else "loss")


def _name_of(loss: Any) -> str:
    """The name of the function that a single loss computes; empty for several, and for classes of its own."""
    losses = keras.tree.flatten(loss)
    function = keras.losses.get(losses[0]) if len(losses) == 1 else None
    return str(getattr(getattr(function, "fn", function), "__name__", ""))


def _names(groups: Sequence[Group]) -> tuple[str, ...]:
    return tuple(group.name for group in groups)


class _Silenced:
    """A copy of a model in which nothing reads some channels, for a while."""

    def __init__(self, structure: Structure, twins: dict[int, Any], removed: set[int]) -> None:
        silent = silence(structure, Cut(structure.channels, removed))
        self._values = [(twins[variable], value) for variable, value in silent.items()]
        self._before: list[tuple[Any, Any]] = []

    def __enter__(self) -> None:
        for variable, value in self._values:
            self._before.append((variable, np.array(keras.ops.convert_to_numpy(variable))))
            variable.assign(value)

    def __exit__(self, *error: object) -> None:
        for variable, value in self._before:
            variable.assign(value)
