"""A spec for a table: which column is the label, what kind it is, what to leave out, what to mend."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kspec.errors import UsageError
from kspec.guess.draft import Draft, batch_size, early_stopping, epochs, imbalance, scaled, splits
from kspec.guess.label import FEW, given, is_id, is_text, is_whole, likely

MOST_CATEGORIES = 100
"""More distinct texts than this make a one-hot code that is wider than it is of use."""
ROWS = 50_000
"""Rows that are looked at."""


def draft(path: Path, written: str, label: Sequence[str]) -> Draft:
    """The spec for a table.

    Raises:
        UsageError: not a table, no such column, or nothing to learn from.
    """
    table, source, held = _read(path, written)
    if len(table) < 10 or table.shape[1] < 2:
        raise UsageError(f"{written}: {len(table)} rows and {table.shape[1]} columns are too few to learn from")
    choice = given(list(table.columns), label) if label else likely(table)
    made = Draft(f"kspec init {written}: {_size(table)}")
    made.data |= source
    made.data["label"] = choice.columns[0] if len(choice.columns) == 1 else list(choice.columns)
    made.comments["data.label"] = choice.why if choice.sure else f"a guess: {choice.why}; --label COLUMN names another"
    made.notes.append(f"label  {', '.join(choice.columns)}: {choice.why}")
    if not choice.sure:
        others = ", ".join(name for name in table.columns if name not in choice.columns)
        made.notes.append(f"       not sure; `kspec init {written} --label COLUMN` takes another of {others[:80]}")
    labels = table[list(choice.columns)]
    task = _task(labels)
    made.data["task"] = task
    made.notes.append(f"task   {task}: {_of_labels(labels, task)}")
    splits(made, held)
    _columns(made, table, choice.columns)
    _cleaning(made, table, choice.columns)
    _training(made, labels, task, len(table))
    return made


def _read(path: Path, written: str) -> tuple[Any, dict[str, Any], list[str]]:
    """The first rows, the source as the spec says it, and the splits that a folder holds."""
    kind = "parquet" if path.suffix == ".parquet" or (path.is_dir() and any(path.glob("train.parquet"))) else "csv"
    file = path / f"train.{kind}" if path.is_dir() else path
    held = [split for split in ("validation", "test") if path.is_dir() and (path / f"{split}.{kind}").is_file()]
    settings: dict[str, Any] = {"path": written}
    try:
        import pandas
    except ImportError:
        raise UsageError(
            'tables need pandas, which is not installed\n       hint: pip install "kspec[tables]"'
        ) from None
    try:
        if kind == "parquet":
            table = pandas.read_parquet(file)[:ROWS]
        else:
            settings |= _dialect(file)
            separator = settings.get("separator", ",")
            table = pandas.read_csv(file, sep=separator, encoding=settings.get("encoding"), nrows=ROWS)
    except ImportError:
        raise UsageError('reading Parquet needs pyarrow\n       hint: pip install "kspec[tables]"') from None
    except (ValueError, OSError) as error:  # pandas' and Arrow's parser errors are ValueErrors
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{written}: not a table in {kind}: {reason}") from None
    table.columns = [str(name) for name in table.columns]
    return table, {kind: written if list(settings) == ["path"] else settings}, held


def _dialect(file: Path) -> dict[str, str]:
    """Encoding and separator, as far as they are not UTF-8 and a comma."""
    with file.open("rb") as stream:
        head = stream.read(65_536)
    found: dict[str, str] = {}
    try:
        lines = head.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        if error.end < len(head) - 4:  # not a character cut at the end
            found["encoding"] = "latin-1"
        lines = head.decode("latin-1").splitlines()
    first = lines[0] if lines else ""
    counts = {one: len(next(csv.reader([first], delimiter=one), [])) for one in (",", ";", "\t", "|")}
    best = max(counts, key=lambda one: counts[one])
    if counts[best] > counts[","]:
        found["separator"] = best
    return found


def _task(labels: Any) -> str:
    if labels.shape[1] > 1:
        zeros_and_ones = all(set(labels[name].dropna().unique()) <= {0, 1} for name in labels)
        return "multi_label" if zeros_and_ones else "regression"
    column = labels.iloc[:, 0]
    if column.dtype.kind not in "iuf":
        return "classification"
    return "classification" if column.nunique() <= FEW and is_whole(column) else "regression"


def _of_labels(labels: Any, task: str) -> str:
    if task == "classification":
        counts = labels.iloc[:, 0].value_counts()
        shown = ", ".join(f"{name} ({count:,})" for name, count in list(counts.items())[:5])
        return f"{len(counts)} classes, {shown}{', ...' if len(counts) > 5 else ''}"
    low, high = float(labels.min().min()), float(labels.max().max())
    return f"numbers from {low:g} to {high:g}"


def _columns(made: Draft, table: Any, label: tuple[str, ...]) -> None:
    """Which columns are features: the one text alone, or all but those that say nothing."""
    features = [name for name in table.columns if name not in label]
    reasons = {name: reason for name in features if (reason := _useless(table[name], name))}
    texts = [name for name in features if is_text(table[name])]
    rest = [name for name in features if name not in reasons and name not in texts]
    if texts and not rest:
        made.data["columns"] = {"text": texts[0]}
        made.comments["data.columns"] = "the column that holds the text"
        made.notes.append(f"text   {texts[0]}")
        return
    reasons |= dict.fromkeys(texts, "texts")
    if not rest:
        raise UsageError("no feature column is left: " + "; ".join(f"{name}: {why}" for name, why in reasons.items()))
    if reasons:
        made.data["columns"] = {"ignore": list(reasons)}
        why = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        made.comments["data.columns"] = why if len(why) < 100 else f"{why[:97]}..."
        made.notes.append(f"ignore {why}")


def _useless(column: Any, name: str) -> str:
    """Why a column is no feature; "" where it is one."""
    kinds = column.nunique()
    if kinds == 0:
        return "empty"
    if kinds == 1:
        return "one value only"
    if column.dtype.kind in "mM" or (column.dtype.kind not in "iufb" and _is_date(column)):
        return "dates"
    if is_id(column, name):
        return "names the rows"
    if column.dtype.kind not in "iufb" and kinds > MOST_CATEGORIES and not is_text(column):
        return f"{kinds:,} distinct texts"
    return ""


def _is_date(column: Any) -> bool:
    known = column.dropna().astype(str)[:100]
    return bool(len(known)) and bool(known.str.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}").all())


def _cleaning(made: Draft, table: Any, label: tuple[str, ...]) -> None:
    """Steps for what is missing or stands twice."""
    columns = made.data.get("columns", {})
    ignored = columns.get("ignore", [])
    used = [columns["text"]] if "text" in columns else [n for n in table.columns if n not in (*label, *ignored)]
    gaps = {name: int(table[name].isna().sum()) for name in (*label, *used)}
    numbers = [name for name in used if gaps[name] and table[name].dtype.kind in "iuf"]
    others = [name for name in used if gaps[name] and name not in numbers]
    steps: list[Any] = []
    twice = int(table[[*used, *label]].duplicated().sum())
    if twice:
        steps.append("drop_duplicates")
    needed = [name for name in (*label, *(used if "text" in columns else ())) if gaps[name]]
    if needed:
        steps.append({"drop_missing": {"columns": needed}})
    if numbers:
        steps.append({"fill_missing": {"strategy": "median", "columns": numbers}})
    if others and "text" not in columns:
        steps.append({"fill_missing": {"strategy": "mode", "columns": others}})
    if steps:
        made.data["clean"] = steps
        found = [f"{gaps[name]:,} missing in {name}" for name in gaps if gaps[name]]
        found += [f"{twice:,} rows twice"] if twice else []
        made.comments["data.clean"] = "; ".join(found)[:110]
        made.notes.append(f"clean  {'; '.join(found)}")


def _training(made: Draft, labels: Any, task: str, count: int) -> None:
    of_text = "text" in made.data.get("columns", ())
    made.data["batch_size"] = batch_size(count)
    if of_text:
        made.data["text"] = {"output": "multi_hot", "max_tokens": 10_000}
    made.model["MLP"] = {"hidden": [64, 32] if count < 5_000 else [128, 64], "dropout": 0.3 if of_text else 0.1}
    rounds = 15 if of_text else epochs(count)
    made.training["epochs"] = rounds
    made.training["learning_rate"] = {"peak": 0.003, "warmup": "5%", "decay": "cosine"}
    if task == "classification":
        imbalance(made, list(labels.iloc[:, 0].value_counts()))
    if task == "regression":
        made.training["metrics"] = ["MeanAbsoluteError", "RootMeanSquaredError", "R2Score"]
        scaled(made, float(labels.std().max()), float(labels.mean().abs().max()))
    made.training["callbacks"] = early_stopping(max(3, rounds // 5))


def _size(table: Any) -> str:
    more = "the first " if len(table) == ROWS else ""
    return f"{more}{len(table):,} rows, {table.shape[1]} columns"
