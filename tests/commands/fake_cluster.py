"""A Ray cluster without Ray, and trainings without Keras: the places are real, and live in this process."""

import json
import os
import pickle
import signal
from pathlib import Path
from typing import ClassVar

from kspec.commands.ray_cluster import LostError, Node
from kspec.commands.ray_place import Place
from kspec.tuning.order import Order
from tests.tuning.conftest import Trainings


class FakeCluster:
    """Answers at once, by `Place`s of this process; everything that would travel is pickled on its way.

    loses(number of the call, method) -> whether the place dies with this call. silent: no call is ever answered.
    """

    def __init__(self, nodes=(), loses=lambda number, method: False, silent=False):
        self.machines, self.loses, self.silent = list(nodes) or [Node("one", 2, 0)], loses, silent
        self.places, self.calls, self.dead = [], [], []

    def nodes(self):
        return self.machines

    def place(self, cpus, gpus, environment):
        self.places.append((cpus, gpus, dict(environment)))
        return Place(pickle.loads(pickle.dumps(environment)))

    def call(self, place, method, *arguments):
        self.calls.append((method, *arguments))
        if self.silent:
            return None
        if place in self.dead or self.loses(len(self.calls), method):
            self.dead.append(place)
            return LostError("the node died")
        return pickle.dumps(getattr(place, method)(*pickle.loads(pickle.dumps(arguments))))

    def is_ready(self, promise):
        return promise is not None

    def answer(self, promise):
        if isinstance(promise, LostError):
            raise promise
        return pickle.loads(promise)

    def end(self, places):
        for place in places:
            place.close()

    def kill(self, places):
        self.dead += places


class FakeWorker:
    """In place of a process that trains: a step of `steps` a look; each writes a state, the last the result."""

    started: ClassVar[list["FakeWorker"]] = []
    steps = 1

    def __init__(self, environment):
        self.environment, self.done, self.code, self.given = environment, 0, None, None
        FakeWorker.started.append(self)

    def order(self, line):
        self.given = Order(**json.loads(line))
        states = sorted(Path(self.given.folder).glob("checkpoint/*.safetensors"))
        self.done = int(states[-1].read_text()) if states else 0

    def poll(self):
        if self.given is not None and self.code is None:
            self._step()
        return self.code

    def _step(self):
        folder = Path(self.given.folder)
        self.done += 1
        if self.done < self.steps:
            (folder / "checkpoint").mkdir(parents=True, exist_ok=True)
            (folder / "run.json").write_text(json.dumps({"status": "running", "data": {}, "spec": str(folder)}))
            (folder / "checkpoint" / f"{self.done:06d}.safetensors").write_text(str(self.done))
            return
        Trainings()._train(self.given)
        (folder / "log.txt").write_text(f"saved in {folder}\n{self.given.plugins}\n")
        self.code = 0

    def stop(self):
        self.code = 130

    def kill(self):
        self.code = -signal.SIGKILL if self.code is None else self.code

    def said(self):
        return f"ended in {os.path.dirname(self.given.folder)}/run"

    def close(self):
        return None
