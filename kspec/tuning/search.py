"""The loop of a search: asks the oracle, starts trainings, and writes down what becomes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from kspec import artifacts, checkpoints
from kspec.errors import UsageError
from kspec.spec.tune import Objective
from kspec.spec.writer import write as written
from kspec.tuning import record as records
from kspec.tuning import scores
from kspec.tuning.disk import tidy
from kspec.tuning.failures import FILE, give_up
from kspec.tuning.folder import Search
from kspec.tuning.order import Order
from kspec.tuning.parts import Part, base_training, part_spec
from kspec.tuning.proposal import Proposal
from kspec.tuning.record import ASKED, DIVERGED, FAILED, FINISHED, PAUSED, RUNNING, STOPPED, TOLD, Record, Trial
from kspec.tuning.workers import LOST, Process, Workers

POLL = 0.05
"""Seconds between two looks at the trainings that run."""
DEATHS = 3
"""How often in a row, without having come any further, a training may be killed before its trial counts as failed."""
INTERRUPTED = "interrupted"


@dataclass
class _Running:
    """A trial that runs: its training of now, and those that follow."""

    trial: Trial
    process: Process
    part: Part
    rest: list[Part]
    began: float = field(default_factory=time.monotonic)
    deaths: int = 0
    reached: tuple[int, int] = (0, 0)


Watch = Callable[[Trial | None], None]
"""Is told of each trial that has begun or ended, and, with None, that time has passed."""


def conduct(search: Search, oracle: Any, workers: Workers, asked: Callable[[], bool], watch: Watch) -> None:
    """Runs trials until the space, the budget or the user ends it. The record is written after every event.

    Args:
        search: new, or read from its folder: trials that have begun are gone on with first.
        oracle: a new `kspec.tuning.oracle.Oracle`.
        workers: start the trainings.
        asked: whether to stop.
        watch: for who looks on.

    Raises:
        UsageError: the oracle does not propose what it proposed before.
        SpecError: no training logs the objective.
        RunError: trials failed in the same way, one after the other; or there is nobody to train them.
        KeyboardInterrupt: it was stopped; trainings have written their states.
    """
    replay(search.record, oracle, search.tune.objective)
    _Loop(search, oracle, workers, asked, watch).run()


def replay(record: Record, oracle: Any, objectives: Sequence[Objective]) -> None:
    """Tells a new oracle what has happened.

    Raises:
        UsageError: it does not propose what it proposed before.
    """
    ended: list[Trial] = []
    for event, number in record.events:
        trial = record.trials[number]
        if event == ASKED and not oracle.replay(number, trial.proposal):
            message = f"trial {trial.name} is not what the search would try now"
            raise UsageError(f"{message}\n       hint: the algorithm or KerasTuner is another one; begin a new search")
        if event == TOLD:
            ended.append(trial)
            tell(oracle, ended, objectives)


def tell(oracle: Any, ended: Sequence[Trial], objectives: Sequence[Objective]) -> None:
    """Tells an oracle how the last of these trials ended; of several objectives, the scores of all change with it."""
    scores.rescore(ended, objectives)
    oracle.tell(ended[-1].number, ended[-1].score)
    if len(objectives) > 1:
        oracle.rescore({one.number: one.score for one in ended if one.score is not None})


class _Loop:
    """The state of `conduct`."""

    def __init__(self, search: Search, oracle: Any, workers: Workers, asked: Callable[[], bool], watch: Watch) -> None:
        self.search, self.oracle, self.workers, self.asked, self.watch = search, oracle, workers, asked, watch
        self.record = search.record
        self.running: dict[int, _Running] = {}
        self.waiting = self.record.open()
        self.before, self.began = self.record.seconds, time.monotonic()

    def run(self) -> None:
        """Until nothing runs and nothing is left to begin."""
        self._save(RUNNING)
        try:
            while True:
                self._fill()
                if not self.running:
                    break
                self._look()
                self.watch(None)
                if self.asked():
                    raise KeyboardInterrupt
                time.sleep(POLL)
        except BaseException as error:
            self._end(INTERRUPTED if isinstance(error, KeyboardInterrupt | SystemExit) else FAILED)
            raise
        self._save(FINISHED)

    def _end(self, status: str) -> None:
        """Stops what runs and waits for it; a second signal ends the waiting."""
        try:
            for one in self.running.values():
                one.process.stop()
            for one in self.running.values():
                while one.process.poll() is None:
                    time.sleep(POLL)
        finally:
            for one in self.running.values():
                if one.process.poll() is None:
                    one.process.kill()
                one.process.close()
            self._save(status)

    def _save(self, status: str) -> None:
        self.record.status = status
        self.record.seconds = round(self.before + time.monotonic() - self.began, 3)
        records.write(self.search.folder, self.record)

    def _fill(self) -> None:
        """Begins trials while there is a place for them."""
        while len(self.running) < self.workers.jobs:
            trial = self.waiting.pop(0) if self.waiting else self._next()
            if trial is None:
                return
            place = min(set(range(self.workers.jobs)) - set(self.running))
            trial.threads = self.workers.threads
            first, *rest = self.search.parts(trial)
            self.running[place] = _Running(trial, self._started(trial, first, place), first, rest)
            self.watch(trial)

    def _next(self) -> Trial | None:
        """The next trial; None where there is none, or none yet."""
        tune, number = self.search.tune, len(self.record.trials)
        spent = self.before + time.monotonic() - self.began
        if (tune.trials is not None and number >= tune.trials) or (
            tune.hours is not None and spent >= 3600 * tune.hours
        ):
            return None
        proposal = self.oracle.ask(number)
        if not isinstance(proposal, Proposal):
            return None
        trial = Trial(number, proposal, self._limits(), threads=self.workers.threads)
        self.record.trials.append(trial)
        self.record.events.append((ASKED, number))
        self._save(RUNNING)
        return trial

    def _limits(self) -> list[float] | None:
        """When the trial that now begins will be hopeless."""
        tune = self.search.tune
        metric = tune.objective[0].metric
        alone = len(tune.objective) == 1 and scores.is_logged(metric)
        if not tune.stop_hopeless or tune.algorithm.hyperband is not None or not alone:
            return None
        done = [trial for trial in self.record.ended() if trial.status == FINISHED]
        rows = [artifacts.read_history(self.search.runs(trial)[0]) for trial in done]
        return scores.limits([[row[metric] for row in history] for history in rows])

    def _started(self, trial: Trial, part: Part, place: int) -> Process:
        search, proposal = self.search, trial.proposal
        past = None if proposal.past is None else search.run(self.record.trials[proposal.past], part)
        limits = trial.limits if part == search.parts(trial)[0] else None
        whole = search.spec.training.epochs
        epochs = proposal.epochs if proposal.epochs is not None and proposal.epochs < whole else None
        folder = search.run(trial, part)
        folder.parent.mkdir(parents=True, exist_ok=True)
        order = Order(
            folder=str(folder.absolute()),
            spec=written(base_training(part_spec(search.trial_spec(trial), part))),
            objectives=[one.metric for one in search.tune.objective],
            direction=search.tune.objective[0].direction,
            epochs=epochs,
            limits=limits,
            past=None if past is None else str(past.absolute()),
        )
        return self.workers.start(order, place)

    def _look(self) -> None:
        """At every training that runs: what has ended is written down."""
        for place, one in list(self.running.items()):
            code = one.process.poll()
            if code is None:
                continue
            run = self.search.run(one.trial, one.part)
            said = one.process.said() if code != 0 else ""
            one.process.close()
            if code < 0 and self._may_go_on(one, run):  # killed from outside: it goes on from its state
                one.process = self._started(one.trial, one.part, place)
            elif code != 0:
                self._failed(place, one, run, code, said)
            elif one.rest and artifacts.read_record(run)["status"] in (FINISHED, *self._pauses(one.trial)):
                one.part, *one.rest = one.rest
                one.deaths, one.reached = 0, (0, 0)
                one.process = self._started(one.trial, one.part, place)
            else:
                self._done(place, one)

    def _may_go_on(self, one: _Running, run: Path) -> bool:
        """Counts the death of a training: nodes may die as often as they like while it comes further in between."""
        reached = checkpoints.reached(run)
        one.deaths = 1 if reached > one.reached else one.deaths + 1
        one.reached = reached
        return one.deaths < DEATHS

    def _pauses(self, trial: Trial) -> tuple[str, ...]:
        """Of a trial that Hyperband pauses, every training is paused; of one that is hopeless none follows."""
        return (INTERRUPTED,) if trial.proposal.epochs is not None else ()

    def _done(self, place: int, one: _Running) -> None:
        trial = one.trial
        runs = [run for run in self.search.runs(trial) if (run / artifacts.RECORD).is_file()]
        scores.put(trial, runs, self.search.tune.objective)
        is_whole = all(artifacts.read_record(run)["status"] == FINISHED for run in runs)
        if not all(map(scores.is_number, trial.scores.values())):
            trial.status = DIVERGED
        elif is_whole:
            trial.status = FINISHED
        else:
            trial.status = PAUSED if trial.proposal.epochs is not None else STOPPED
        self._ended(place, one)

    def _failed(self, place: int, one: _Running, run: Path, code: int, said: str) -> None:
        trial, path = one.trial, run / FILE
        if path.is_file():
            trial.error = json.loads(path.read_text(encoding="utf-8"))
        else:
            what = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            what = "lost with its worker or its node" if code == LOST else what
            hint = "; the system kills a process that takes too much memory" if code == -9 else ""
            trial.error = {"kind": what, "message": what + hint, "traceback": said}
        trial.status = DIVERGED if trial.error["kind"] == DIVERGED else FAILED
        self._ended(place, one)
        give_up(self.search)

    def _ended(self, place: int, one: _Running) -> None:
        trial = one.trial
        trial.seconds = round(trial.seconds + time.monotonic() - one.began, 3)
        del self.running[place]
        self.record.events.append((TOLD, trial.number))
        tell(self.oracle, self.record.ended(), self.search.tune.objective)
        self._save(RUNNING)
        tidy(self.search, [other.trial for other in self.running.values()])
        self.watch(trial)


def mean_seconds(record: Record) -> float | None:
    """The time of a trial, over those that have ended."""
    ended = [one.seconds for one in record.ended()]
    return fmean(ended) if ended else None
