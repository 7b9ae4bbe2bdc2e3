"""pareto.png: which panels there are, and where a panel's axis is logarithmic. An SVG tells its texts in comments."""

import re

import pytest

from kspec.commands.stages import pareto


def entry(name, accuracy, macs=1000, **latencies):
    sizes = {"parameters": 1, "nonzeros": 1, "macs": macs, "size_mb": 0.1, "gzip_mb": 0.1}
    return {"name": name, "quantities": {**sizes, **latencies}, "metrics": {"test": {"accuracy": accuracy}}}


def texts(entries, tmp_path):
    pareto.draw(entries, ("test", "accuracy"), "title", tmp_path / "pareto.svg")
    return re.findall("<!-- (.*?) -->", (tmp_path / "pareto.svg").read_text())


@pytest.mark.parametrize(("slow", "is_log"), [(5.0, False), (50.0, True)])
def test_a_panel_for_each_batch_size(slow, is_log, tmp_path):
    found = texts(
        [entry("base", 0.9, latency_1_ms=slow), entry("1_train", 0.8), entry("2_bench", 0.8, latency_1_ms=1.0)],
        tmp_path,
    )
    assert {"gzip MB", "size MB", "million MACs", "ms for a batch of 1"} <= set(found)
    assert any("10^{" in one for one in found) == is_log
    # The stage that was not measured has no point in the last panel, and keeps its number in the others.
    assert {"0 base", "1 1_train", "2 2_bench"} <= set(found)
    last = found[found.index("ms for a batch of 1") :]
    assert {"0", "2"} <= set(last) and "1" not in last and "1, 2" in found


def test_without_latencies_and_macs(tmp_path):
    found = texts([entry("base", 0.9), entry("1_train", 0.8, macs=None)], tmp_path)
    assert "million MACs" not in found and not any(one.startswith("ms ") for one in found)
