"""`training.metrics`: Keras metrics that fit how labels are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import keras

from kspec import catalog
from kspec.builders.targets import Labels, Targets
from kspec.builders.training.trial import examples, reason
from kspec.errors import Gathered, Problem, SpecError
from kspec.spec.component import Component

PATH = ("training", "metrics")

ACCURACY: Mapping[Labels, str] = {
    "ids": "SparseCategoricalAccuracy",
    "one_hot": "CategoricalAccuracy",
    "binary": "BinaryAccuracy",
    "multi_hot": "BinaryAccuracy",
}
"""Labels -> what `accuracy` means. Keras itself takes labels of several places for one-hot, multi-label too."""

CROSSENTROPY: Mapping[Labels, str] = {
    "ids": "SparseCategoricalCrossentropy",
    "one_hot": "CategoricalCrossentropy",
    "binary": "BinaryCrossentropy",
    "multi_hot": "BinaryCrossentropy",
}
"""Labels -> what `crossentropy` means."""

RESERVED = ("loss", "learning_rate", "epoch")
"""Names that are in the logs of an epoch already."""

GENERIC: Mapping[str, Mapping[Labels, str]] = {"accuracy": ACCURACY, "crossentropy": CROSSENTROPY}

CONFUSION: tuple[Labels, ...] = ("binary", "multi_hot", "one_hot")
ANY_NUMBERS: tuple[Labels, ...] = ("numbers", "one_hot", "binary", "multi_hot")
FITS: Mapping[str, tuple[Labels, ...]] = {
    **dict.fromkeys(("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy"), ("ids",)),
    "SparseTopKCategoricalAccuracy": ("ids",),
    **dict.fromkeys(("CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge"), ("one_hot",)),
    "TopKCategoricalAccuracy": ("one_hot",),
    **dict.fromkeys(("BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU"), ("binary", "multi_hot")),
    **dict.fromkeys(("Hinge", "SquaredHinge"), ("binary", "multi_hot")),
    **dict.fromkeys(("AUC", "Precision", "Recall", "PrecisionAtRecall", "RecallAtPrecision"), CONFUSION),
    **dict.fromkeys(("SensitivityAtSpecificity", "SpecificityAtSensitivity"), CONFUSION),
    **dict.fromkeys(("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"), CONFUSION),
    **dict.fromkeys(("F1Score", "FBetaScore"), CONFUSION),
    **dict.fromkeys(("OneHotIoU", "OneHotMeanIoU"), ("one_hot",)),
    **dict.fromkeys(("KLDivergence", "CosineSimilarity", "Poisson"), ANY_NUMBERS),
    **dict.fromkeys(("MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError"), ANY_NUMBERS),
    **dict.fromkeys(("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "LogCoshError"), ("numbers",)),
    **dict.fromkeys(("R2Score", "PearsonCorrelation", "ConcordanceCorrelation"), ("numbers",)),
    **dict.fromkeys(("IoU", "MeanIoU"), ()),
}
"""Metric -> the labels it is right for. Keras computes most others too, and gets a number that means nothing. IoU and
MeanIoU take predicted class ids, which no network of kspec puts out: OneHotIoU and BinaryIoU are their counterparts."""

WITHIN = ("PearsonCorrelation", "ConcordanceCorrelation")
"""Metrics that correlate label and prediction over the numbers of one example (Keras' `axis: -1`) and average over the
examples; where an example has one number, that is NaN (Pearson) or 0 (concordance)."""

WORDS: Mapping[Labels, str] = {
    "ids": "class ids",
    "one_hot": "one-hot classes",
    "binary": "0 and 1",
    "multi_hot": "several 0 and 1 (multi-label)",
    "numbers": "numbers",
}
"""Labels -> how a message calls them."""


def build_metrics(metrics: Sequence[Component | Literal["auto"]], targets: Targets) -> tuple[keras.metrics.Metric, ...]:
    """The Keras metrics, each tried once on labels and predictions of the right shape.

    `auto` stands for accuracy for classes and labels, and for mean absolute error for numbers.

    Raises:
        SpecError: every metric that does not fit the labels, refuses an argument, or has the name of an earlier one.
    """
    automatic = Component(name="MeanAbsoluteError" if targets.labels == "numbers" else "accuracy")
    built: list[keras.metrics.Metric] = []
    gathered = Gathered()

    def one(component: Component, number: int) -> None:
        metric = build_metric(component, targets, (*PATH, number))
        if metric.name in RESERVED or metric.name.startswith("val_"):
            message = f"no metric can be called '{metric.name}': the training logs that itself"
            raise SpecError(Problem((*PATH, number), message, "another `name`"))
        if any(metric.name == other.name for other in built):
            message = f"a second metric called '{metric.name}'"
            raise SpecError(Problem((*PATH, number), message, "a `name` of its own among the arguments"))
        built.append(metric)

    for number, component in enumerate(metrics):
        gathered.part(partial(one, automatic if component == "auto" else component, number), None)
    gathered.stop()
    return tuple(built)


def build_metric(component: Component, targets: Targets, path: tuple[str | int, ...]) -> keras.metrics.Metric:
    """One metric, tried on labels and predictions of the right shape.

    Raises:
        SpecError: at the path.
    """
    name, arguments = catalog.entry("metric", component.name).name, dict(component.arguments)
    if name in GENERIC:
        meanings = GENERIC[name]
        if targets.labels not in meanings:
            raise SpecError(_misfit(name, targets, path))
        arguments = {"name": name, **arguments}
        name = meanings[targets.labels]
    elif name in FITS and targets.labels not in FITS[name]:
        raise SpecError(_misfit(name, targets, path))
    if arguments.get("from_logits"):
        message = "the network puts out probabilities, not logits"
        raise SpecError(Problem((*path, component.name, "from_logits"), message, "from_logits: false", "true"))
    if "num_classes" in arguments and arguments["num_classes"] != targets.units:
        where = (*path, component.name, "num_classes")
        raise SpecError(Problem(where, "not the number of classes", str(targets.units), str(arguments["num_classes"])))
    metric = catalog.instantiate("metric", name, arguments, path)
    if name in WITHIN and targets.units == 1 and metric.axis in (-1, 1):
        message = (
            f"{name} correlates over the numbers of one example, and here an example has one: it would tell nothing"
        )
        hint = "R2Score says over all examples how well predictions follow the labels"
        raise SpecError(Problem(path, message, "labels of several numbers", "one number", hint))
    if "name" not in arguments:
        # Keras counts names up within a process (precision, precision_1); monitors and tables need one that stays.
        metric.name = re.sub(r"_\d+$", "", metric.name)
    _try(metric, targets, path)
    return metric


def fitting(labels: Labels) -> list[str]:
    """The names of the metrics that fit these labels."""
    generic = [name for name, meanings in GENERIC.items() if labels in meanings]
    return generic + sorted(name for name, accepted in FITS.items() if labels in accepted)


def _misfit(name: str, targets: Targets, path: tuple[str | int, ...]) -> Problem:
    message = f"{name} does not fit the labels, which are {WORDS[targets.labels]}"
    hint = "a loss of CategoricalCrossentropy makes the labels one-hot" if _one_hot_helps(name, targets) else ""
    fits = [one for one in fitting(targets.labels) if targets.units > 1 or one not in WITHIN]
    return Problem(path, message, f"one of {', '.join(fits)}", name, hint)


def _one_hot_helps(name: str, targets: Targets) -> bool:
    return targets.labels == "ids" and name in FITS and "one_hot" in FITS[name]


def _try(metric: keras.metrics.Metric, targets: Targets, path: tuple[str | int, ...]) -> None:
    """Computes the metric once on two examples."""
    labels, predictions = examples(targets)
    try:
        metric.update_state(labels, predictions)
        metric.result()
        metric.reset_state()
    except Exception as error:
        found = f"labels {labels.shape[1:]}, predictions {predictions.shape[1:]}"
        raise SpecError(Problem(path, f"{metric.name} cannot be computed: {reason(error)}", "", found)) from error
