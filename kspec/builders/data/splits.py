"""Splits: TFDS' syntax (`train[:90%]`, `train[5000:]`, `train+test`) for every source, and fractions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from kspec.builders.data.labels import infer_task, map_labels, matches, missing, text_of
from kspec.builders.examples import Examples, Features, Source
from kspec.errors import DataError, Gathered, Problem, did_you_mean
from kspec.spec.data import Data, Fold

ROLES = ("train", "validation", "test")
SYNTAX = "a split such as train, train[:90%], train[5000:] or train+test"
_PART = re.compile(r"^(?P<name>[\w-]+)(\[(?P<start>-?[\d_.]+%?)?:(?P<stop>-?[\d_.]+%?)?\])?$")


@dataclass(frozen=True)
class Slice:
    """The examples `start` to `stop` (exclusive) of a split of the source."""

    split: str
    start: int
    stop: int


def slices(expression: str, sizes: Mapping[str, int], path: tuple[str, ...]) -> tuple[Slice, ...]:
    """What an expression in TFDS' split syntax selects, given how many examples each split holds.

    Percentages are rounded to the nearest example, negative bounds count from the end, a bound beyond the end is an
    error, and `all` is every split: the rules of `tfds.core.ReadInstruction`. The exact name of a split is that split.

    Raises:
        DataError: not the syntax, no such split, out of range, or nothing selected.
    """
    if expression in sizes:
        selected: tuple[Slice, ...] = (Slice(expression, 0, sizes[expression]),)
    elif expression == "all":
        selected = tuple(Slice(name, 0, size) for name, size in sizes.items())
    else:
        selected = tuple(_slice(part.strip(), sizes, path) for part in expression.split("+"))
    if not any(part.stop > part.start for part in selected):
        raise DataError(Problem(path, "the split is empty", "at least one example", f"{expression} of {_held(sizes)}"))
    return selected


def _slice(part: str, sizes: Mapping[str, int], path: tuple[str, ...]) -> Slice:
    match = _PART.match(part)
    if match is None:
        raise DataError(Problem(path, "not a split", SYNTAX, part or "nothing"))
    name = match["name"]
    if name not in sizes:
        hint = did_you_mean(name, sizes)
        raise DataError(Problem(path, f"the data has no split '{name}'", f"one of {_held(sizes)}", name, hint))
    start = _bound(match["start"], 0, sizes[name], part, path)
    stop = _bound(match["stop"], sizes[name], sizes[name], part, path)
    return Slice(name, start, max(start, stop))


def _bound(text: str | None, default: int, size: int, part: str, path: tuple[str, ...]) -> int:
    """One bound as a position from the start."""
    if text is None:
        return default
    try:
        value = round(float(text[:-1]) * size / 100) if text.endswith("%") else int(text)
    except ValueError:
        raise DataError(Problem(path, "not a split", SYNTAX, part)) from None
    if abs(value) > size:
        raise DataError(Problem(path, "the split reaches beyond the data", f"at most {size} examples", part))
    return value if value >= 0 else size + value


def _held(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({size})" for name, size in sizes.items()) or "nothing"


def plan(data: Data, sizes: Mapping[str, int]) -> dict[str, tuple[Slice, ...]]:
    """What each of train, validation and test selects by syntax; fractions are left out, they come from train.

    `test: auto` is the source's split `test`, if there is one.

    Raises:
        DataError: see `slices`; or two of the three share examples.
    """
    wanted = {"train": data.train}
    if isinstance(data.validation, str):
        wanted["validation"] = data.validation
    if isinstance(data.test, str) and (data.test != "auto" or "test" in sizes):
        wanted["test"] = "test" if data.test == "auto" else data.test
    gathered = Gathered()
    nothing: tuple[Slice, ...] = ()
    planned = {
        role: gathered.part(partial(slices, text, sizes, ("data", role)), nothing) for role, text in wanted.items()
    }
    gathered.part(lambda: _apart(planned), None)
    gathered.stop()
    return planned


def _apart(planned: Mapping[str, tuple[Slice, ...]]) -> None:
    """Refuses splits that share examples: what is measured on them would be wrong."""
    roles = list(planned)
    for i, later in enumerate(roles):
        for earlier in roles[:i]:
            shared = sum(_shared(a, b) for a in planned[earlier] for b in planned[later])
            if shared:
                hint = "for example train[:90%] and train[90%:]; test: null leaves the test split out"
                message = f"{earlier} and {later} share {shared} examples"
                raise DataError(Problem(("data", later), message, "splits without a common example", hint=hint))


def _shared(a: Slice, b: Slice) -> int:
    return max(0, min(a.stop, b.stop) - max(a.start, b.start)) if a.split == b.split else 0


def take(examples: Examples, rows: Any) -> Examples:
    """The examples at these rows (indices, a slice or a bool array)."""
    return Examples(take_features(examples.x, rows), examples.y[rows])


def take_features(x: Features, rows: Any) -> Features:
    """The features at these rows."""
    if isinstance(x, np.ndarray):
        return np.asarray(x[rows])
    return {name: column[rows] for name, column in x.items()}


def join(parts: list[Examples]) -> Examples:
    """Several examples after each other."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0].x
    x: Features
    if isinstance(first, np.ndarray):
        x = np.concatenate([part.x for part in parts if isinstance(part.x, np.ndarray)])
    else:
        x = {name: np.concatenate([part.x[name] for part in parts]) for name in first}
    return Examples(x, np.concatenate([part.y for part in parts]))


def split(source: Source, data: Data, seed: int) -> dict[str, Examples | None]:
    """The examples of "train", "validation" and "test"; None for a split that is not asked for.

    A fraction is that share of train, drawn with the seed and, for classes with `data.stratify`, with each class's
    share kept; what it draws is gone from train. Everything stays in the order of the source.

    Raises:
        DataError: see `plan`; fractions that leave nothing or lose a class; a batch larger than train.
    """
    planned = plan(data, {name: len(examples) for name, examples in source.splits.items()})
    parts: dict[str, Examples | None] = dict.fromkeys(ROLES)
    for role, selected in planned.items():
        parts[role] = join([take(source.splits[s.split], slice(s.start, s.stop)) for s in selected])
    fractions = {role: value for role in ROLES[1:] if isinstance(value := getattr(data, role), float)}
    pool = parts["train"]
    if fractions and pool is not None:
        drawn = _draw(pool, fractions, _classes(pool.y, data, source), seed)
        parts.update({role: take(pool, rows) for role, rows in drawn.items()})
    if data.fold is not None and (whole := parts["train"]) is not None:
        rest, held_out = _fold(whole, _classes(whole.y, data, source), data.fold)
        parts.update({"train": take(whole, rest), "validation": take(whole, held_out)})
    check_batch(parts["train"], data)
    return parts


def check_batch(train: Examples | None, data: Data) -> None:
    """Refuses a batch that is larger than the train split."""
    size = len(train) if train is not None else 0
    if data.batch_size > size:
        raise DataError(
            Problem(
                ("data", "batch_size"),
                "the batch is larger than the train split",
                f"at most {size}",
                str(data.batch_size),
            )
        )


def _draw(
    pool: Examples, fractions: Mapping[str, float], classes: np.ndarray | None, seed: int
) -> dict[str, np.ndarray]:
    """Rows of the pool for each role, disjoint, in the order of the pool."""
    from sklearn.model_selection import train_test_split

    counts = {role: round(share * len(pool)) for role, share in fractions.items()}
    _check_counts(counts, fractions, len(pool))
    rest, drawn = np.arange(len(pool)), {}
    for role, count in counts.items():
        labels = None if classes is None else classes[rest]
        try:
            rest, rows = train_test_split(rest, test_size=count, random_state=seed, stratify=labels)
        except ValueError as error:  # too few examples of a class, or fewer places than classes
            raise _cannot_stratify(role, str(error)) from None
        drawn[role] = np.sort(rows)
        rest = np.sort(rest)
    drawn["train"] = rest
    if classes is not None:
        _check_classes(classes, drawn)
    return drawn


def _fold(train: Examples, classes: np.ndarray | None, fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    """The rows of train to train on and those of the fold; the folds are the same for every seed."""
    from sklearn.model_selection import KFold, StratifiedKFold

    rarest = len(train) if classes is None else int(np.bincount(classes)[np.unique(classes)].min())
    if rarest < fold.of:
        reason = f"{rarest} examples" if classes is None else f"a class with {rarest} examples"
        hint = (
            ""
            if classes is None
            else "fewer folds, drop the rare class with clean: drop_labels, or data.stratify: false"
        )
        raise DataError(
            Problem(("data", "fold"), f"{fold.of} folds are too many", "an example of each class in each", reason, hint)
        )
    kind = KFold if classes is None else StratifiedKFold
    drawn = kind(n_splits=fold.of, shuffle=True, random_state=0).split(np.arange(len(train)), classes)
    rest, held_out = list(drawn)[fold.number]
    return rest, held_out


def _check_counts(counts: Mapping[str, int], fractions: Mapping[str, float], size: int) -> None:
    for role, count in counts.items():
        if count == 0:
            found = f"{fractions[role]} of {size} examples"
            raise DataError(Problem(("data", role), "the split is empty", "at least one example", found))
    total = sum(fractions.values())
    if sum(counts.values()) >= size:
        found = f"{total:g} of {size} examples"
        path = ("data", list(counts)[-1])
        raise DataError(Problem(path, "the fractions leave nothing for train", "a sum below 1", found))


def _cannot_stratify(role: str, reason: str) -> DataError:
    hint = "take a larger fraction, drop the rare class with clean: drop_labels, or set data.stratify: false"
    return DataError(
        Problem(("data", role), "the fraction cannot hold every class", "an example of each class", reason, hint)
    )


def _check_classes(classes: np.ndarray, drawn: Mapping[str, np.ndarray]) -> None:
    """Every class must have an example in each of the drawn splits."""
    everything = np.unique(classes)
    for role, rows in drawn.items():
        lost = np.setdiff1d(everything, np.unique(classes[rows]))
        if len(lost):
            first = int(np.flatnonzero(classes == lost[0])[0])
            count = int(np.sum(classes == lost[0]))
            reason = f"none of the {count} examples of the class of example {first} in {role}"
            raise _cannot_stratify(role, reason)


def _classes(labels: np.ndarray, data: Data, source: Source) -> np.ndarray | None:
    """The class of each example as a small number, after the label steps of `data.clean`; None without stratification.

    Rows whose label is missing or dropped later count to the most frequent class.
    """
    if not data.stratify or infer_task(labels, data, source) != "classification":
        return None
    labels = labels.reshape(-1)
    gone = missing(labels)
    for step in data.clean:
        if step.map_labels is not None:
            labels = map_labels(labels, step.map_labels.labels, source.class_names)
        if step.drop_labels is not None:
            gone = gone | matches(labels, step.drop_labels.labels, source.class_names)
    if gone.all():
        return None
    codes = np.empty(len(labels), np.int64)
    names, codes[~gone] = np.unique([text_of(v) for v in labels[~gone].tolist()], return_inverse=True)
    codes[gone] = np.bincount(codes[~gone], minlength=len(names)).argmax()
    return codes
