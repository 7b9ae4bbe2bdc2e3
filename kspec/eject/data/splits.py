"""Train, validation and test: slices of what was loaded, and fractions that are drawn with the seed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from kspec.builders.data.labels import infer_task, map_labels, matches, missing, text_of
from kspec.eject.code import Call, Name, statement
from kspec.eject.known import Known, unable

_PART = re.compile(r"^(?P<name>[\w-]+)(\[(?P<start>-?[\d_.]+%?)?:(?P<stop>-?[\d_.]+%?)?\])?$")


def split(known: Known, pieces: dict[str, tuple[str, str]], *, by_role: bool) -> list[str]:
    """The paragraphs that make x_train, y_train and so on.

    pieces: expressions for features and labels by split of the source. by_role: the source was read by role.
    """
    fractions = {role: value for role in known.roles if isinstance(value := getattr(known.data, role), float)}
    lines = [] if by_role else _slices(known, pieces, pool=bool(fractions))
    if fractions:
        lines.append(_fractions(known, fractions))
    text = [line for line in lines if line]
    return ["\n".join(text)] if text else []


def _slices(known: Known, pieces: dict[str, tuple[str, str]], *, pool: bool) -> list[str]:
    wanted: dict[str, str] = {}
    for role in ("validation", "test", "train"):  # train last: its names may be those of the whole
        value = getattr(known.data, role)
        if role in known.roles and isinstance(value, str):
            wanted[role] = "test" if value == "auto" else value
    for role, written in wanted.items():
        other = [name for name in pieces if name not in ("train", role) and name in re.split(r"\W+", written)]
        if other:
            raise unable(("data", role), f"{role} made of the split '{other[0]}'")
    return [_slice(known, role, written, pieces, pool) for role, written in wanted.items()]


def _slice(known: Known, role: str, written: str, pieces: dict[str, tuple[str, str]], pool: bool) -> str:
    x, y = ("x", "y") if role == "train" and pool else (f"x_{role}", f"y_{role}")
    if written in pieces:
        held = pieces[written]
        return "" if held == (x, y) else f"{x}, {y} = {held[0]}, {held[1]}"
    if written == "all":
        written = "+".join(pieces)
    parts = [_PART.match(part.strip()) for part in written.split("+")]
    if len(parts) > 1 and known.is_table:
        raise unable(("data", role), "a table of several splits")
    found = [_rows(known, pieces[part["name"]], part["start"], part["stop"]) for part in parts if part is not None]
    if len(found) == 1:
        return f"{x}, {y} = {found[0][0]}, {found[0][1]}"
    xs, ys = (", ".join(part[axis] for part in found) for axis in (0, 1))
    return f"{x}, {y} = np.concatenate([{xs}]), np.concatenate([{ys}])"


def _rows(known: Known, piece: tuple[str, str], start: str | None, stop: str | None) -> tuple[str, str]:
    x, y = piece
    if start is None and stop is None:
        return x, y
    first, last = _bound(start, y), _bound(stop, y)
    inside = f"{first}:{last}" if "(" not in first + last else f"{first + ' ' if first else ''}: {last}".rstrip()
    taken = f"take({x}, slice({first or None}, {last or None}))" if known.is_table else f"{x}[{inside}]"
    return taken, f"{y}[{inside}]"


def _bound(text: str | None, y: str) -> str:
    if text is None:
        return ""
    if text.endswith("%"):
        share = float(text[:-1])
        return f"round({int(share) if share == int(share) else share} * len({y}) / 100)"
    return str(int(text))


def _fractions(known: Known, fractions: dict[str, float]) -> str:
    """Drawn one after the other, each out of what the one before left."""
    strata = _strata(known)
    what = ", each class with its share" if strata else ""
    shares = " and ".join(f"{100 * share:g} % for {role}" for role, share in fractions.items())
    lines = [f"# {shares}, drawn with the seed{what}, in the order of the data.", *(strata[1] if strata else [])]
    lines.append("rows = np.arange(len(y))")
    for role, share in fractions.items():
        options: dict[str, Any] = {"test_size": Name(f"round({share!r} * len(y))"), "random_state": Name("SEED")}
        if strata:
            options["stratify"] = Name(f"{strata[0]}[rows]")
        lines.append(statement(f"rows, rows_{role} = ", Call("train_test_split", (Name("rows"),), options)))
        lines.append(f"rows, rows_{role} = np.sort(rows), np.sort(rows_{role})")
    for role, rows in (*((role, f"rows_{role}") for role in fractions), ("train", "rows")):
        x = f"take(x, {rows})" if known.is_table else f"x[{rows}]"
        lines.append(f"x_{role}, y_{role} = {x}, y[{rows}]")
    return "\n".join(lines)


def _strata(known: Known) -> tuple[str, list[str]] | None:
    """The name of the classes to stratify by, and the lines that make them; None without stratification.

    See kspec.builders.data.splits: a class is the text of a label after the label steps of `data.clean`, and a label
    that is missing or dropped counts to the most frequent class.
    """
    pool = np.concatenate([part.y for role, part in known.parts.items() if _from_train(known, role)])
    if not known.data.stratify or infer_task(pool, known.data, known.source) != "classification":
        return None
    flat = "y" if pool.ndim == 1 else "y.reshape(-1)"
    moved = _moved(known, pool.reshape(-1))
    if not moved and _sorts_by_text(pool.reshape(-1).tolist()):
        return ("y", []) if flat == "y" else ("classes", [f"classes = {flat}"])
    texts = f"[text_of(label) for label in {flat}.tolist()]"
    if not moved:
        return "classes", [f"classes = np.array({texts})"]
    return "classes", [
        f"classes = {texts}",
        "# Labels that are mapped, dropped or missing count to these classes.",
        statement("counts_as = ", moved),
        "classes = np.array([counts_as.get(name, name) for name in classes])",
    ]


def _sorts_by_text(values: list[Any]) -> bool:
    """Whether labels in their own order are in the order of their texts, which decides what is drawn."""
    try:
        return sorted(set(values), key=text_of) == sorted(set(values))
    except TypeError:
        return False


def _moved(known: Known, labels: np.ndarray) -> dict[str, str]:
    """Text of a label -> the class it counts to, where that is another."""
    before = [text_of(label) for label in labels.tolist()]
    gone = missing(labels)
    for step in known.data.clean:
        if step.map_labels is not None:
            labels = map_labels(labels, step.map_labels.labels, known.source.class_names)
        if step.drop_labels is not None:
            gone = gone | matches(labels, step.drop_labels.labels, known.source.class_names)
    after = np.array([text_of(label) for label in labels.tolist()])
    if gone.all():
        raise unable(("data", "clean"), "a stratified fraction of which every label is dropped")
    names, counts = np.unique(after[~gone], return_counts=True)
    after[gone] = names[counts.argmax()]
    return {text: str(kind) for text, kind in zip(before, after, strict=True) if text != kind}


def _from_train(known: Known, role: str) -> bool:
    return role == "train" or isinstance(getattr(known.data, role), float)
