"""`csv:` and `parquet:` tables, one file or one per split, read by pandas."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from kspec.builders.data import columns
from kspec.builders.data.sources import memory
from kspec.builders.examples import Examples, Source
from kspec.errors import DataError, Problem
from kspec.spec.data import Data

PACKED = (".gz", ".bz2", ".xz", ".zip", ".zst", ".tar")
SPLITS = ("train", "validation", "test")


def load(data: Data) -> Source:
    """A table: float64, integer or object columns (n,), missing values NaN or None; or the texts of `columns.text`.

    Raises:
        DataError: pandas is not installed, no such file, not a table, no label, no such column.
    """
    kind, settings = data.source
    pandas = _pandas(kind)
    files = _files(Path(settings.path), kind)
    frames = {split: _frame(pandas, file, kind, settings) for split, file in files.items()}
    label = _label(list(frames["train"].columns), data)
    text = data.columns.text
    wanted = columns.select(list(frames["train"].columns), label, data.columns)
    splits = {}
    for split, frame in frames.items():
        lacking = next((name for name in (*wanted, *label) if name not in frame.columns), None)
        if lacking is not None:
            message = f"the {split} table has no column '{lacking}'"
            raise DataError(Problem(("data", kind), message, ", ".join(wanted), ", ".join(map(str, frame.columns))))
        table = {name: _array(frame[name]) for name in wanted}
        y = [_array(frame[name]) for name in label]
        x: Any = table if text is None else _texts(table[text])
        splits[split] = Examples(x, y[0] if len(y) == 1 else _matrix(y))
    return Source("table" if text is None else "text", splits)


def _pandas(kind: str) -> ModuleType:
    try:
        import pandas
    except ImportError:
        hint = 'pip install "kspec[tables]"'
        raise DataError(Problem(("data", kind), "tables need pandas, which is not installed", hint=hint)) from None
    return pandas


def _files(path: Path, kind: str) -> dict[str, Path]:
    """The table of each split."""
    if path.is_file():
        return {"train": path}
    if not path.is_dir():
        raise DataError(Problem(("data", kind), "no such file", f"a .{kind} file, or a folder of them", str(path)))
    files = {split: path / f"{split}.{kind}" for split in SPLITS if (path / f"{split}.{kind}").is_file()}
    if "train" not in files:
        held = ", ".join(sorted(file.name for file in path.iterdir())[:10]) or "nothing"
        raise DataError(Problem(("data", kind), f"the folder has no train.{kind}", f"{path}/train.{kind}", held))
    return files


def _frame(pandas: Any, file: Path, kind: str, settings: Any) -> Any:
    try:
        if kind == "parquet":
            _fits_unpacked(file)
            frame = pandas.read_parquet(file)
        else:
            memory.check_size(file.stat().st_size, f"{file.name}", ("data", kind))
            frame = pandas.read_csv(
                file, compression=None, encoding=settings.encoding, **_separated(settings.separator)
            )
    except ImportError:
        hint = 'pip install "kspec[tables]"'
        raise DataError(Problem(("data", kind), "reading Parquet needs pyarrow", hint=hint)) from None
    except (ValueError, OSError, LookupError) as error:  # pandas' and Arrow's parser errors are ValueErrors
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        hint = "unpack it first" if file.suffix in PACKED else ""
        raise DataError(Problem(("data", kind), f"not a table in {kind}", "", f"{file}: {reason}", hint)) from None
    if frame.empty:
        raise DataError(Problem(("data", kind), "the table is empty", "a header and at least one row", str(file)))
    frame.columns = [str(name) for name in frame.columns]
    return frame


def _separated(separator: str) -> dict[str, str]:
    """pandas takes a longer separator for a regular expression, which could run for ever; here it is a text."""
    if len(separator) == 1 or separator == r"\s+":  # any white space: pandas knows it by itself
        return {"sep": separator}
    return {"sep": re.escape(separator), "engine": "python"}


def _fits_unpacked(file: Path) -> None:
    """Refuses a Parquet file that repeats a value until the table is larger than the memory."""
    from pyarrow.parquet import ParquetFile

    about = ParquetFile(file).metadata
    memory.check_size(about.num_rows * about.num_columns * 8, f"{about.num_rows:,} rows", ("data", "parquet"))


def _label(available: list[str], data: Data) -> tuple[str, ...]:
    if data.label is None:
        hint = "label: name of the column, or a list of them"
        raise DataError(Problem(("data", "label"), "a table needs a label", ", ".join(available), hint=hint))
    for name in data.label:
        columns.known(name, available, ("data", "label"))
    return data.label


def _array(series: Any) -> np.ndarray:
    """A column as NumPy holds it: integers, float64 with NaN, bool, or objects with None for a missing value."""
    kind = series.dtype.kind
    if kind in "iu" and not series.isna().any():
        return np.asarray(series.to_numpy(dtype=np.int64 if kind == "i" else np.uint64))
    if kind in "iuf":
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    if kind == "b" and not series.isna().any():
        return np.asarray(series.to_numpy(dtype=bool))
    if kind in "mM":
        return np.asarray(series.astype(str).to_numpy(dtype=object))
    return np.array([None if missing else value for value, missing in zip(series, series.isna(), strict=True)], object)


def _texts(values: np.ndarray) -> np.ndarray:
    return np.array([value if value is None else str(value) for value in values.tolist()], object)


def _matrix(columns: list[np.ndarray]) -> np.ndarray:
    """Several label columns as (n, k)."""
    if any(column.dtype.kind == "O" for column in columns):
        return np.stack([column.astype(object) for column in columns], axis=1)
    return np.stack([column.astype(np.float64) for column in columns], axis=1)
