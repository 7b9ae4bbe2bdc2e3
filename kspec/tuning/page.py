"""report.html: a search in pictures, one file with everything inside."""

from __future__ import annotations

import html
import io
import warnings
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from kspec.tuning.folder import Search
from kspec.tuning.importance import code
from kspec.tuning.record import FINISHED, PAUSED, STOPPED, Trial
from kspec.tuning.space import Axis, shown

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }
svg { max-width: 100%; height: auto; } .note { color: #666; font-size: 13px; }
"""
COLOURS = {FINISHED: "#1f77b4", PAUSED: "#9ecae1", STOPPED: "#bbbbbb"}


def page(search: Search, importance: dict[str, float] | None) -> str:
    """The page as HTML."""
    trials = [one for one in search.record.ended() if one.score is not None]
    goal = search.tune.objective[0]
    name, _ = search.tune.algorithm.chosen
    counts = ", ".join(f"{sum(one.status == status for one in search.record.ended())} {status}"
                       for status in dict.fromkeys(one.status for one in search.record.ended()))  # fmt: skip
    parts = [
        f"<h1>{html.escape(search.spec.name)}</h1>",
        f"<p>{name} search for {html.escape(goal.metric)} ({goal.direction}), {len(search.record.ended())} trials: "
        f"{counts}. Folder: {html.escape(search.folder.name)}</p>",
        "<h2>The best value so far</h2>", _figure(lambda figure: _history(figure, trials, search)),
        "<h2>Every trial as a line through its values</h2>", _figure(lambda figure: _parallel(figure, trials, search)),
        '<p class="note">Bright lines are the better trials, and end higher. Below the axis: a key whose condition is '
        "not met.</p>",
        f"<h2>{html.escape(goal.metric)} over each key</h2>", _figure(lambda figure: _scatter(figure, trials, search)),
    ]  # fmt: skip
    if importance is not None:
        parts += ["<h2>What mattered</h2>", _figure(lambda figure: _bars(figure, importance))]
        parts += [
            '<p class="note">Permutation importance of a random forest over the finished trials (Breiman 2001).</p>'
        ]
    parts += ["<h2>All trials</h2>", _rows(search)]
    body = "\n".join(parts)
    title = html.escape(search.spec.name)
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _figure(draw: Any) -> str:
    """A figure as inline SVG."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    figure = Figure(layout="constrained")
    draw(figure)
    text = io.StringIO()
    with rc_context({"svg.hashsalt": "kspec"}), warnings.catch_warnings():  # the same ids for the same search
        warnings.simplefilter("ignore", UserWarning)  # a label that finds no place is no reason for a message
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue().partition("<svg")[1] + text.getvalue().partition("<svg")[2]


def _history(figure: Any, trials: Sequence[Trial], search: Search) -> None:
    goal = search.tune.objective[0]
    trials = sorted(trials, key=lambda one: one.number)
    able = [one for one in trials if one.status in (FINISHED, PAUSED)]
    values = [one.scores[goal.metric] for one in able]
    figure.set_size_inches(9, 3)
    axes = figure.subplots()
    for status, colour in COLOURS.items():
        some = [one for one in trials if one.status == status]
        axes.scatter([one.number for one in some], [one.scores[goal.metric] for one in some], s=16, color=colour,
                     label=status if some else None)  # fmt: skip
    better = max if goal.direction == "max" else min
    axes.step(
        [one.number for one in able], list(accumulate(values, better)), where="post", color="#d62728", label="best"
    )
    axes.set_xlabel("trial")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(goal.metric)
    axes.legend(frameon=False, fontsize=8)
    _plain(axes)


def _parallel(figure: Any, trials: Sequence[Trial], search: Search) -> None:
    figure.set_size_inches(max(6, 1.7 * (len(search.axes) + 1)), 4)
    axes = figure.subplots()
    ranks = {one.number: rank for rank, one in enumerate(_by_score(trials, search))}
    values = [one.score or 0.0 for one in trials]
    goal = search.tune.objective
    is_more_better = len(goal) == 1 and goal[0].direction == "max"
    ends_at = (min(values), max(values)) if values else (0.0, 1.0)
    bottom, top = ends_at if is_more_better else ends_at[::-1]
    for trial in sorted(trials, key=lambda one: -ranks[one.number]):
        share = 1 - ranks[trial.number] / max(1, len(trials) - 1)
        ends = ((trial.score or 0.0) - bottom) / ((top - bottom) or 1.0)
        heights = [*(max(code(axis, trial), -0.1) for axis in search.axes), ends]
        axes.plot(heights, color=_map(share), alpha=0.25 + 0.6 * share, linewidth=1 + share)
    axes.set_xticks(
        range(len(search.axes) + 1),
        [*(_short(axis.key) for axis in search.axes), goal[0].metric if len(goal) == 1 else "score"],
        fontsize=8,
    )
    axes.set_yticks([])
    for place, axis in enumerate(search.axes):
        axes.axvline(place, color="#cccccc", linewidth=0.8, zorder=0)
        for height, text in _marks(axis):
            axes.text(place + 0.02, height, text, fontsize=7, color="#333333", va="center")
    axes.axvline(len(search.axes), color="#cccccc", linewidth=0.8, zorder=0)
    for height, value in ((0, bottom), (1, top)):
        axes.text(len(search.axes) + 0.02, height, f"{value:.4g}", fontsize=7, va="center")
    axes.spines[:].set_visible(False)


def _scatter(figure: Any, trials: Sequence[Trial], search: Search) -> None:
    goal = search.tune.objective[0]
    columns = min(3, len(search.axes))
    rows = -(-len(search.axes) // columns)
    figure.set_size_inches(max(5.0, 3.3 * columns), 2.7 * rows)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten()
    for axes, axis in zip(grid, search.axes, strict=False):
        for status, colour in COLOURS.items():
            some = [one for one in trials if one.status == status and axis.key in one.proposal.values]
            axes.scatter(
                [code(axis, one) for one in some], [one.scores[goal.metric] for one in some], s=14, color=colour
            )
        marks = _marks(axis)
        axes.set_xticks([height for height, _ in marks], [text for _, text in marks], fontsize=7)
        axes.set_title(_short(axis.key), fontsize=9)
        _plain(axes)
    for axes in grid[len(search.axes) :]:
        axes.set_visible(False)


def _bars(figure: Any, importance: dict[str, float]) -> None:
    ordered = sorted(importance.items(), key=lambda one: one[1])
    figure.set_size_inches(8, 0.4 + 0.35 * len(ordered))
    axes = figure.subplots()
    axes.barh([key for key, _ in ordered], [share for _, share in ordered], color="#1f77b4")
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    _plain(axes)


def _rows(search: Search) -> str:
    goal = search.tune.objective
    heads = ["trial", "status", *(one.metric for one in goal), "epochs", "seconds", *(axis.key for axis in search.axes)]
    lines = ["<tr>" + "".join(f"<th>{html.escape(head)}</th>" for head in heads) + "</tr>"]
    ordered = _by_score([one for one in search.record.ended() if one.score is not None], search)
    for trial in [*ordered, *(one for one in search.record.ended() if one.score is None)]:
        values = trial.proposal.values
        numbers = [f"{trial.scores[one.metric]:.5g}" if one.metric in trial.scores else "" for one in goal]
        chosen = [shown(values[axis.key]) if axis.key in values else "" for axis in search.axes]
        cells = [trial.name, trial.status, *numbers, str(trial.epochs), f"{trial.seconds:.1f}", *chosen]
        lines.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    return f"<table>{''.join(lines)}</table>"


def _by_score(trials: Sequence[Trial], search: Search) -> list[Trial]:
    goal = search.tune.objective
    sign = -1 if len(goal) == 1 and goal[0].direction == "max" else 1
    return sorted(trials, key=lambda one: sign * (one.score or 0.0))


def _marks(axis: Axis) -> list[tuple[float, str]]:
    """Places along an axis, from 0 to 1, and the values there."""
    corners = [value for value, _ in axis.corners()]
    texts = [f"{value:.3g}" if isinstance(value, float) else _cut(shown(value)) for value in corners]
    return [(place / max(1, len(corners) - 1), text) for place, text in enumerate(texts)]


def _short(key: str) -> str:
    return ".".join(key.split(".")[-2:])


def _cut(text: str) -> str:
    return text if len(text) <= 18 else f"{text[:15]}..."


def _map(share: float) -> Any:
    from matplotlib import colormaps

    return colormaps["viridis"](share)


def _plain(axes: Any) -> None:
    axes.grid(alpha=0.25)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
