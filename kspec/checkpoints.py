"""The states of a run's training on disk: written whole or not at all, checked when read, one writer at a time.

    <run>/checkpoint/
        <number>-<sha256>.safetensors    a state; the newest and the one before it are kept
        lock                             held by the process that trains

A state is one file: its arrays as safetensors, the rest as JSON in the file's metadata. It is written beside its
place, synced and renamed, and its name holds the SHA-256 of its content: a file that was cut or damaged is known by
that, and the one before it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from safetensors.numpy import load, save

from kspec.artifacts import sync_folder
from kspec.errors import RunError, UsageError

FOLDER, LOCK, STATE = "checkpoint", "lock", "state"
KEPT = 2
_NAME = re.compile(r"(?P<number>\d{6,})-(?P<digest>[0-9a-f]{64})\.safetensors")
_PARTIAL = ".partial"


@dataclass(frozen=True)
class Checkpoint:
    """A state as it stands in a file.

    facts: JSON-able. arrays: by name; bfloat16 as `ml_dtypes` has it.
    damaged: names of newer files that could not be used.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    damaged: tuple[str, ...] = ()


def write(run: Path, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Path:
    """Writes a state as the newest of the run, and removes all but KEPT.

    Raises:
        RunError: the disk is full or the folder cannot be written; the states before are as they were.
    """
    folder = run / FOLDER
    content = save(dict(_storable(arrays)), metadata={STATE: json.dumps({**facts, "dtypes": _foreign(arrays)})})
    digest = hashlib.sha256(content).hexdigest()
    before = _files(folder)
    number = int(before[0].name.split("-")[0]) + 1 if before else 1
    path = folder / f"{number:06d}-{digest}.safetensors"
    partial = folder / f"{number:06d}{_PARTIAL}"
    try:
        folder.mkdir(exist_ok=True)
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        sync_folder(folder)
        for old in before[KEPT - 1 :]:
            old.unlink()
    except OSError as error:
        _removed(partial)
        last = f"the state before it is whole: {before[0].name[:6]}" if before else "there is none before it"
        message = f"{folder}: the state of the training cannot be written: {error.strerror}; {last}"
        raise RunError(f"{message}\n       hint: make room, then go on with `kspec resume {run}`") from error
    return path


def read(run: Path) -> Checkpoint | None:
    """The newest state of the run that is whole; None where none was ever written.

    Raises:
        RunError: there are states, and all of them are damaged.
    """
    damaged: list[str] = []
    files = _files(run / FOLDER)
    for path in files:
        content = _content(path)
        match = _NAME.fullmatch(path.name)
        if content is None or match is None or hashlib.sha256(content).hexdigest() != match["digest"]:
            damaged.append(path.name)
            continue
        facts = json.loads(_metadata(content)[STATE])
        arrays = load(content)
        typed = {name: arrays[name].view(dtype) for name, dtype in facts.pop("dtypes").items()}
        return Checkpoint(facts, {**arrays, **typed}, tuple(damaged))
    if files:
        raise RunError(f"{run}: every state of the training is damaged: {', '.join(damaged)}\n"
                       f"       hint: start again with `kspec run {run / 'spec.yaml'}`")  # fmt: skip
    return None


def remove(run: Path) -> None:
    """Removes the states of a run that has finished."""
    shutil.rmtree(run / FOLDER, ignore_errors=True)


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Holds the run for this process; the system lets go of it when the process dies, however it dies.

    Raises:
        UsageError: another process has it, or the folder cannot be written.
    """
    folder = run / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UsageError(f"{run}: another process is training this run\n"
                         "       hint: wait for it, or stop it; then try again") from error  # fmt: skip
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        for left in folder.glob(f"*{_PARTIAL}"):  # of a process that was killed while it wrote
            left.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def _files(folder: Path) -> list[Path]:
    """The states, the newest first."""
    found = [path for path in folder.glob("*.safetensors") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.name.split("-")[0]), reverse=True)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _metadata(content: bytes) -> dict[str, str]:
    """The metadata of a safetensors file: 8 bytes of length, little endian, then JSON (its format's description)."""
    length = int.from_bytes(content[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(content[8 : 8 + length])
    return header["__metadata__"]


def _removed(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # a folder that became read-only: `locked` removes it later
        return


def _foreign(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """The dtypes that NumPy does not know by itself (bfloat16, float8), by the name of the array."""
    return {name: array.dtype.name for name, array in arrays.items() if _is_foreign(array)}


def _is_foreign(array: np.ndarray) -> bool:
    return type(array.dtype).__module__ != "numpy.dtypes"


def _storable(arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays in types that safetensors reads back: those of bfloat16 and float8 as the integers of their bits."""
    for name, array in arrays.items():
        bits = array.view(f"uint{8 * array.dtype.itemsize}") if _is_foreign(array) else array
        yield name, np.ascontiguousarray(bits).reshape(array.shape)
