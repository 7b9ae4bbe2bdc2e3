"""The process of one training of a search: `python -m kspec.commands.trial`, started by `kspec tune`.

It loads TensorFlow and then reads from standard input one line of JSON, the order, so that it can be started before it
is known what it shall train. It goes through the code of `kspec run` and `kspec resume`. When its standard input ends,
the search has gone, and it stops after a step, with its state written.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from kspec import artifacts, checkpoints, text
from kspec.builders.experiment import Experiment
from kspec.builders.training.monitors import Names
from kspec.checkpoints import Checkpoint
from kspec.commands.plugins import trust
from kspec.commands.progress import EpochLines
from kspec.commands.resume import resume
from kspec.commands.run import run_in
from kspec.commands.signals import Stopping
from kspec.commands.start import start
from kspec.commands.stopped import stopped_run
from kspec.commands.train import DivergedError
from kspec.errors import SpecError, UsageError
from kspec.garbage import collect_seldom
from kspec.parts.resume import callback_state
from kspec.spec import Spec
from kspec.spec.reader import read
from kspec.tuning.failures import FILE, OBJECTIVE, SAID
from kspec.tuning.order import Order
from kspec.tuning.record import DIVERGED
from kspec.tuning.scores import is_hopeless, is_logged

GRACE = 20.0
"""Seconds from the end of the search to the end of this process, whatever it does."""
PATIENCE = 60.0
"""Seconds to wait for a process of an earlier search to let go of the training."""


class Judge(Stopping):
    """Stops a training after the epochs it was given, or when it is hopeless; looks at its history as it is written."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self.order = order
        self.history = Path(order.folder) / artifacts.HISTORY
        self.verdict = ""
        self.is_deserted = False
        self._seen = self._stamp()

    def asked(self) -> bool:
        """Whether to stop; called after every step."""
        if not self.reason and (stamp := self._stamp()) != self._seen:
            self._seen = stamp
            self.reason = self.verdict = self.judged(artifacts.read_history(self.history.parent))
        return bool(self.reason)

    def judged(self, rows: Sequence[dict[str, float]]) -> str:
        """Why a training with this history ends before its last epoch; "" where it goes on."""
        order, metric = self.order, self.order.objectives[0]
        if order.epochs is not None and len(rows) >= order.epochs:
            return f"paused after epoch {len(rows)}, as Hyperband asks"
        if is_logged(metric) and is_hopeless([row[metric] for row in rows], order.limits, order.direction):
            limit = (order.limits or ())[len(rows) - 1]
            return f"hopeless after epoch {len(rows)}: {metric} {rows[-1][metric]:.4g}, the median is {limit:.4g}"
        return ""

    def _stamp(self) -> tuple[int, int]:
        try:
            found = os.stat(self.history)
        except FileNotFoundError:
            return (0, 0)
        return (found.st_ino, found.st_mtime_ns)


def main() -> int:
    """Reads the order and follows it; returns the exit code: 0 trained as ordered, 1 failed, 130 stopped."""
    collect_seldom()
    start()
    line = sys.stdin.readline()
    if not line:
        return 130
    order = Order(**json.loads(line))
    judge = Judge(order)
    threading.Thread(target=_watch, args=(judge,), daemon=True).start()
    folder = Path(order.folder)
    (folder / FILE).unlink(missing_ok=True)
    sys.argv = ["kspec", "run", str(folder / artifacts.SPEC)]  # what repeats it, for run.json
    try:
        if order.plugins:
            trust(order.plugins)
        follow(order, judge)
    except KeyboardInterrupt:
        return 0 if judge.verdict else 130
    except BaseException as error:
        record_failure(order, error)
        return 1
    finally:
        _tidy(judge)
    return 0


def follow(order: Order, judge: Judge) -> None:
    """Trains as ordered: from the beginning, from the run's own state, or from that of another run.

    Raises:
        KeyboardInterrupt: it was stopped; `judge.verdict` says whether by the order itself.
    """
    folder = Path(order.folder)
    if not (folder / artifacts.RECORD).is_file():
        if folder.exists():  # killed before its record was written
            shutil.rmtree(folder)
        if order.past is not None:
            _copy(Path(order.past), folder)
    if not (folder / artifacts.RECORD).is_file():
        document = text.read_text(order.spec, str(folder / artifacts.SPEC))
        spec = _without_baseline(read(document))
        run_in(folder, document, spec, datetime.now().astimezone(), judge, lambda one: _check(order, one))
        return
    stopped = stopped_run(order.folder, order.other_versions)
    if stopped is None:
        return
    _wait(folder)
    if found := checkpoints.read(folder):
        rows = _rows(found)
        if found.facts["step"] == 0 and (verdict := judge.judged(rows)):
            judge.verdict = verdict
            artifacts.write_history(folder, rows)
            _interrupted(folder, verdict)
            return
    resume(stopped, judge)


def _without_baseline(spec: Spec) -> Spec:
    """The baseline is the same in every trial; a run of the best one fits it."""
    return spec.model_copy(update={"data": spec.data.model_copy(update={"baseline": False})})


def _rows(found: Checkpoint) -> list[dict[str, float]]:
    """The history up to a state, from the state: history.csv may have been written before it or after it."""
    lines = EpochLines(0, "")
    for name, state in found.facts["callbacks"]:
        if name == EpochLines.__name__:
            callback_state.put(lines, state, dict(found.arrays))
    return lines.rows


def _check(order: Order, experiment: Experiment) -> None:
    """Refuses an objective that this training will not log."""
    names = Names.of(experiment.plan.metrics, experiment.validation is not None)
    for metric in order.objectives:
        if is_logged(metric):
            names.check(metric, order.direction, ("tune", "objective"))


def _copy(past: Path, folder: Path) -> None:
    """The folder of another run as one's own, whole or not at all."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(past, partial, ignore=shutil.ignore_patterns(checkpoints.LOCK, FILE))
    partial.rename(folder)


def _wait(folder: Path) -> None:
    """Until no other process trains the run: that of a search which was killed ends after its step."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with checkpoints.locked(folder):
                return
        except UsageError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _interrupted(folder: Path, reason: str) -> None:
    record = artifacts.read_record(folder)
    artifacts.write_record(folder, {**record, "status": "interrupted", "error": reason})


def _watch(judge: Judge) -> None:
    """Stops the training when standard input ends."""
    sys.stdin.read()
    judge.is_deserted = True
    judge.reason = judge.reason or "the search has ended"
    time.sleep(GRACE)
    _tidy(judge)
    os._exit(130)


def _tidy(judge: Judge) -> None:
    """Removes a folder that nobody will fetch any more: see kspec/commands/ray_place.py."""
    if judge.is_deserted and judge.order.away:
        shutil.rmtree(Path(judge.order.folder).parent, ignore_errors=True)


def record_failure(order: Order, error: BaseException) -> None:
    """Writes the failure and the spec into the folder."""
    folder = Path(order.folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / artifacts.SPEC).exists():
        artifacts.write_text(folder / artifacts.SPEC, order.spec)
    whole = "".join(traceback.format_exception(error))
    content = {"kind": kind(error), "message": str(error) or type(error).__name__, "traceback": whole}
    if isinstance(error, SpecError):
        first = error.problems[0]
        content |= dict(zip(SAID, (first.message, first.expected, first.found, first.hint), strict=True))
    artifacts.write_text(folder / FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def kind(error: BaseException) -> str:
    """What failures of the same cause have in common."""
    if isinstance(error, DivergedError):
        return DIVERGED
    if isinstance(error, SpecError):
        if any(problem.path[:2] == ("tune", "objective") for problem in error.problems):
            return OBJECTIVE
        return "; ".join(f"{problem.path} {problem.message}" for problem in error.problems)
    first: Any = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {re.sub('[0-9]+', '#', first)[:200]}"


if __name__ == "__main__":
    sys.exit(main())
