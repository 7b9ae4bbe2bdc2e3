"""Latencies, with a clock that stands still."""

import pytest

from kspec.parts.export import timing


def test_variants_take_turns_and_medians_count(monkeypatch):
    now, order = [0.0], []
    lasts = {"slow": 1 / 8, "fast": 1 / 64}

    def call(name):
        def run():
            order.append(name)
            now[0] += lasts[name]

        return run

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    found = timing.interleaved({name: call(name) for name in lasts}, rounds=2)
    assert found["slow"].p50 == pytest.approx(125) and found["fast"].p95 == pytest.approx(1000 / 64)
    # 0.2 s of each in a round, but 5 calls at least.
    assert (found["slow"].calls, found["fast"].calls) == (10, 24)
    timed = order[6:]
    assert timed == ["slow"] * 5 + ["fast"] * 12 + ["fast"] * 12 + ["slow"] * 5
