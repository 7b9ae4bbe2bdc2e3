"""How long calls take, side by side: what else the machine does then touches all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

WARM_UP = 3
LEAST, MOST = 5, 50
"""Calls of a variant in a round."""
SECONDS = 0.2
"""Of a variant in a round, as far as LEAST and MOST allow."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds of a call: the medians over the rounds of the percentiles in each. calls: in all rounds."""

    p50: float
    p95: float
    calls: int


def interleaved(calls: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Latency]:
    """Times every call in every round; each round begins with another one.

    calls: by name, each without arguments. rounds: how often all of them take their turn.

    Example:
        interleaved({"keras": lambda: model.predict_on_batch(x), "litert": lambda: run(arrays)}, rounds=7)
    """
    counts = {name: _warm(call) for name, call in calls.items()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    names = list(calls)
    for number in range(rounds):
        begin = number % len(names)
        for name in names[begin:] + names[:begin]:
            times = [_milliseconds(calls[name]) for _ in range(counts[name])]
            found[name].append((statistics.median(times), float(np.percentile(times, 95))))
    return {
        name: Latency(
            statistics.median(one for one, _ in each), statistics.median(one for _, one in each), rounds * counts[name]
        )
        for name, each in found.items()
    }


def _warm(call: Callable[[], Any]) -> int:
    """Calls before anything counts, since the first ones trace and allocate; how many calls a round shall have."""
    took = min(_milliseconds(call) for _ in range(WARM_UP))
    return int(min(max(1000 * SECONDS / max(took, 1e-6), LEAST), MOST))


def _milliseconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)
