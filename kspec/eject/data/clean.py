"""`data.clean`: each step as the lines that do it, with what they found in the data as literals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kspec.builders.data import columns as cols
from kspec.builders.data.clean import STEPS as DONE
from kspec.builders.data.clean import Known as Place
from kspec.builders.data.labels import map_labels, matches, missing
from kspec.eject.code import Name, quoted, render, statement
from kspec.eject.known import Known, unable

Parts = dict[str, Any]
KEYS_OF_TABLE = '''\
def row_keys(table):
    """What tells the rows apart: the bytes of numbers, the text of anything else."""
    columns = [[value.tobytes() for value in c] if c.dtype != object else list(map(repr, c)) for c in table.values()]
    return list(zip(*columns, strict=True))'''
KEYS_OF_TEXTS = '''\
def row_keys(texts):
    """What tells the texts apart."""
    return list(map(repr, texts))'''
KEYS_OF_ARRAYS = '''\
def row_keys(examples):
    """What tells the examples apart: their bytes."""
    return [example.tobytes() for example in examples]'''
FIRST = '''\
def first_of_each(x, elsewhere=()):
    """Which examples are the first with their features, and stand in no other split."""
    seen, first = set(elsewhere), []
    for key in row_keys(x):
        first.append(key not in seen)
        seen.add(key)
    return np.array(first)'''


def clean(known: Known) -> list[str]:
    """The paragraphs of all steps."""
    paragraphs: list[str] = []
    parts: Parts = dict(known.parts)
    for number, step in enumerate(known.data.clean):
        name, arguments = step.chosen
        path = ("data", "clean", number)
        paragraphs += WRITERS[name](known, parts, arguments, path)
        parts, _ = DONE[name](parts, arguments, Place(known.source.class_names, known.data.label or (), path))
    return list(dict.fromkeys(paragraphs))


def cleaned(known: Known) -> Parts:
    """The parts after every step."""
    parts: Parts = dict(known.parts)
    for number, step in enumerate(known.data.clean):
        name, arguments = step.chosen
        place = Place(known.source.class_names, known.data.label or (), ("data", "clean", number))
        parts, _ = DONE[name](parts, arguments, place)
    return parts


def kept(known: Known, role: str, rows: str) -> str:
    """The line that keeps some rows of a split."""
    x = f"take(x_{role}, {rows})" if known.is_table else f"x_{role}[{rows}]"
    return f"x_{role}, y_{role} = {x}, y_{role}[{rows}]"


def _drop_duplicates(known: Known, parts: Parts, step: Any, path: Any) -> list[str]:
    table = KEYS_OF_TEXTS if known.source.kind == "text" else KEYS_OF_ARRAYS
    lines = ["# Of examples with equal features the first one stays."]
    others = [role for role in parts if role != "train"] if step.across_splits else []
    if others:
        lines = ["# Of examples with equal features the first one stays; train loses what stands in another split too."]
        lines.append(f"elsewhere = {' + '.join(f'row_keys(x_{role})' for role in others)}")
    for role in parts:
        lines.append(f"kept = first_of_each(x_{role}{', elsewhere' if role == 'train' and others else ''})")
        lines.append(kept(known, role, "kept"))
    return [KEYS_OF_TABLE if known.is_table else table, FIRST, "\n".join(lines)]


def _drop_missing(known: Known, parts: Parts, step: Any, path: Any) -> list[str]:
    held = list(cols.of(parts["train"].x))
    names = [name for name in held if step.columns is None or name in step.columns]
    label = step.columns is None or bool(set(known.data.label or ()) & set(step.columns))
    y = "missing(y)" if parts["train"].y.ndim == 1 else "missing(y).reshape(len(y), -1).any(axis=1)"
    start = y if label else "np.zeros(len(y), bool)"
    body = ["def complete(x, y):", '    """Which examples lack no value."""', f"    lacking = {start}"]
    if known.is_table:
        body += [
            f"    for name in {'x' if names == held else render(names, 4, 16)}:",
            "        lacking = lacking | missing(x[name])",
        ]
    elif names:
        flat = "missing(x)" if np.ndim(parts["train"].x) == 1 else "missing(x).reshape(len(x), -1).any(axis=1)"
        body.append(f"    lacking = lacking | {flat}")
    lines = []
    for role in parts:
        lines += [f"kept = complete(x_{role}, y_{role})", kept(known, role, "kept")]
    return ["\n".join([*body, "    return ~lacking"]), "\n".join(lines)]


def _drop_labels(known: Known, parts: Parts, step: Any, path: Any) -> list[str]:
    dropped = [
        value
        for value in _distinct(parts)
        if matches(np.array([value], object), step.labels, known.source.class_names).any()
    ]
    lines = ["# Examples with these labels go.", statement("dropped = ", dropped)]
    for role, part in parts.items():
        lines.append(f"kept = np.array([label not in dropped for label in y_{role}{_flat(part)}.tolist()])")
        lines.append(kept(known, role, "kept"))
    return ["\n".join(lines)]


def _flat(part: Any) -> str:
    return "" if part.y.ndim == 1 else ".reshape(-1)"


def _distinct(parts: Parts) -> list[Any]:
    """Every label, once, by its text; two that only differ in type are one to kspec and are not written out."""
    values = {repr(value): value for part in parts.values() for value in part.y.reshape(-1).tolist()}
    return [values[text] for text in sorted(values)]


def _map_labels(known: Known, parts: Parts, step: Any, path: Any) -> list[str]:
    replaced = {}
    for value in _distinct(parts):
        held = np.array([value], object)
        if matches(held, tuple(step.labels), known.source.class_names).any():
            replaced[value] = map_labels(held, step.labels, known.source.class_names).tolist()[0]
    lines = ["# Labels that are another name of a class, or wrong.", statement("renamed = ", replaced)]
    for role, part in parts.items():
        after = map_labels(part.y, step.labels, known.source.class_names)
        kind = "object" if after.dtype.kind == "O" else quoted(after.dtype.name)
        renamed = f"[renamed.get(label, label) for label in y_{role}{_flat(part)}.tolist()]"
        lines.append(f"y_{role} = np.array({renamed}, {kind})")
    return ["\n".join(lines)]


def _each_column(known: Known, parts: Parts, names: list[str], inner: list[str], outer: list[str]) -> str:
    """Lines on the columns of a table, or on the one array. `{train}` and `{x}` stand for the values."""
    xs = [f"x_{role}" for role in parts]
    if not known.is_table:
        lines = [line.replace("{train}", "x_train") for line in outer]
        for x in xs:
            lines += [line.replace("{x}", x) for line in inner]
        return "\n".join(lines)
    lines = [f"for name in {render(names, 0, 12)}:"]
    lines += ["    " + line.replace("{train}", "x_train[name]") for line in outer]
    lines.append(f"    for x in {render(tuple(Name(x) for x in xs), 4, 13)}:")
    lines += ["        " + line.replace("{x}", "x[name]") for line in inner]
    return "\n".join(lines)


def _fill_missing(known: Known, parts: Parts, step: Any, path: Any) -> list[str]:
    x = parts["train"].x
    held = cols.of(x)
    numbers = step.strategy in ("mean", "median") or (step.strategy == "constant" and not isinstance(step.value, str))
    fits = [name for name, values in held.items() if step.strategy == "mode" or numbers == cols.numeric(values)]
    names = list(step.columns) if step.columns is not None else fits
    gone = {name for name in names for part in parts.values() if missing(cols.of(part.x)[name]).any()}
    names = [name for name in names if name in gone]
    if not names:
        return []
    if step.strategy == "mode" and not known.is_table and np.ndim(x) > 1:
        raise unable((*path, "fill_missing", "strategy"), "the mode of an array")
    value = {
        "mean": "np.nanmean({train}, axis=0)",
        "median": "np.nanmedian({train}, axis=0)",
        "mode": "_mode({train}[~missing({train})])",
        "constant": render(step.value, 0, 0),
    }[step.strategy]
    what = {"mean": "mean", "median": "median", "mode": "most frequent value", "constant": "value"}[step.strategy]
    inner = ["{x} = np.where(missing({x}), np.asarray(value, {x}.dtype), {x})"]
    source = f"the {what} of train" if step.strategy != "constant" else "one value"
    return [f"# Missing values become {source}.\n" + _each_column(known, parts, names, inner, [f"value = {value}"])]


def _clip_outliers(known: Known, parts: Parts, step: Any, path: Any) -> list[str]:
    held = cols.of(parts["train"].x)
    fits = [name for name, values in held.items() if cols.numeric(values) and values.ndim <= 2]
    names = list(step.columns) if step.columns is not None else fits
    factor = repr(step.factor)
    outer = ['values = {train}.astype("float64")']
    if step.method == "zscore":
        outer += [
            "mean, deviation = np.nanmean(values, axis=0), np.nanstd(values, axis=0)",
            f"low, high = mean - {factor} * deviation, mean + {factor} * deviation",
        ]
    elif step.method == "quantile":
        outer.append(f"low, high = np.nanquantile(values, [{factor}, {1 - step.factor!r}], axis=0)")
    else:
        outer += [
            "first, third = np.nanquantile(values, [0.25, 0.75], axis=0)",
            f"low, high = first - {factor} * (third - first), third + {factor} * (third - first)",
        ]
    inner = ['{x} = np.clip({x}.astype("float64"), low, high)']
    floats = all(held[name].dtype == np.float64 for name in names)
    if floats:
        inner = ["{x} = np.clip({x}, low, high)"]
        outer = [outer[0].replace('.astype("float64")', ""), *outer[1:]]
    comment = "# Numbers outside of the range that train gives become its bounds."
    return [comment + "\n" + _each_column(known, parts, names, inner, outer)]


WRITERS: Mapping[str, Callable[[Known, Parts, Any, Any], list[str]]] = {
    "drop_duplicates": _drop_duplicates,
    "drop_missing": _drop_missing,
    "fill_missing": _fill_missing,
    "clip_outliers": _clip_outliers,
    "drop_labels": _drop_labels,
    "map_labels": _map_labels,
}
