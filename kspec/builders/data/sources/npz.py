"""`npz:` NumPy arrays in a file: `x_train`, `y_train`, `x_test`, `y_test`, or one pair `x`, `y`."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from kspec.builders.data.sources import memory
from kspec.builders.examples import Examples, Kind, Source
from kspec.errors import DataError, Problem, did_you_mean
from kspec.spec.data import Data

PATH = ("data", "npz")
SPLITS = ("train", "validation", "val", "test")


def load(data: Data) -> Source:
    """The arrays by split; uint8 arrays (n, h, w) or (n, h, w, c) are images, strings texts, anything else arrays.

    Raises:
        DataError: no such file, not an .npz file, pickled objects, arrays absent or of different length.
    """
    settings = data.source[1]
    arrays = _read(Path(settings.path))
    pairs = {name: pair for name in ("", *SPLITS) if (pair := _pair(arrays, settings, name)) is not None}
    if not pairs:
        wanted = f"{settings.x} and {settings.y}, or {settings.x}_train and {settings.y}_train"
        hint = did_you_mean(settings.x, arrays) or "name the arrays with data.npz.x and data.npz.y"
        raise DataError(Problem(PATH, "the file lacks the arrays", wanted, ", ".join(arrays) or "no array", hint))
    kind = _kind(next(iter(pairs.values()))[0])
    named = {"train" if name == "" else "validation" if name == "val" else name: pair for name, pair in pairs.items()}
    return Source(kind, {name: Examples(_features(x, kind), y) for name, (x, y) in named.items()})


def _read(path: Path) -> dict[str, np.ndarray]:
    """Every array of the file, without unpickling anything."""
    if not path.is_file():
        raise DataError(Problem(PATH, "no such file", found=str(path)))
    name = ""
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("a single array")
            memory.check_size(unpacked(archive), "its arrays", PATH)
            arrays = {}
            for name in archive.files:
                arrays[name] = archive[name]
            return arrays
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        if "allow_pickle" in str(error) and name:
            hint = "save it with a plain dtype: numbers, or strings of a fixed length"
            raise DataError(
                Problem(PATH, f"the array '{name}' holds pickled objects, which are not loaded", hint=hint)
            ) from None
        raise DataError(Problem(PATH, "not an .npz file", "arrays saved by numpy.savez", str(path))) from None


def unpacked(archive: Any) -> int:
    """The bytes of all arrays of an opened .npz file, as its directory says."""
    return sum(entry.file_size for entry in archive.zip.infolist())


def _pair(arrays: dict[str, np.ndarray], settings: Any, split: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Features and labels of one split, or None where the file has neither."""
    x_name, y_name = (f"{start}_{split}" if split else start for start in (settings.x, settings.y))
    x, y = arrays.get(x_name), arrays.get(y_name)
    if x is None and y is None:
        return None
    if x is None or y is None:
        lacking, there = (x_name, y_name) if x is None else (y_name, x_name)
        raise DataError(Problem(PATH, f"the file holds '{there}' and lacks '{lacking}'", found=", ".join(arrays)))
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        found = f"{x_name} {x.shape}, {y_name} {y.shape}"
        raise DataError(Problem(PATH, "features and labels differ in length", "one label per example", found))
    return x, y


def _kind(x: np.ndarray) -> Kind:
    if x.dtype.kind in "US":
        return "text"
    return "image" if x.dtype == np.uint8 and x.ndim in (3, 4) else "array"


def _features(x: np.ndarray, kind: Kind) -> np.ndarray:
    if kind == "image" and x.ndim == 3:
        return x[..., np.newaxis]
    return (
        np.char.decode(x, "utf-8").astype(object) if x.dtype.kind == "S" else x.astype(object) if kind == "text" else x
    )
