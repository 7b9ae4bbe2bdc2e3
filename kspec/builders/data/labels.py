"""Labels: what is predicted, what counts as a missing one, and how they become class ids or numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from kspec.builders.examples import Examples, Source, Task
from kspec.errors import DataError, Gathered, Problem, did_you_mean
from kspec.spec.data import Data

WHOLE_NUMBER_CLASSES = 20
"""Floats that are all whole numbers are read as classes up to this many distinct values."""
SHOWN = 10

Splits = Mapping[str, Examples | None]


def missing(values: np.ndarray) -> np.ndarray:
    """Where values are missing: NaN, None, NaT or an empty text. A bool array of the same shape."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind == "U":
        return np.asarray(np.char.strip(values) == "", bool)
    if values.dtype.kind == "O":
        flat = [v is None or (v.strip() == "" if isinstance(v, str) else bool(v != v)) for v in values.ravel()]
        return np.array(flat, bool).reshape(values.shape)
    return np.zeros(values.shape, bool)


def infer_task(labels: np.ndarray, data: Data, source: Source | None = None) -> Task:
    """What is predicted: `data.task` where it is set, else what the source knows, else by the look of the labels.

    Names, booleans and whole numbers of which each stands at least twice on average are classes; so are floats that
    are all whole and of at most 20 kinds. Several columns of only 0 and 1 are multi-label. All else is regression.

    Raises:
        DataError: the task that was asked for does not fit the labels.
    """
    if data.task != "auto":
        return _fits(data.task, labels)
    if source is not None and source.task is not None:
        return source.task
    if labels.ndim > 1 and labels.shape[1] > 1:
        return "multi_label" if _zeros_and_ones(labels) else "regression"
    flat = labels.reshape(-1)
    known = flat[~missing(flat)]
    if known.dtype.kind in "UOb" and not _numeric(known):
        return "classification"
    numbers = known.astype(np.float64)
    kinds = len(np.unique(numbers))
    if known.dtype.kind in "iub":
        return "classification" if kinds <= 2 or 2 * kinds <= len(known) else "regression"
    whole = bool(np.all(numbers == np.round(numbers)))
    return "classification" if whole and kinds <= WHOLE_NUMBER_CLASSES else "regression"


def _fits(task: Task, labels: np.ndarray) -> Task:
    """The task, if the labels can mean it."""
    if task == "multi_label" and (labels.ndim != 2 or not _zeros_and_ones(labels)):
        raise DataError(
            Problem(("data", "task"), "the labels are not multi-label", "several columns of 0 and 1", _describe(labels))
        )
    if task == "classification" and labels.ndim == 2 and labels.shape[1] > 1:
        hint = "name one label column, or set task to multi_label or regression"
        raise DataError(
            Problem(("data", "task"), "each example has several labels", "one label", _describe(labels), hint)
        )
    if task == "regression" and not _numeric(labels[~missing(labels)]):
        raise DataError(Problem(("data", "task"), "the labels are not numbers", "numbers", _describe(labels)))
    return task


def _numeric(values: np.ndarray) -> bool:
    return values.dtype.kind in "iufb" or all(isinstance(v, int | float | np.number) for v in values.ravel())


def _zeros_and_ones(labels: np.ndarray) -> bool:
    known = labels[~missing(labels)]
    return _numeric(known) and set(np.unique(known.astype(np.float64))) <= {0.0, 1.0}


def _describe(labels: np.ndarray) -> str:
    examples = ", ".join(text_of(v) for v in list(labels.ravel()[:3]))
    return f"labels of shape {labels.shape}, such as {examples}"


def text_of(label: Any) -> str:
    """A label as a person writes it: `3` for 3.0, the text for a text."""
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return str(label)


def texts(labels: np.ndarray, class_names: tuple[str, ...]) -> tuple[np.ndarray, list[set[str]]]:
    """For each label the number of its kind, and for each kind the texts that may name it: `3`, and `cat` for id 3."""
    flat = labels.reshape(-1)
    kinds: dict[str, int] = {}
    inverse = np.array([kinds.setdefault(text_of(v), len(kinds)) for v in flat.tolist()], np.int64)
    return inverse, [{text} | _name_of(text, class_names) for text in kinds]


def _name_of(text: str, class_names: tuple[str, ...]) -> set[str]:
    return {class_names[int(text)]} if text.isdecimal() and int(text) < len(class_names) else set()


def matches(labels: np.ndarray, wanted: tuple[str | int | float, ...], class_names: tuple[str, ...] = ()) -> np.ndarray:
    """Which labels (n,) are among the wanted, by their text or by the name of their class. A bool array (n,)."""
    inverse, kinds = texts(labels, class_names)
    named = {text_of(label) for label in wanted}
    return np.asarray(np.array([bool(kind & named) for kind in kinds], bool)[inverse])


def map_labels(
    labels: np.ndarray, mapping: Mapping[str, str | int | float], class_names: tuple[str, ...] = ()
) -> np.ndarray:
    """Labels (n,) with some replaced; where the source knows its classes, a class's name becomes its id."""
    inverse, kinds = texts(labels, class_names)
    replaced = labels.reshape(-1).astype(object)
    for number, kind in enumerate(kinds):
        wrong = next((text for text in mapping if text in kind), None)
        if wrong is not None:
            right = mapping[wrong]
            replaced[inverse == number] = class_names.index(right) if right in class_names else right
    if _numeric(replaced) and not missing(replaced).any():
        numbers = np.array(replaced.tolist())
        return numbers.astype(labels.dtype) if np.array_equal(numbers, numbers.astype(labels.dtype)) else numbers
    return replaced


def encode_labels(
    splits: Splits, task: Task, class_names: tuple[str, ...] = ()
) -> tuple[dict[str, Examples | None], tuple[str, ...]]:
    """Labels as the training reads them, and the names of the classes.

    classification: int64 (n,), ids in the order of `class_names`; where these are not known, they are the labels of
        train, sorted (numbers by value, names by letter).
    multi_label, regression: float32 (n, k).

    Raises:
        DataError: a class id outside of the known classes, or a label of validation or test that train does not hold.
    """
    if task != "classification":
        names = class_names if task == "multi_label" else ()
        return _each(splits, lambda part, role: _numbers(part, task, role)), names
    if not class_names:
        train = splits["train"]
        class_names = _names(train.y if train is not None else np.array([]))
        return _each(splits, lambda part, role: _ids_of_names(part, class_names, role)), class_names
    return _each(splits, lambda part, role: _ids(part, class_names, role)), class_names


def _each(splits: Splits, encode: Callable[[Examples, str], Examples]) -> dict[str, Examples | None]:
    """Every split encoded, or the problems of all of them."""
    gathered = Gathered()
    encoded = {role: part and gathered.part(partial(encode, part, role), part) for role, part in splits.items()}
    gathered.stop()
    return encoded


def _names(labels: np.ndarray) -> tuple[str, ...]:
    distinct = set(labels.reshape(-1).tolist())
    if len(distinct) < 2:
        found = f"one label, {text_of(next(iter(distinct)))}" if distinct else "none"
        raise DataError(Problem(("data", "train"), "at least two classes are needed", found=found))
    if all(isinstance(v, int | float) for v in distinct):
        return tuple(text_of(v) for v in sorted(distinct))
    return tuple(sorted({text_of(v) for v in distinct}))


def _ids_of_names(part: Examples, names: tuple[str, ...], role: str) -> Examples:
    """Ids by looking the label's text up among the names."""
    ids = {name: index for index, name in enumerate(names)}
    distinct, inverse = np.unique([text_of(v) for v in part.y.reshape(-1).tolist()], return_inverse=True)
    unknown = [(text, int(np.sum(inverse == i))) for i, text in enumerate(distinct) if text not in ids]
    if unknown:
        text, count = unknown[0]
        others = f" (and {len(unknown) - 1} more such labels)" if len(unknown) > 1 else ""
        raise DataError(
            Problem(
                ("data", role),
                f"label '{text}' stands {count} time{'s' * (count != 1)} in {role} and never in train{others}",
                expected=_some(names),
                hint=did_you_mean(str(text), names) or "map it with clean: map_labels, or drop it with drop_labels",
            )
        )
    table = np.array([ids[text] for text in distinct], np.int64)
    return Examples(part.x, table[inverse.reshape(-1)])


def _ids(part: Examples, names: tuple[str, ...], role: str) -> Examples:
    """Checked ids of known classes; labels may also stand as the names themselves."""
    if not _numeric(part.y):
        return _ids_of_names(part, names, role)
    ids = part.y.reshape(-1).astype(np.int64)
    wrong = ids[(ids < 0) | (ids >= len(names))]
    if len(wrong) or not np.array_equal(ids, part.y.reshape(-1)):
        found = f"{text_of(wrong[0])} ({len(wrong)} such labels)" if len(wrong) else "labels that are not whole numbers"
        expected = f"0 to {len(names) - 1}: {_some(names)}"
        raise DataError(Problem(("data", role), f"labels out of range in {role}", expected, found))
    return Examples(part.x, ids)


def _numbers(part: Examples, task: Task, role: str) -> Examples:
    if not _numeric(part.y):
        first = next(v for v in part.y.ravel() if not isinstance(v, int | float | np.number))
        raise DataError(Problem(("data", role), f"a label of {role} is not a number", "numbers", repr(first)))
    return Examples(part.x, part.y.reshape(len(part), -1).astype(np.float32))


def _some(names: tuple[str, ...]) -> str:
    rest = f", ... ({len(names)} in all)" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
