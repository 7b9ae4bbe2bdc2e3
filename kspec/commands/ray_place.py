"""The end of a search on a node of a Ray cluster: trainings one after another, each a process in its own folder.

A `Place` lives in a Ray actor, and knows nothing of Ray. The folder of the search need not exist on its node: what a
training needs comes with its parcel, and what it writes is handed out while it goes on, states included, so that it can
go on elsewhere when the node dies. When the search dies, Ray ends the actor, the process sees the end of its standard
input, and removes the folder.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kspec.commands.since import DECIDING, other_versions_than
from kspec.commands.workers import Worker, path
from kspec.tuning.order import Order
from kspec.tuning.shipping import Files, Shelf, unpack
from kspec.tuning.threads import NAMES

PREFIX, RUN, PAST, PLUGINS = "kspec-ray-", "run", "past", "plugins"
POLL = 0.05
"""Seconds between two looks at a process."""
_THERE = re.compile(rf"""[^\s"'(]*/{PREFIX}\w{{8}}/(?P<inside>{RUN}|{PAST}|{PLUGINS}/\d+/[^\s"'/]+)""")


@dataclass(frozen=True)
class Parcel:
    """A training for a place.

    order: with the paths of the search's own machine. run: the files of its folder. past: those of `order.past`, where
    it is needed. plugins: the contents of `order.plugins`. versions: of the packages the search began with.
    ahead: whether another training will follow.
    """

    order: Order
    run: Files
    past: Files | None
    plugins: Sequence[bytes]
    versions: Mapping[str, str]
    ahead: bool


@dataclass(frozen=True)
class News:
    """What has become of a training since the last news.

    code: see kspec.tuning.workers.Process. said: the end of standard error, once it has ended.
    files, names: see kspec.tuning.shipping.Shelf; None: no change.
    """

    code: int | None
    said: str = ""
    files: Files | None = None
    names: Sequence[str] = ()


class Place:
    """Trains for a search. environment: the number of threads; else as many as TensorFlow takes on the node."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        kept = {key: value for key, value in os.environ.items() if key not in NAMES}  # Ray sets one of them
        self.environment = {**kept, **environment, "PYTHONPATH": path()}
        self._worker: Worker | None = None
        self._folder: Path | None = None
        self._shelf: Shelf
        self._spare: Worker | None = Worker(self.environment)

    def begin(self, parcel: Parcel) -> str:
        """Starts a training; the one before has ended. Returns "", or what makes this node unfit."""
        if not parcel.order.other_versions:
            now = tuple(one for one in DECIDING if one != "kspec")  # Ray brings kspec itself from the search's machine
            others = other_versions_than(parcel.versions, now)
            if others:
                return f"{os.uname().nodename} has not the versions the search began with: {'; '.join(others)}"
        self._clear()
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        order = _moved(parcel, self._folder)
        unpack(self._folder / RUN, parcel.run)
        self._shelf = Shelf(self._folder / RUN)
        self._shelf.changes()  # the search has these
        self._worker, self._spare = self._spare, None
        if self._worker is None or self._worker.poll() is not None:
            self._worker = Worker(self.environment)
        self._worker.order(order.line())
        self._spare = Worker(self.environment) if parcel.ahead else None
        return ""

    def look(self, seconds: float) -> News:
        """What has changed; waits that long for it."""
        worker, end = self._worker, time.monotonic() + seconds
        if worker is None:
            raise RuntimeError("no training has begun here")
        while True:
            code = worker.poll()  # before the files are looked at: all of them are there then
            changes = self._shelf.changes()
            if code is not None or changes is not None or time.monotonic() > end:
                break
            time.sleep(POLL)
        files, names = (None, []) if changes is None else changes
        return News(code, worker.said() if code else "", files, names)

    def stop(self) -> None:
        """Asks the training to stop after its step."""
        if self._worker is not None:
            self._worker.stop()

    def close(self) -> None:
        """Ends everything here."""
        self._clear()
        if self._spare is not None:
            self._spare.kill()
            self._spare.close()
            self._spare = None

    def _clear(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker.close()
            self._worker = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _moved(parcel: Parcel, folder: Path) -> Order:
    """The order with the paths of this node; plug-ins and the past are unpacked here."""
    plugins = []
    for number, (file, content) in enumerate(zip(parcel.order.plugins, parcel.plugins, strict=True)):
        unpack(folder / PLUGINS / str(number), {Path(file).name: content})
        plugins.append(str(folder / PLUGINS / str(number) / Path(file).name))
    past = None
    if parcel.past is not None:
        unpack(folder / PAST, parcel.past)
        past = str(folder / PAST)
    return replace(parcel.order, folder=str(folder / RUN), past=past, plugins=plugins, away=True)


def homeward(text: str, order: Order) -> str:
    """A text that a training has written, with the paths of the search's own machine instead of any node's."""

    def there(match: re.Match[str]) -> str:
        inside = match["inside"]
        if inside.startswith(PLUGINS):
            return order.plugins[int(inside.split("/")[1])]
        return order.folder if inside == RUN else order.past or order.folder

    return _THERE.sub(there, text)
