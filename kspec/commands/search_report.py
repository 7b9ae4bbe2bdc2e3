"""The end of a search: the best trials, what mattered, and where everything is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from kspec import artifacts
from kspec.commands.console import clock, say, show
from kspec.commands.search_lines import short
from kspec.tuning import record as records
from kspec.tuning import scores
from kspec.tuning.folder import Search
from kspec.tuning.importance import importance
from kspec.tuning.page import page
from kspec.tuning.record import DIVERGED, FAILED, FINISHED, PAUSED, STOPPED, Trial

ROWS = 5
"""Trials in the table."""


def finish(search: Search) -> None:
    """Shows the result of a search and writes its page."""
    trials, goal = search.record.ended(), search.tune.objective
    able = scores.ranked(trials, goal)
    say("")
    if not able:
        say(f"no trial ended well; see {search.folder / records.TABLE}", style="bold red")
        return
    title = f"{search.spec.name}: the best of {_counted(trials)}"
    if len(goal) > 1:  # the Pareto front
        title = f"{search.spec.name}: of {_counted(trials)}, those that no other beats without losing elsewhere"
    show(_table(search, scores.unbeaten(trials, goal) if len(goal) > 1 else able[:ROWS], title))
    found = importance(search.axes, compared(trials))
    if found is not None:
        show(_importance(found))
    artifacts.write_text(search.folder / records.REPORT, page(search, found))
    say(f"best   {search.folder / records.BEST}")
    say(f"page   {search.folder / records.REPORT}")
    say(f"run it kspec run {search.folder / records.BEST}")


def compared(trials: Sequence[Trial]) -> list[Trial]:
    """The trials whose scores can be compared: those that were not cut short."""
    return [one for one in trials if one.status == FINISHED and one.score is not None]


def _counted(trials: Sequence[Trial]) -> str:
    words = {
        FINISHED: "finished",
        PAUSED: "paused by Hyperband",
        STOPPED: "hopeless",
        FAILED: "failed",
        DIVERGED: "diverged",
    }
    counts = [(sum(one.status == status for one in trials), word) for status, word in words.items()]
    said = ", ".join(f"{count} {word}" for count, word in counts if count and word != "finished")
    return f"{len(trials)} trials" + (f" ({said})" if said else "")


def _table(search: Search, trials: Sequence[Trial], title: str) -> Table:
    table = Table(title=title, title_style="bold", title_justify="left")
    table.add_column("trial", style="cyan")
    for one in search.tune.objective:
        table.add_column(one.metric, justify="right")
    for axis in search.axes:
        table.add_column(axis.key.rpartition(".")[2])
    table.add_column("time", justify="right")
    for trial in trials:
        values = trial.proposal.values
        numbers = [f"{trial.scores[one.metric]:.4g}" for one in search.tune.objective]
        numbers[0] += f" ± {trial.spread:.2g}" if trial.spread is not None else ""
        cells = [short(values[axis.key]) if axis.key in values else "" for axis in search.axes]
        table.add_row(trial.name, *numbers, *cells, clock(trial.seconds))
    return table


def _importance(found: dict[str, float]) -> Table:
    title = "what mattered: share of the loss of a random forest when a key is shuffled"
    table = Table(title=title, title_style="bold", title_justify="left", show_header=False)
    table.add_column(style="cyan")
    table.add_column(justify="right")
    for key, share in sorted(found.items(), key=lambda one: -one[1]):
        table.add_row(key, f"{share:.0%}")
    return table
