"""`data.clean`: every step on the splits, with statistics from train alone, and how much each one touched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kspec.builders.data import columns as cols
from kspec.builders.data.fingerprint import raw
from kspec.builders.data.labels import map_labels, matches, missing
from kspec.builders.data.splits import take
from kspec.builders.examples import Examples, Features, Touched
from kspec.errors import DataError, Problem, did_you_mean
from kspec.spec.clean import ClipOutliers, DropDuplicates, DropLabels, DropMissing, FillMissing, MapLabels
from kspec.spec.data import Data

Parts = dict[str, Examples]
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Known:
    """What the steps need to know beside the examples. labels: names of the label columns; path: the step's address."""

    class_names: tuple[str, ...]
    labels: tuple[str, ...]
    path: Path


def clean(
    splits: Mapping[str, Examples | None], data: Data, class_names: tuple[str, ...] = ()
) -> tuple[dict[str, Examples | None], tuple[Touched, ...]]:
    """The splits after every step of `data.clean`, and what each step touched in each split.

    class_names: of a source whose labels are class ids; steps on labels may then name classes.

    Raises:
        DataError: a step that cannot apply to this kind of data, a column that is not there, a step that empties a
            split, or missing values that are left at the end.
    """
    parts: Parts = {role: examples for role, examples in splits.items() if examples is not None}
    touched: list[Touched] = []
    for index, step in enumerate(data.clean):
        name, arguments = step.chosen
        known = Known(class_names, data.label or (), ("data", "clean", index))
        parts, counts = STEPS[name](parts, arguments, known)
        touched += [Touched(name, role, counts[role]) for role in parts]
        for role, examples in parts.items():
            if not len(examples):
                raise DataError(Problem(known.path, f"{name} leaves no example in {role}"))
    for role, examples in parts.items():
        _refuse_missing(examples, role, data.label or ())
    return {role: parts.get(role) for role in splits}, tuple(touched)


def _refuse_missing(examples: Examples, role: str, labels: tuple[str, ...]) -> None:
    """Refuses NaN and None in features and labels: a network that reads one learns nothing."""
    columns = {**cols.of(examples.x), ", ".join(labels) or "the label": examples.y}
    found = {name: int(cols.nothing(values).sum()) for name, values in columns.items()}
    left = [f"{name} ({count})" for name, count in found.items() if count]
    if left:
        hint = "data.clean: [fill_missing] or [drop_missing]; labels can only be dropped"
        raise DataError(Problem(("data", "clean"), f"missing values in {role}", found=", ".join(left), hint=hint))


def drop_duplicates(parts: Parts, step: DropDuplicates, known: Known) -> tuple[Parts, dict[str, int]]:
    """Keeps the first of the examples of a split whose features are equal."""
    keys = {role: row_keys(examples.x) for role, examples in parts.items()}
    elsewhere: set[bytes] = set()
    if step.across_splits:
        elsewhere = {key for role, found in keys.items() if role != "train" for key in found}
    kept: dict[str, np.ndarray] = {}
    for role, found in keys.items():
        seen: set[bytes] = set(elsewhere) if role == "train" else set()
        kept[role] = np.array([not (key in seen or seen.add(key)) for key in found], bool)  # type: ignore[func-returns-value]
    return _keep(parts, kept)


def row_keys(x: Features) -> list[bytes]:
    """A 16-byte BLAKE2 digest of the features of each example."""
    columns = list(cols.of(x).values())
    count = len(columns[0])
    plain = [np.ascontiguousarray(c).reshape(count, -1) for c in columns if c.dtype.kind != "O"]
    objects = [c for c in columns if c.dtype.kind == "O"]
    keys = []
    for row in range(count):
        digest = hashlib.blake2b(digest_size=16)
        for values in plain:
            digest.update(values[row].data)
        for values in objects:
            digest.update(raw(values[row : row + 1]))
        keys.append(digest.digest())
    return keys


def drop_missing(parts: Parts, step: DropMissing, known: Known) -> tuple[Parts, dict[str, int]]:
    """Drops examples with a missing value in the columns, or in any feature or the label."""
    wanted = None
    if step.columns is not None:
        wanted = cols.check(parts["train"].x, step.columns, known.path, also=known.labels)
    kept = {}
    for role, examples in parts.items():
        gone = np.zeros(len(examples), bool)
        for name, values in cols.of(examples.x).items():
            if wanted is None or name in wanted:
                gone |= _any(missing(values))
        if wanted is None or set(known.labels) & set(wanted):
            gone |= _any(missing(examples.y))
        kept[role] = ~gone
    return _keep(parts, kept)


def _any(flags: np.ndarray) -> np.ndarray:
    return np.asarray(flags.reshape(len(flags), -1).any(axis=1), bool)


def _keep(parts: Parts, kept: Mapping[str, np.ndarray]) -> tuple[Parts, dict[str, int]]:
    counts = {role: int((~rows).sum()) for role, rows in kept.items()}
    return {role: take(part, kept[role]) if counts[role] else part for role, part in parts.items()}, counts


def drop_labels(parts: Parts, step: DropLabels, known: Known) -> tuple[Parts, dict[str, int]]:
    """Drops examples with one of the labels. Ids of the other classes stay what they are."""
    _one_label(parts, known)
    return _keep(parts, {role: ~matches(part.y, step.labels, known.class_names) for role, part in parts.items()})


def relabel(parts: Parts, step: MapLabels, known: Known) -> tuple[Parts, dict[str, int]]:
    """Replaces labels."""
    _one_label(parts, known)
    wrong = tuple(step.labels)
    ids = [str(i) for i in range(len(known.class_names))]
    for label in step.labels.values():
        if known.class_names and str(label) not in (*known.class_names, *ids):
            hint = did_you_mean(str(label), known.class_names)
            expected = ", ".join(known.class_names[:10])
            raise DataError(Problem((*known.path, "labels"), f"no class is called '{label}'", expected, hint=hint))
    counts = {role: int(matches(part.y, wrong, known.class_names).sum()) for role, part in parts.items()}
    mapped = {role: Examples(p.x, map_labels(p.y, step.labels, known.class_names)) for role, p in parts.items()}
    return mapped, counts


def _one_label(parts: Parts, known: Known) -> None:
    shape = parts["train"].y.shape
    if len(shape) > 1 and shape[1] > 1:
        raise DataError(Problem(known.path, "the step is for one label per example", found=f"{shape[1]} labels"))


def fill_missing(parts: Parts, step: FillMissing, known: Known) -> tuple[Parts, dict[str, int]]:
    """Fills missing values of features; the counts are values."""
    filled = {role: dict(cols.of(part.x)) for role, part in parts.items()}
    counts = dict.fromkeys(parts, 0)
    for name in _fillable(parts["train"].x, step, known.path):
        value = _filling(filled["train"][name], step, name, known.path)
        for role, held in filled.items():
            gone = missing(held[name])
            counts[role] += int(gone.sum())
            if gone.any():
                held[name] = _filled(held[name], gone, value)
    return {role: Examples(cols.to(part.x, filled[role]), part.y) for role, part in parts.items()}, counts


def _fillable(x: Features, step: FillMissing, path: Path) -> list[str]:
    """The columns to fill: those named, or all that the strategy and the value fit."""
    held = cols.of(x)
    numbers = step.strategy in ("mean", "median") or (step.strategy == "constant" and not isinstance(step.value, str))
    fits = {name: step.strategy == "mode" or numbers == cols.numeric(values) for name, values in held.items()}
    names = cols.check(x, step.columns, path) if step.columns is not None else [name for name in held if fits[name]]
    wrong = [name for name in names if not fits[name]]
    if wrong or not names:
        what = f"column '{wrong[0]}'" if wrong else "any of the features"
        hint = "mean and median are for numbers, mode for anything, constant for values like its own"
        raise DataError(Problem(path, f"fill_missing with strategy '{step.strategy}' does not fit {what}", hint=hint))
    return list(names)


def _filling(values: np.ndarray, step: FillMissing, name: str, path: Path) -> Any:
    """What is filled in: one value for a column, one per position for an array (n, ...)."""
    if step.strategy == "constant":
        return step.value
    gone = missing(values)
    if gone.all(axis=0).any():
        hint = "leave the column out with data.columns.ignore, or use strategy: constant"
        raise DataError(Problem(path, f"no value of '{name}' in train to take the {step.strategy} of", hint=hint))
    if step.strategy == "mode":
        flat, lost = values.reshape(len(values), -1), gone.reshape(len(values), -1)
        modes = [_mode(flat[~lost[:, i], i]) for i in range(flat.shape[1])]
        return modes[0] if values.ndim == 1 else np.array(modes, values.dtype).reshape(values.shape[1:])
    return np.nanmean(values, axis=0) if step.strategy == "mean" else np.nanmedian(values, axis=0)


def _mode(values: np.ndarray) -> Any:
    """The most frequent value; of several, the smallest."""
    if values.dtype.kind != "O":
        found, counts = np.unique(values, return_counts=True)
        return found[counts.argmax()]
    _, first, counts = np.unique(values.astype(str), return_index=True, return_counts=True)
    return values[first[counts.argmax()]]


def _filled(values: np.ndarray, gone: np.ndarray, value: Any) -> np.ndarray:
    copy = values.copy()
    copy[gone] = np.broadcast_to(np.asarray(value, values.dtype), values.shape)[gone]
    return copy


def clip_outliers(parts: Parts, step: ClipOutliers, known: Known) -> tuple[Parts, dict[str, int]]:
    """Pulls numbers back into the range that train gives; the counts are values."""
    train = cols.of(parts["train"].x)
    fits = [name for name, values in train.items() if cols.numeric(values) and values.ndim <= 2]
    names = cols.check(parts["train"].x, step.columns, known.path) if step.columns is not None else fits
    wrong = [name for name in names if name not in fits]
    if wrong or not names:
        what = f"column '{wrong[0]}' holds no numbers" if wrong else "the features are no table of numbers"
        raise DataError(Problem(known.path, f"clip_outliers cannot apply: {what}"))
    clipped = {role: dict(cols.of(part.x)) for role, part in parts.items()}
    counts = dict.fromkeys(parts, 0)
    for name in names:
        low, high = _range(train[name].astype(np.float64), step)
        for role, held in clipped.items():
            out = (held[name] < low) | (held[name] > high)
            counts[role] += int(out.sum())
            if out.any():
                held[name] = _clipped(held[name], low, high)
    return {role: Examples(cols.to(part.x, clipped[role]), part.y) for role, part in parts.items()}, counts


def _range(values: np.ndarray, step: ClipOutliers) -> tuple[Any, Any]:
    """The lowest and the highest value to keep, of a column or of each column of an array (n, d)."""
    if step.method == "zscore":
        mean, deviation = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        return mean - step.factor * deviation, mean + step.factor * deviation
    if step.method == "quantile":
        low, high = np.nanquantile(values, [step.factor, 1 - step.factor], axis=0)
        return low, high
    first, third = np.nanquantile(values, [0.25, 0.75], axis=0)
    return first - step.factor * (third - first), third + step.factor * (third - first)


def _clipped(values: np.ndarray, low: Any, high: Any) -> np.ndarray:
    clipped = np.clip(values.astype(np.float64), low, high)
    return clipped if values.dtype.kind in "iu" else clipped.astype(values.dtype)


STEPS: dict[str, Callable[[Parts, Any, Known], tuple[Parts, dict[str, int]]]] = {
    "drop_duplicates": drop_duplicates,
    "drop_missing": drop_missing,
    "fill_missing": fill_missing,
    "clip_outliers": clip_outliers,
    "drop_labels": drop_labels,
    "map_labels": relabel,
}
