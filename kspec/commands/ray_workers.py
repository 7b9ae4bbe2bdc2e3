"""Trainings of a search on a Ray cluster.

The search stays the only owner of its folder and its oracle, as on one machine. Ray finds a node for each place and
tells of its death; whether a training is tried again is for the search to say, as with processes of this machine.
KerasTuner's own workers are not used: one that dies is waited for for ever.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from kspec import artifacts
from kspec.commands.ray_cluster import Cluster, LostError, Node
from kspec.commands.ray_place import News, Parcel, homeward
from kspec.commands.workers import LAST, Task
from kspec.errors import RunError
from kspec.tuning import failures
from kspec.tuning.order import Order
from kspec.tuning.shipping import packed, receive
from kspec.tuning.threads import NAMES, share
from kspec.tuning.workers import LOST

LOOK = 0.5
"""Seconds that a place waits for something new before it answers."""
SAY_AFTER, LONGEST = 20.0, 600.0
"""Seconds without a node for a training until that is said, and until the search ends if no node is large enough."""
TEXTS = (artifacts.RECORD, artifacts.LOG, failures.FILE)
"""The files that name their own folder."""


@dataclass(frozen=True)
class Room:
    """What each training takes of a cluster. jobs: that fit beside each other."""

    jobs: int
    cpus: int
    gpus: float


def room(nodes: Sequence[Node], jobs: int) -> Room:
    """The largest equal share with which `jobs` trainings fit, a whole GPU before many CPUs; fewer where they do not.

    Raises:
        RunError: not one fits.
    """
    parts = range(1, jobs + 1) if any(one.gpus for one in nodes) else [0]
    found = Room(0, 1, 0)
    for part in parts:
        for cpus in range(max((one.cpus for one in nodes), default=0), 0, -1):
            fits = sum(min(one.cpus // cpus, one.gpus * part if part else one.cpus) for one in nodes)
            if fits >= jobs:
                return Room(jobs, cpus, 1 / part if part else 0)
            if fits > found.jobs:
                found = Room(fits, cpus, 1 / part if part else 0)
    if not found.jobs:
        raise RunError(f"--on ray: the cluster has no room for a training, which takes a CPU: {listed(nodes)}\n"
                       "       hint: add a node, e.g. ray start --address=HOST:6379 --num-cpus=4")  # fmt: skip
    return found


def listed(nodes: Sequence[Node]) -> str:
    """The nodes in words."""
    words = [f"{one.name} has {one.cpus} CPUs" + (f", {one.gpus} GPUs" if one.gpus else "") for one in nodes]
    return "; ".join(words) or "it has no nodes"


class RayWorkers:
    """Starts trainings on a cluster; a context manager that ends them. is_local: the cluster is this machine."""

    def __init__(self, cluster: Cluster, task: Task, is_local: bool) -> None:
        self.cluster, self.task, self.expected = cluster, task, task.expected
        self.room = room(cluster.nodes(), task.jobs)
        self.jobs = self.room.jobs
        # A local cluster has one CPU, in Ray's words, a training; and a training the threads it has without Ray.
        self.threads = share(task.jobs) if is_local else self.room.cpus
        self._places: dict[int, Any] = {}
        if self.jobs < task.jobs:
            task.say(
                f"ray    room for {self.jobs} trainings beside each other, not {task.jobs}: {listed(cluster.nodes())}"
            )
        for place in range(self.jobs if self.expected is None else min(self.jobs, self.expected)):
            self._place(place)

    def start(self, order: Order, place: int) -> Training:
        """See kspec.tuning.workers.Workers."""
        if self.expected is not None:
            self.expected = max(0, self.expected - 1)
        own = replace(order, plugins=self.task.plugins, other_versions=self.task.other_versions)
        folder = Path(order.folder)
        is_new = not (folder / artifacts.RECORD).is_file()
        parcel = Parcel(
            own,
            packed(folder),
            packed(Path(order.past)) if order.past is not None and is_new else None,
            [Path(file).read_bytes() for file in self.task.plugins],
            self.task.versions,
            self.expected is None or self.expected >= self.jobs,
        )
        return Training(self, place, self._place(place), parcel)

    def _place(self, place: int) -> Any:
        if place not in self._places:
            environment = {} if self.threads is None else dict.fromkeys(NAMES, str(self.threads))
            self._places[place] = self.cluster.place(self.room.cpus, self.room.gpus, environment)
        return self._places[place]

    def leave(self, place: int) -> None:
        """Gives a place up: it has died, or shall."""
        if place in self._places:
            self.cluster.kill([self._places.pop(place)])

    def __enter__(self) -> RayWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        self.cluster.end(list(self._places.values()))


class Training:
    """A training at a place of the cluster: see kspec.tuning.workers.Process."""

    def __init__(self, workers: RayWorkers, place: int, actor: Any, parcel: Parcel) -> None:
        self.workers, self.place, self.actor, self.order = workers, place, actor, parcel.order
        self._promise = workers.cluster.call(actor, "begin", parcel)
        self._has_begun = self._is_said = False
        self._since = time.monotonic()
        self._code: int | None = None
        self._said = ""

    def poll(self) -> int | None:
        """See kspec.tuning.workers.Process."""
        cluster = self.workers.cluster
        if self._code is not None or not cluster.is_ready(self._promise):
            if self._code is None and not self._has_begun:
                self._wait()
            return self._code
        try:
            found = cluster.answer(self._promise)
        except LostError as error:
            self._said = str(error)[-LAST:]
            self.workers.task.say(f"ray    lost {self.order.folder} with its worker or node: {_first_line(error)}")
            self._ended(LOST)
            return self._code
        if isinstance(found, News):
            self._receive(found)
        elif found:
            raise RunError(f"--on ray: {found}\n       hint: install them there")
        self._has_begun = True
        if self._code is None:
            self._promise = cluster.call(self.actor, "look", LOOK)
        return self._code

    def stop(self) -> None:
        """See kspec.tuning.workers.Process."""
        if self._has_begun:
            self.workers.cluster.call(self.actor, "stop")
        elif self._code is None:
            self._ended(-SIGTERM)

    def kill(self) -> None:
        """See kspec.tuning.workers.Process."""
        if self._code is None:
            self._ended(-SIGKILL)

    def said(self) -> str:
        """See kspec.tuning.workers.Process."""
        return self._said

    def close(self) -> None:
        """The place stays, for the next one."""

    def _ended(self, code: int) -> None:
        """It is no more, and neither is its place."""
        self._code = code
        self.workers.leave(self.place)

    def _receive(self, news: News) -> None:
        if news.files is not None:
            files = {
                name: homeward(content.decode(), self.order).encode() if name in TEXTS else content
                for name, content in news.files.items()
            }
            receive(Path(self.order.folder), files, list(news.names))
        self._code, self._said = news.code, homeward(news.said, self.order)

    def _wait(self) -> None:
        """Says that there is no node for it, after a while; and ends the search where there will be none.

        Raises:
            RunError: see there.
        """
        waited = time.monotonic() - self._since
        if waited < SAY_AFTER or (self._is_said and waited < LONGEST):
            return
        nodes, needed = self.workers.cluster.nodes(), self.workers.room
        what = f"{needed.cpus} CPUs" + (f" and {needed.gpus:.3g} GPUs" if needed.gpus else "")
        if not self._is_said:
            self._is_said = True
            self.workers.task.say(f"ray    a training waits for a node with {what} free: {listed(nodes)}")
        elif not any(one.cpus >= needed.cpus and one.gpus >= needed.gpus for one in nodes):
            message = f"no node of the cluster has {what}, for {LONGEST / 60:.0f} minutes: {listed(nodes)}"
            raise RunError(f"--on ray: {message}\n       hint: add one, then go on with kspec resume")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "Ray says nothing")
