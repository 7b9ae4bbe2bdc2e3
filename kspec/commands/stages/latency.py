"""What the stage `bench` has measured, as lines, as sentences, and as numbers of a file or of an entry in run.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kspec import artifacts
from kspec.commands.bench_tables import ms
from kspec.spec.require import batch_size, latency

KEY = "bench"
"""In the entry of the stage: what was measured."""
BASE, MODEL = "base", "model"
"""Whose a row is: of the base, or of the model as it stood at the stage."""
KEPT = ("of", "model", "runtime", "form", "precision", "note", "metrics", "latency_ms")
FASTER = 1.05
"""As many times as fast counts as faster: below are differences that the next measurement may not show."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """The fastest variants of base and model for a batch size, each as `ms`, `runtime` and `precision`."""

    size: int
    base: Row
    model: Row

    @property
    def quantity(self) -> str:
        """What gates call it."""
        return latency(self.size)

    @property
    def times(self) -> float:
        """How many times as fast the model is."""
        return float(self.base["ms"] / self.model["ms"])

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {"batch_size": self.size, BASE: self.base, MODEL: self.model, "times_as_fast": self.times}

    def sentence(self) -> str:
        """For a person."""
        own = f"{ms(self.model['ms'])} ms in {_runtime(self.model)}"
        best, where = ms(self.base["ms"]), _runtime(self.base)
        if self.times < FASTER:
            return f"batch {self.size}: nothing got faster: {own}, and the base's best is {best} ms ({where})"
        return f"batch {self.size}: {own}, {self.times:.1f} times as fast as the base's best ({best} ms, {where})"


def compared(rows: Sequence[Row], size: int) -> Compared:
    """Each in its own fastest runtime, of those that were measured.

    Where files were made of the model, it counts in them alone: gates bound its accuracy as it is in the file.
    """
    files = [one for one in rows if one["of"] == MODEL and not _is_keras(one)]
    rows = [one for one in rows if one["of"] == BASE or not files or one in files]
    return Compared(size, _best(rows, BASE, size), _best(rows, MODEL, size))


def line(row: Row) -> str:
    """A variant and its medians."""
    times = "  ".join(f"{ms(one['p50'])} ms at {size}" for size, one in row["latency_ms"].items())
    return f"{row['model']}: {_runtime(row)}  {times}"


def sizes(entries: Sequence[Row]) -> list[int]:
    """The batch sizes that were measured in a run."""
    found = {batch_size(quantity) for entry in entries for quantity in entry["quantities"]}
    return sorted(one for one in found if one is not None)


def of_files(entries: Sequence[Row]) -> dict[str, dict[str, float]]:
    """File in the run's folder -> its latencies as quantities, the faster way where there are two, the last bench's."""
    found: dict[str, dict[str, float]] = {}
    for entry in entries:
        now: dict[str, dict[str, float]] = {}
        for row in entry[KEY]["rows"] if KEY in entry else ():
            for size, one in row["latency_ms"].items():
                known = now.setdefault(row["file"], {})
                known[latency(size)] = min(one["p50"], known.get(latency(size), one["p50"]))
        for file, values in now.items():
            found[file] = {**found.get(file, {}), **values}
    return found


def place(entry: Row, artifact: Row) -> str:
    """Where a file that a stage made is in the run's folder."""
    return f"{artifacts.STAGES}/{entry['name']}/{artifact['path']}"


def _best(rows: Sequence[Row], of: str, size: int) -> Row:
    row = min((one for one in rows if one["of"] == of), key=lambda one: float(one["latency_ms"][str(size)]["p50"]))
    return {"ms": row["latency_ms"][str(size)]["p50"], "runtime": row["runtime"], "precision": row["precision"]}


def _runtime(row: Row) -> str:
    """`LiteRT int8`, `Keras tf.function float32`: a version is in run.json only."""
    return f"{row['runtime'] if _is_keras(row) else row['runtime'].split()[0]} {row['precision']}"


def _is_keras(row: Row) -> bool:
    return str(row["runtime"]).startswith("Keras ")
