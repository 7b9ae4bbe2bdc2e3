"""The training as the user watches it: a bar with rate, time left and metrics, and a line for each epoch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

import keras
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kspec.commands.console import clock, console, say


class EpochLines(keras.callbacks.Callback):
    """Shows a bar within each epoch and leaves a line after it; collects the rows of history.csv.

    The rows are a function of the spec; what the clock says is kept apart in `seconds`.

    Args:
        examples: examples an epoch, for the rate.
        unit: what they are: "images", "texts", "rows".
    """

    def __init__(self, examples: int, unit: str) -> None:
        super().__init__()
        self.examples = examples
        self.unit = unit
        self.rows: list[dict[str, float]] = []
        self.seconds: list[float] = []
        self.best_rate = 0.0
        self._progress: Progress | None = None
        self._task: Any = None
        self._start = 0.0
        self._trained = 0.0
        self._first: int | None = None
        self._is_muted = False

    def mute(self) -> None:
        """Shows nothing more."""
        self._is_muted = True

    def get_state(self) -> dict[str, Any]:
        """What a resumed training goes on from."""
        return {"rows": self.rows, "seconds": self.seconds, "best_rate": self.best_rate}

    def set_state(self, state: dict[str, Any]) -> None:
        """See `get_state`."""
        self.rows, self.seconds, self.best_rate = state["rows"], state["seconds"], state["best_rate"]

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Starts the bar."""
        self._start = time.perf_counter()
        self._trained = 0.0
        self._first = None
        screen = console()
        if screen.is_terminal and not self._is_muted:
            self._progress = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[state]}"),
                TimeRemainingColumn(), console=screen, transient=True,
            )  # fmt: skip
            self._progress.start()
            title = f"epoch {epoch + 1}/{self.params['epochs']}"
            self._task = self._progress.add_task(title, total=self.params["steps"], state="")

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Notes where in the epoch the clock began to run: a resumed epoch begins in its middle."""
        if self._first is None:
            self._first = batch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Moves the bar; its numbers are read at most ten times a second, since reading them waits for the step."""
        self._trained = time.perf_counter()
        if self._progress is None:
            return
        rate = self.examples * self._share(batch) / (self._trained - self._start)
        state = f"{rate:,.0f} {self.unit}/s  {numbers(logs)}"
        self._progress.update(self._task, completed=batch + 1, state=state)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Ends the bar and prints the epoch's line."""
        self.close()
        seconds = time.perf_counter() - self._start
        rate = self.examples * self._share(self.params["steps"] - 1) / max(self._trained - self._start, 1e-9)
        self.best_rate = max(self.best_rate, rate)
        values = {key: float(value) for key, value in (logs or {}).items()}
        values["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.rows.append({"epoch": epoch + 1, **values})
        self.seconds.append(round(seconds, 3))
        if self._is_muted:
            return
        say(f"epoch {epoch + 1}/{self.params['epochs']}  {seconds:.1f} s  {rate:,.0f} {self.unit}/s  {numbers(values)}")

    def _share(self, batch: int) -> float:
        """The share of the epoch that has been trained since the clock began to run."""
        return (batch + 1 - (self._first or 0)) / (self.params["steps"] or 1)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Leaves no bar behind."""
        self.close()

    def close(self) -> None:
        """Takes the bar off the screen; also called when the training is interrupted."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def watched(batches: Iterable[Any], total: int, title: str) -> Iterator[Any]:
    """The same batches, with a bar on a terminal while they are taken, and a line after the last."""
    start = time.perf_counter()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    screen = console()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        yield from bar.track(batches, total=total, description=title)
    say(f"{title}  {clock(time.perf_counter() - start)}")


def numbers(logs: dict[str, float] | None) -> str:
    """Metrics in a line: `loss 0.1234  accuracy 0.9876`."""
    return "  ".join(f"{key} {float(value):.4g}" for key, value in (logs or {}).items())
