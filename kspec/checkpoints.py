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
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.numpy import load, save_file

from kspec.artifacts import PARTIAL, run_of, sync_folder
from kspec.errors import RunError, UsageError

FOLDER, LOCK, STATE = "checkpoint", "lock", "state"
KEPT = 2
_NAME = re.compile(r"(?P<number>\d{6,})-(?P<digest>[0-9a-f]{64})\.safetensors")


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
    kept = {name: _storable(array) for name, array in arrays.items()}
    text = json.dumps({**facts, "dtypes": _foreign(arrays)})
    before = _files(folder)
    number = int(before[0].name.split("-")[0]) + 1 if before else 1
    path = folder / f"{number:06d}-{_digest(text, kept)}.safetensors"
    partial = folder / f"{number:06d}{PARTIAL}"
    try:
        folder.mkdir(exist_ok=True)
        _write_synced(partial, kept, text)
        partial.rename(path)
        sync_folder(folder)
        for old in before[KEPT - 1 :]:
            old.unlink()
    except OSError as error:
        _removed(partial)
        last = f"the state before it is whole: {before[0].name[:6]}" if before else "there is none before it"
        message = f"{folder}: the state of the training cannot be written: {error.strerror}; {last}"
        raise RunError(f"{message}\n       hint: make room, then go on with `kspec resume {run_of(run)[0]}`") from error
    return path


class Writer:
    """Writes the states of a run in a thread of its own, one at a time, while the training goes on.

    A context manager: its end waits for the last state, and raises what could not be written.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._pending: Future[Path] | None = None

    def write(self, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Hands a state over; waits only where the one before it is still being written.

        Raises:
            RunError: the one before it could not be written.
        """
        self.wait()
        self._pending = self._pool.submit(write, self.run, facts, arrays)

    def wait(self) -> None:
        """Until nothing is left to write.

        Raises:
            RunError: the last state could not be written.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.wait()
        finally:
            self._pool.shutdown()


def read(run: Path) -> Checkpoint | None:
    """The newest state of the run that is whole; None where none was ever written.

    Raises:
        RunError: there are states, and all of them are damaged.
    """
    damaged: list[str] = []
    files = _files(run / FOLDER)
    for path in files:
        found = _whole(path)
        if found is None:
            damaged.append(path.name)
            continue
        facts, arrays = found
        typed = {name: arrays[name].view(dtype) for name, dtype in facts.pop("dtypes").items()}
        return Checkpoint(facts, {**arrays, **typed}, tuple(damaged))
    if files:
        raise RunError(f"{run}: every state of the training is damaged: {', '.join(damaged)}\n"
                       f"       hint: start again with `kspec run {run / 'spec.yaml'}`")  # fmt: skip
    return None


def reached(run: Path) -> tuple[int, int]:
    """The epoch and the step of the newest state, by its head alone: (0, 0) where there is none that can be read."""
    for path in _files(run / FOLDER):
        try:
            with open(path, "rb") as file:
                head = file.read(8)
                facts = json.loads(_metadata(head + file.read(int.from_bytes(head, "little")))[STATE])
            return (facts["epoch"], facts["step"])
        except (OSError, ValueError, KeyError):
            continue
    return (0, 0)


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
        for left in folder.glob(f"*{PARTIAL}"):  # of a process that was killed while it wrote
            left.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def _files(folder: Path) -> list[Path]:
    """The states, the newest first."""
    found = [path for path in folder.glob("*.safetensors") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.name.split("-")[0]), reverse=True)


def _whole(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
    """The facts and arrays of a state; None where its content is not that of its name."""
    try:
        content = path.read_bytes()
        text, arrays = _metadata(content)[STATE], load(content)
    except (OSError, ValueError, KeyError, SafetensorError):
        return None
    match = _NAME.fullmatch(path.name)
    if match is None or _digest(text, arrays) != match["digest"]:
        return None
    facts: dict[str, Any] = json.loads(text)
    return facts, arrays


def _metadata(content: bytes) -> dict[str, str]:
    """The metadata of a safetensors file: 8 bytes of length, little endian, then JSON (its format's description)."""
    length = int.from_bytes(content[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(content[8 : 8 + length])
    return header["__metadata__"]


def _digest(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over the facts and all arrays with their names, types and shapes."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()


def _write_synced(path: Path, arrays: Mapping[str, np.ndarray], text: str) -> None:
    """Writes a safetensors file through to the disk.

    Raises:
        OSError: it cannot.
    """
    try:
        save_file(dict(arrays), path, metadata={STATE: text})
    except SafetensorError as error:  # it keeps of an OSError only the text: `... (os error 28)`
        code = re.search(r"os error (\d+)", str(error))
        if code is None:
            raise
        raise OSError(int(code[1]), os.strerror(int(code[1]))) from error
    with open(path, "rb") as file:
        os.fsync(file.fileno())


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


def _storable(array: np.ndarray) -> np.ndarray:
    """An array of a type that safetensors reads back: of bfloat16 and float8 the integers of their bits."""
    bits = array.view(f"uint{8 * array.dtype.itemsize}") if _is_foreign(array) else array
    return np.ascontiguousarray(bits).reshape(array.shape)
