"""The names that a training logs, and the check that a callback watches one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import keras

from kspec.errors import Problem, SpecError, did_you_mean

Direction = Literal["up", "down", ""]


@dataclass(frozen=True)
class Names:
    """Every name in the logs of an epoch -> which way it is better, "" where Keras cannot tell."""

    directions: Mapping[str, Direction]

    @classmethod
    def of(cls, metrics: Sequence[keras.metrics.Metric], has_validation: bool) -> Names:
        """The names that `fit` will log with these metrics, with or without validation data."""
        trained: dict[str, Direction] = {"loss": "down"}
        for metric in metrics:
            # The attribute that keras.callbacks.MonitorCallback reads.
            trained[metric.name] = metric._direction if hasattr(metric, "_direction") else ""
        validated = {f"val_{name}": direction for name, direction in trained.items()} if has_validation else {}
        return cls({**trained, **validated, "learning_rate": ""})

    def check(self, monitor: str, mode: str, path: tuple[str | int, ...]) -> None:
        """Refuses a monitor that is not logged, or whose direction neither `mode` nor Keras knows.

        Raises:
            SpecError: at the path; it holds the names that exist.
        """
        known = list(self.directions)
        if monitor not in known:
            without = monitor.startswith("val_") and monitor.removeprefix("val_") in known
            hint = "set `data.validation`, or watch the training value" if without else did_you_mean(monitor, known)
            message = f"nothing will be logged as '{monitor}'" + (": there is no validation split" if without else "")
            raise SpecError(Problem(path, message, f"one of {', '.join(known)}", monitor, hint))
        if mode == "auto" and not self.directions[monitor]:
            message = f"it is not known which way '{monitor}' is better"
            raise SpecError(Problem(path, message, "`mode: min` or `mode: max` beside it", monitor))


class AnyName(Names):
    """Takes every monitor: for a check that goes on where the metrics are wrong."""

    def check(self, monitor: str, mode: str, path: tuple[str | int, ...]) -> None:
        """Refuses nothing."""
