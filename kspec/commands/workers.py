"""Trainings of a search on this machine: processes, each with its share of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import kspec
from kspec.commands.console import say
from kspec.tuning.order import Order
from kspec.tuning.threads import NAMES, share

LAST = 4000
"""Characters of standard error that are kept of a process that died."""


@dataclass(frozen=True)
class Task:
    """What a search needs workers for.

    jobs: trainings beside each other. expected: how many there will be, where that is known.
    versions: of the packages the search began with. plugins, other_versions: see kspec.tuning.order.Order.
    say: is given lines for the user.
    """

    jobs: int
    expected: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    plugins: Sequence[str] = ()
    other_versions: bool = False
    say: Callable[[str], object] = say


class Worker:
    """A process of `kspec.commands.trial`. It has loaded TensorFlow, or is about to, and waits for its order."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kspec.commands.trial"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the search, which tells its workers
        )

    def order(self, line: str) -> None:
        """Sends the order. The pipe stays open: its end tells the worker that the search has gone."""
        pipe = self._process.stdin
        if pipe is not None:
            with suppress(BrokenPipeError):  # it died; `poll` says how
                pipe.write(line.encode())
                pipe.flush()

    def poll(self) -> int | None:
        """See kspec.tuning.workers.Process."""
        return self._process.poll()

    def stop(self) -> None:
        """See kspec.tuning.workers.Process."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it and waits for its end."""
        self._process.kill()
        self._process.wait()

    def said(self) -> str:
        """The end of its standard error."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-LAST:]

    def close(self) -> None:
        """Lets go of its pipes; it has ended."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._errors.close()


class LocalWorkers:
    """Starts trainings. While one trains, the next process loads TensorFlow; a context manager that ends the last."""

    def __init__(self, task: Task) -> None:
        self.jobs, self.threads = task.jobs, share(task.jobs)
        self.task, self.expected = task, task.expected
        self.gpus = gpus()
        self.places = [environment(place, task.jobs, self.gpus) for place in range(task.jobs)]
        self._spare: list[Worker] = []
        self.prepare(task.jobs)

    def prepare(self, count: int) -> None:
        """Starts processes ahead of their orders; with GPUs it is not known yet which one each will have."""
        if self.expected is not None:
            count = min(count, self.expected)
        while len(self._spare) < count and not self.gpus:
            self._spare.append(Worker(self.places[0]))

    def start(self, order: Order, place: int) -> Worker:
        """See kspec.tuning.workers.Workers."""
        worker = self._spare.pop(0) if self._spare else None
        if worker is not None and worker.poll() is not None:  # it could not even begin; the next one says why
            worker.close()
            worker = None
        worker = worker or Worker(self.places[place])
        if self.expected is not None:
            self.expected = max(0, self.expected - 1)
        worker.order(replace(order, plugins=self.task.plugins, other_versions=self.task.other_versions).line())
        self.prepare(1)
        return worker

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._spare:
            one.kill()
            one.close()


def gpus() -> list[str]:
    """The GPUs that this process may use, by the names that CUDA_VISIBLE_DEVICES has for them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [one for one in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if one.strip() not in ("", "-1")]
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = [line for line in done.stdout.splitlines() if line.startswith("GPU ")] if done.returncode == 0 else []
    return [str(number) for number in range(len(lines))]


def environment(place: int, jobs: int, gpus: Sequence[str]) -> dict[str, str]:
    """The environment of the process at a place: its share of the cores, or its GPU.

    A search that runs one training at a time leaves the machine to it as `kspec run` does.
    """
    found = {**os.environ, "PYTHONPATH": path()}
    if gpus:
        found["CUDA_VISIBLE_DEVICES"] = gpus[place % len(gpus)]
        if jobs > len(gpus):
            found["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"  # several share one
    threads = share(jobs)
    if threads is not None:
        found |= dict.fromkeys(NAMES, str(threads))
    return found


def path() -> str:
    """PYTHONPATH under which a new process finds the same kspec as this one."""
    ours = str(Path(kspec.__file__).parent.parent)
    return os.pathsep.join([ours, *filter(None, [os.environ.get("PYTHONPATH")])])
