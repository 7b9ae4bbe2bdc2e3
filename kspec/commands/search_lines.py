"""A search as the user watches it: a line for each trial that has ended, and on a terminal a line that moves."""

from __future__ import annotations

import time

from rich.status import Status

from kspec.commands.console import clock, console, say
from kspec.tuning.folder import Search
from kspec.tuning.record import FINISHED, PAUSED, STOPPED, Trial
from kspec.tuning.search import mean_seconds
from kspec.tuning.size import planned
from kspec.tuning.space import shown
from kspec.tuning.table import best

SECONDS = 0.5
"""Between two changes of the line that moves."""
WIDTH = 44
"""Characters of a value that a line shows."""


class SearchLines:
    """Says what happens in a search. `watch` is what `kspec.tuning.search.conduct` calls."""

    def __init__(self, search: Search) -> None:
        self.search, self.jobs = search, 1
        self.total = planned(search.tune, search.axes, search.spec.training.epochs)
        self._status: Status | None = None
        self._shown = 0.0

    def begin(self, jobs: int) -> None:
        """Says what is searched. jobs: trials beside each other."""
        self.jobs = jobs
        tune = self.search.tune
        name, _ = tune.algorithm.chosen
        goal = ", ".join(f"{one.metric} ({one.direction})" for one in tune.objective)
        ends = [f"{self.total} trials" if self.total else "", f"{tune.hours:g} h" if tune.hours else ""]
        length = " or ".join(filter(None, ends))
        say(f"search {name} over {len(self.search.axes)} keys for {goal}" + (f", {length}" if length else ""))
        say(f"folder {self.search.folder}")

    def watch(self, trial: Trial | None) -> None:
        """A trial has begun or ended; or, with None, time has passed."""
        if trial is not None and trial.status != "running":
            self.close()
            say(self._line(trial), style="red" if trial.error is not None else None)
        screen = console()
        if screen.is_terminal and time.monotonic() - self._shown > SECONDS:
            self._shown = time.monotonic()
            if self._status is None:
                self._status = screen.status("")
                self._status.start()
            self._status.update(self._now())

    def say(self, line: str) -> None:
        """Says a line of somebody else."""
        self.close()
        say(line)

    def close(self) -> None:
        """Takes the moving line off the screen."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _line(self, trial: Trial) -> str:
        goal = self.search.tune.objective
        if trial.error is not None:
            result = f"{trial.status}: {trial.error['message'].splitlines()[0]}"
        else:
            result = "  ".join(f"{one.metric} {trial.scores[one.metric]:.4g}" for one in goal)
            result += f" ± {trial.spread:.2g}" if trial.spread is not None else ""
            result += (
                {
                    FINISHED: "",
                    PAUSED: f" after epoch {trial.epochs}",
                    STOPPED: f" hopeless after epoch {trial.epochs}",
                }[trial.status]
                if trial.status in (FINISHED, PAUSED, STOPPED)
                else f" {trial.status}"
            )
        values = "  ".join(f"{key.rpartition('.')[2]} {short(value)}" for key, value in trial.proposal.values.items())
        winner = best(self.search)
        mark = "  best so far" if winner is trial else ""
        return f"trial {trial.name}  {result}{mark}  {clock(trial.seconds)}  {values}"

    def _now(self) -> str:
        record = self.search.record
        ended, running = len(record.ended()), len(record.open())
        of = f"/{self.total}" if self.total else ""
        winner = best(self.search)
        parts = [f"{ended}{of} trials done", f"{running} running"]
        if winner is not None:
            first = self.search.tune.objective[0].metric
            parts.append(f"best {first} {winner.scores[first]:.4g} ({winner.name})")
        mean = mean_seconds(record)
        if mean is not None and self.total:
            parts.append(f"about {clock(max(0, self.total - ended) * mean / self.jobs)} left")
        return ", ".join(parts)


def short(value: object) -> str:
    """A value in a line: four digits of a number, the beginning of what is long."""
    text = f"{value:.4g}" if isinstance(value, float) else shown(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
