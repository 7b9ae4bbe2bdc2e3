"""New data for a trained model, from files: `kspec predict RUN DATA`."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from kspec.builders.data.images import fitted
from kspec.builders.data.labels import missing
from kspec.builders.data.sources import folders, memory, npz, tables
from kspec.builders.data.table import input_name, typed
from kspec.errors import DataError, Problem, did_you_mean
from kspec.spec.data import Csv, Data, Image

TABLES = (".csv", ".parquet")
ARRAYS = (".npy", ".npz")
Features = Any
"""What `model.predict` takes: an array, or arrays by the names of the inputs."""


def read_input(path: Path, data: Data, model: Any) -> tuple[list[str], Features]:
    """Names of the examples (files, or numbers of rows from 0) and their features, as the saved model reads them.

    Images: a file or a folder of them, brought to the size that the model reads. Texts: a .txt file, a text a line; a
    folder of .txt files, a text each; or a table with the text column of the spec. Tables: .csv or .parquet with the
    feature columns. Any but texts and tables also as .npy, or .npz with one array or one called `data.npz.x`.

    Raises:
        DataError: no such file, a kind of file that the model does not read, or columns, values or shapes that do
            not fit.
    """
    if not path.exists():
        raise DataError(Problem((), "no such file or folder", found=str(path)))
    if _reads_texts(model):
        return _texts(path, data)
    if path.suffix.lower() in ARRAYS:
        return _array(path, data, model)
    if len(model.inputs[0].shape) == 4:
        return _images(path, data, model)
    if path.suffix.lower() in TABLES:
        return _table(path, data, model)
    raise _unreadable(path, "a table (.csv, .parquet) or an array (.npy, .npz)")


def _reads_texts(model: Any) -> bool:
    """A single string for each example, or a KerasHub task with its tokenizer."""
    [first, *others] = model.inputs
    strings = not others and first.dtype == "string" and len(first.shape) == 1
    return strings or getattr(getattr(model, "preprocessor", None), "tokenizer", None) is not None


def _unreadable(path: Path, expected: str) -> DataError:
    return DataError(Problem((), "not what the model reads", expected, str(path)))


def _files(path: Path, suffixes: tuple[str, ...], expected: str) -> list[Path]:
    """The file itself, or all files of the folder with one of these suffixes, sorted."""
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = [file for file in found if file.is_file() and file.suffix.lower() in suffixes]
    if not files:
        raise _unreadable(path, expected)
    return files


def _names(files: list[Path], path: Path) -> list[str]:
    return [str(file.relative_to(path)) if path.is_dir() else file.name for file in files]


def _rows(count: int) -> list[str]:
    return [str(row) for row in range(count)]


def _images(path: Path, data: Data, model: Any) -> tuple[list[str], np.ndarray]:
    """uint8 (n, height, width, channels)."""
    expected = f"an image or a folder of images ({', '.join(folders.IMAGES)}), or an array (.npy, .npz)"
    files = _files(path, folders.IMAGES, expected)
    height, width, channels = model.inputs[0].shape[1:]
    # Some networks read any size, and then the images stay as they are.
    own = Image(size=None if height is None or width is None else (height, width))
    image = data.image if data.image.size is not None else own

    def read(file: Path) -> np.ndarray:
        # Pillow converts to the channels that the model reads.
        pixels = folders._pixels(file, channels)
        return np.asarray(fitted(pixels, image.model_copy(update={"channels": None})))

    images = folders._each(files, read, folders._unreadable(), (), "whole images")
    other = next((index for index, one in enumerate(images) if one.shape != images[0].shape), None)
    if other is not None:
        found = f"{files[0]} {images[0].shape[:2]}, {files[other]} {images[other].shape[:2]}"
        raise DataError(Problem((), "the images differ in size", "one size", found))
    return _names(files, path), np.stack(images)


def _texts(path: Path, data: Data) -> tuple[list[str], np.ndarray]:
    """An object array (n,) of str."""
    if path.suffix.lower() in TABLES:
        return _text_column(path, data)
    files = _files(path, folders.TEXTS, "a .txt file, a folder of them, or a table (.csv, .parquet) with a text column")
    texts = folders._each(
        files, lambda file: file.read_text(encoding="utf-8"), (UnicodeDecodeError, OSError), (), "text in UTF-8"
    )
    if path.is_dir():
        return _names(files, path), np.array(texts, object)
    lines = [line for line in texts[0].splitlines() if line.strip()]
    if not lines:
        raise DataError(Problem((), "the file holds no text", "a text a line", str(path)))
    return _rows(len(lines)), np.array(lines, object)


def _text_column(path: Path, data: Data) -> tuple[list[str], np.ndarray]:
    frame = _frame(path, data)
    name = str(data.columns.text or frame.columns[0])
    if name not in frame.columns or (data.columns.text is None and len(frame.columns) > 1):
        expected = f"a column '{data.columns.text}'" if data.columns.text else "one column"
        raise DataError(Problem((), "the table's text column is not clear", expected, ", ".join(frame.columns)))
    values = tables._array(frame[name])
    _whole(name, values)
    return _rows(len(frame)), np.array([str(value) for value in values.tolist()], object)


def _frame(path: Path, data: Data) -> Any:
    kind = path.suffix.lower().removeprefix(".")
    return tables._frame(tables._pandas(kind), path, kind, data.csv or Csv(path=str(path)))


def _table(path: Path, data: Data, model: Any) -> tuple[list[str], dict[str, np.ndarray]]:
    """A column (n,) for each input of the model, by its name; other columns of the file are not looked at."""
    frame = _frame(path, data)
    held = {input_name(column): column for column in frame.columns}
    wanted = {tensor.name: tensor.dtype for tensor in model.inputs}
    absent = [name for name in wanted if name not in held]
    if absent:
        message = f"the table lacks the column '{absent[0]}'" + f" and {len(absent) - 1} more" * (len(absent) > 1)
        hint = did_you_mean(absent[0], held)
        raise DataError(Problem((), message, ", ".join(wanted), ", ".join(frame.columns), hint))
    columns = {name: tables._array(frame[held[name]]) for name in wanted}
    for name, values in columns.items():
        _whole(name, values)
    return _rows(len(frame)), dict(typed(columns, wanted))


def _whole(name: str, values: np.ndarray) -> None:
    count = int(np.sum(missing(values)))
    if count:
        hint = "fill the values in, or leave the rows out"
        message = f"{count} missing value{'s' * (count != 1)} in column '{name}'"
        raise DataError(Problem((), message, "no missing values", hint=hint))


def _array(path: Path, data: Data, model: Any) -> tuple[list[str], np.ndarray]:
    """An array (n, ...) of the shape that the model reads."""
    if len(model.inputs) > 1:
        raise _unreadable(path, "a table (.csv, .parquet)")
    values = _load(path, data)
    wanted = tuple(model.inputs[0].shape[1:])
    if len(wanted) == 3 and wanted[2] == 1 and values.ndim == 3:
        values = values[..., np.newaxis]
    sizes = zip(wanted, values.shape[1:], strict=False)
    if values.ndim != len(wanted) + 1 or any(one not in (None, other) for one, other in sizes):
        expected = "(n, " + ", ".join("any" if size is None else str(size) for size in wanted) + ")"
        raise DataError(Problem((), "the array has another shape than the model reads", expected, str(values.shape)))
    if values.dtype.kind not in "iufb" or not len(values):
        raise DataError(Problem((), "the array holds no numbers", "numbers", f"{values.dtype} {values.shape}"))
    return _rows(len(values)), values


def _load(path: Path, data: Data) -> np.ndarray:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            memory.check_size(npz.unpacked(loaded), "its arrays", ())
            wanted = data.npz.x if data.npz is not None and data.npz.x in loaded.files else None
            name = wanted or (loaded.files[0] if len(loaded.files) == 1 else "x")
            return np.asarray(loaded[name])
    except KeyError:
        found = ", ".join(loaded.files) or "nothing"
        raise DataError(Problem((), "the file holds several arrays, none called x", "one array", found)) from None
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(Problem((), "not an array that NumPy can read", "numbers", f"{path}: {reason}")) from None
