"""Traps in the labels: imbalance, an order by class, classes that a split lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kspec.builders.examples import Datasets, Examples
from kspec.check.findings import Finding, warning
from kspec.spec import Spec

IMBALANCE = 10.0
"""Most frequent to least frequent class, from which on it is said."""
SORTED = 0.2
"""Changes of class from one example to the next, as a share of what a random order has, below which it is an order."""
SHIFT = 0.2
"""Total variation distance between the classes of two splits: this share would have to change its class."""
FEW = 50
"""Examples of a held-out split below which a measured accuracy says little."""
LARGE = 1000.0
"""Standard deviation of a number to predict, from which on a network that starts near 0 has far to go."""
LISTED = 5


def findings(spec: Spec, data: Datasets) -> Iterator[Finding]:
    """What the labels of the splits show."""
    if data.task == "classification":
        yield from _imbalance(spec, data)
        yield from _absent(data)
        yield from _shifted(data)
    if data.task == "multi_label":
        yield from _never(data)
    if data.task == "regression":
        yield from _numbers(data)
    yield from _ordered(spec, data)
    yield from _small(data)


def majority(data: Datasets) -> float | None:
    """The share of train's most frequent class, what always answering it would score; None without classes."""
    return float(counts(data.train, data).max() / len(data.train)) if data.task == "classification" else None


def counts(part: Examples, data: Datasets) -> np.ndarray:
    """Examples of each class id."""
    return np.bincount(part.y.astype(np.int64).reshape(-1), minlength=data.num_outputs)


def _imbalance(spec: Spec, data: Datasets) -> Iterator[Finding]:
    held = counts(data.train, data)
    present = held[held > 0]
    ratio = present.max() / present.min()
    if ratio >= IMBALANCE and spec.training.class_weight is None:
        rare = [int(one) for one in np.argsort(held) if 0 < held[one] * IMBALANCE <= present.max()]
        often = int(held.argmax())
        message = f"the classes are imbalanced, {ratio:.0f} to 1"
        found = f"{_name(often, data)} ({held[often]:,}); " + _some(
            [f"{_name(one, data)} ({held[one]:,})" for one in rare]
        )
        hint = "training.class_weight: balanced, and a metric that sees it, such as F1Score or AUC; or leave it so"
        yield warning(("data",), message, hint, found)


def _absent(data: Datasets) -> Iterator[Finding]:
    in_train = counts(data.train, data) > 0
    if not in_train.all():
        missing = [_name(int(one), data) for one in np.flatnonzero(~in_train)]
        yield warning(("data", "train"), f"no example in train of {_some(missing)}", "take more or other examples")
    for role, part in _held_out(data):
        lacking = np.flatnonzero(in_train & (counts(part, data) == 0))
        if len(lacking):
            missing = [_name(int(one), data) for one in lacking]
            hint = "a fraction (0.1) is drawn with each class's share; a slice takes the examples in their order"
            yield warning(("data", role), f"no example in {role} of {_some(missing)}", hint)


def _shifted(data: Datasets) -> Iterator[Finding]:
    ours = counts(data.train, data) / len(data.train)
    for role, part in _held_out(data):
        held = counts(part, data)
        distance = float(np.abs(ours - held / len(part)).sum() / 2)
        if distance > SHIFT and len(part) >= FEW and (held > 0).all():
            message = (
                f"{role} has other shares of the classes than train: {distance:.0%} would have to be another class"
            )
            yield warning(
                ("data", role), message, "draw it as a fraction, or leave it so if that is how it will be used"
            )


def _never(data: Datasets) -> Iterator[Finding]:
    constant = np.flatnonzero(data.train.y.min(axis=0) == data.train.y.max(axis=0))
    if len(constant):
        names = [_name(int(one), data) for one in constant]
        message = f"always the same in train: {_some(names)}"
        yield warning(("data",), message, "there is nothing to learn from them: leave them out of data.label")


def _numbers(data: Datasets) -> Iterator[Finding]:
    deviation = data.train.y.std(axis=0)
    if not np.isfinite(deviation).all():
        return
    if (deviation == 0).any():
        yield warning(("data",), "a number to predict is the same in all of train", "there is nothing to learn from it")
    if (deviation > LARGE).any():
        found = f"mean {data.train.y.mean():.3g}, standard deviation {deviation.max():.3g}"
        hint = "write them in a larger unit (thousands, millions): the network starts near 0 and has far to go"
        yield warning(("data",), "the numbers to predict are large", hint, found)


def _ordered(spec: Spec, data: Datasets) -> Iterator[Finding]:
    if spec.data.shuffle or len(data.train) < 3 or data.train.y.size != len(data.train):
        return
    labels = data.train.y.reshape(-1)
    if data.task == "classification":
        expected = 1.0 - float(((counts(data.train, data) / len(labels)) ** 2).sum())
        is_ordered = float(np.mean(labels[1:] != labels[:-1])) < SORTED * expected
        what = "the examples come class after class"
    else:
        rises = float(np.mean(labels[1:] >= labels[:-1]))
        is_ordered, what = min(rises, 1 - rises) < SORTED / 4, "the examples come in the order of what is predicted"
    if is_ordered:
        yield warning(("data", "shuffle"), f"{what}, and are not shuffled", "shuffle: true", "shuffle: false")


def _small(data: Datasets) -> Iterator[Finding]:
    for role, part in _held_out(data):
        if len(part) < FEW:
            error = f"an accuracy of 0.8 on them is known to ± {(0.16 / len(part)) ** 0.5:.2f}"
            message = f"only {len(part)} examples in {role}" + (f": {error}" if data.task != "regression" else "")
            yield warning(("data", role), message, "a larger share, or several seeds")


def _held_out(data: Datasets) -> list[tuple[str, Examples]]:
    parts = (("validation", data.validation), ("test", data.test))
    return [(role, part) for role, part in parts if part is not None and len(part)]


def _name(number: int, data: Datasets) -> str:
    names: Sequence[str] = data.class_names or data.label_names
    return names[number] if number < len(names) else f"class {number}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
