"""A search whose trainings are a formula: what they write is what a run writes."""

import json
import signal
from pathlib import Path

import pytest

from kspec import artifacts, text
from kspec.spec.reader import read
from kspec.tuning import record as records
from kspec.tuning.check import check
from kspec.tuning.folder import Search
from kspec.tuning.search import conduct

SPEC = """
data: {sklearn: digits, validation: 0.1}
model: {MLP: {hidden: [8], dropout: 0.1}}
training: {epochs: 9}
tune:
  algorithm: random
  objective: val_accuracy
  trials: 6
  stop_hopeless: false
  space:
    training.learning_rate.peak: {log: [0.001, 1.0]}
    model.MLP.dropout: {float: [0.0, 0.5]}
"""


def opened(folder, overrides=(), spec=SPEC, record=None):
    """A search in a folder; new, or with a record that was read."""
    document = text.read_text(spec, "spec.yaml", overrides)
    typed = read(document)
    tune, axes, base = check(document, typed)
    folder.mkdir(exist_ok=True)
    facts = {"versions": {}, "plugins": []}
    return Search(folder, typed, tune, axes, base, record or records.Record(facts, spec))


def formula(order):
    """A value for each epoch: best at a rate of 0.03 and no dropout, rising with the epochs."""
    import math

    spec = read(text.read_text(order.spec))
    rate, dropout = spec.training.learning_rate.peak, spec.model.network.arguments["dropout"]
    level = 1 - abs(math.log10(rate / 0.03)) / 4 - dropout / 2
    return [level * (1 - 0.5 ** (epoch + 1)) for epoch in range(spec.training.epochs)]


class Trainings:
    """Workers whose trainings end at once. `dies(number of the start, order)` -> an exit code, or None to train."""

    threads = None

    def __init__(self, dies=lambda number, order: None, value=formula):
        self.orders, self.dies, self.value, self.jobs = [], dies, value, 1

    def start(self, order, place):
        self.orders.append(order)
        code = self.dies(len(self.orders), order)
        if code is None:
            self._train(order)
        return Ended(code or 0)

    def _train(self, order):
        folder = Path(order.folder)
        folder.mkdir(parents=True, exist_ok=True)
        values = self.value(order)
        rows = values[: order.epochs] if order.epochs else values
        is_whole = len(rows) == len(values)
        record = {
            "status": "finished" if is_whole else "interrupted",
            "data": {},
            "metrics": {"validation": {"accuracy": rows[-1]}, "train": {}},
            "model": {"parameters": 100},
            "timing": {"fit": 1.0},
        }
        artifacts.write_text(folder / artifacts.SPEC, order.spec)
        artifacts.write_record(folder, record)
        artifacts.write_history(folder, [{"epoch": n + 1, "val_accuracy": one} for n, one in enumerate(rows)])
        (folder / ("model.keras" if is_whole else "state")).write_text("")


class Ended:
    def __init__(self, code):
        self.code = code

    def poll(self):
        return self.code

    def stop(self):
        return None

    kill = close = stop

    def said(self):
        return "what it said"


def fails(order, kind="ValueError: bad", message="bad"):
    """Writes a failure as the process of a training does."""
    folder = Path(order.folder)
    folder.mkdir(parents=True, exist_ok=True)
    content = {"kind": kind, "message": message, "traceback": f"Traceback\n{kind}"}
    artifacts.write_text(folder / "failure.json", json.dumps(content))
    return 1


KILLED = -signal.SIGKILL


@pytest.fixture
def searched(tmp_path):
    """Runs a search with stub trainings: `searched("a", ["tune.algorithm=grid"])` -> the search."""
    from kspec.tuning.oracle import Oracle

    def call(name="search", overrides=(), trainings=None, jobs=1, record=None, asked=lambda: False, spec=SPEC):
        search = opened(tmp_path / name, overrides, spec, record)
        oracle = Oracle(search.tune, search.axes, search.spec.seed, search.spec.training.epochs)
        workers = trainings or Trainings()
        workers.jobs = jobs
        conduct(search, oracle, workers, asked, lambda trial: None)
        return search

    return call
