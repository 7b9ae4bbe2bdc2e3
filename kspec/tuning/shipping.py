"""The files of a run folder on their way between a search and a node that does not share its disk.

A run can be gone on with after it was killed at any moment, because its files come into being in an order: its record
first, a state after what the callbacks wrote before it. A copy that is taken while the training goes on keeps to that:
files are read in the opposite order, and written in the same one, so that the copy is always one that a kill could have
left.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from kspec import artifacts, checkpoints

Files = Mapping[str, bytes]
"""Contents by path relative to the run folder."""
Stamp = tuple[int, int, int]


def _order(name: str) -> int:
    """What is written first: the files of the callbacks, then states, then run.json, which says that all is there."""
    if name == artifacts.RECORD:
        return 2
    return 1 if name.startswith(f"{checkpoints.FOLDER}/") else 0


class Shelf:
    """A run folder that is looked at again and again for what has changed. It need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[str, Stamp] = {}

    def changes(self) -> tuple[Files, list[str]] | None:
        """The files that are new or others since the last call, and the names of all there are; None for no change."""
        found = dict(sorted(_listed(self.folder), key=lambda one: -_order(one[0])))
        if found == self._seen:
            return None
        files: dict[str, bytes] = {}
        for name, stamp in list(found.items()):
            if self._seen.get(name) != stamp:
                try:
                    files[name] = (self.folder / name).read_bytes()
                except FileNotFoundError:  # a state that a newer one has replaced
                    del found[name]
        self._seen = found
        return files, list(found)


def packed(folder: Path) -> Files:
    """All files of a run folder that no process trains; {} where there is none."""
    found = Shelf(folder).changes()
    return {} if found is None else found[0]


def unpack(folder: Path, files: Files) -> None:
    """Writes files below a new folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def receive(folder: Path, files: Files, names: list[str]) -> None:
    """Brings a run folder to what `Shelf.changes` saw: each file whole or not at all, what is gone last."""
    for name in sorted(files, key=_order):
        path, content = folder / name, files[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        artifacts.write_file(path, lambda temporary, content=content: temporary.write_bytes(content))  # type: ignore[misc]
    for name in {name for name, _ in _listed(folder)} - set(names):
        (folder / name).unlink(missing_ok=True)


def _listed(folder: Path) -> Iterator[tuple[str, Stamp]]:
    """The files of a run folder with what changes when they do; without locks and what is half written."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if artifacts.PARTIAL in path.name or name == f"{checkpoints.FOLDER}/{checkpoints.LOCK}":
            continue
        try:
            found = os.stat(path)
        except FileNotFoundError:
            continue
        if path.is_file():
            yield name, (found.st_ino, found.st_mtime_ns, found.st_size)
