"""The arithmetic and the words of `kspec bench`; a whole one is in test_export.py."""

import pytest

from kspec.commands.bench import _prefixes, faster, processor
from kspec.commands.bench_plot import draw
from kspec.commands.bench_tables import _faster, metric_of, verdict
from kspec.errors import UsageError


def row(model, runtime, p50, *, is_baseline=False, run="r", form="litert"):
    return {
        "run": run,
        "model": model,
        "runtime": runtime,
        "form": "keras" if is_baseline else form,
        "precision": "int8",
        "metrics": {"test": {"loss": 0.1, "accuracy": 0.9}},
        "is_baseline": is_baseline,
        "latency_ms": {"1": {"p50": p50, "p95": p50}},
    }


def compared(*rows):
    return [{**one, "faster": faster(one, rows)} for one in rows]


KERAS = (
    row("base", "Keras predict_on_batch", 8.0, is_baseline=True),
    row("base", "Keras tf.function", 2.0, is_baseline=True),
)


def test_faster_is_against_the_faster_way_of_keras_in_the_same_run():
    other = row("base", "Keras tf.function", 100.0, is_baseline=True, run="other")
    found = compared(*KERAS, row("export", "LiteRT 2", 0.5), other)
    assert [one["faster"]["1"] for one in found] == [0.25, 1.0, 4.0, 1.0]
    assert verdict(found, "1") == "batch 1: export, litert int8 is 4.0 times as fast as the base model in Keras"


def test_several_runs_have_names_of_their_own():
    assert _prefixes(["runs/a/1"]) == [""]
    assert _prefixes(["runs/a/1", "runs/a/2/"]) == ["1 ", "2 "]
    assert _prefixes(["here/1", "there/1", "2"]) == ["here/1 ", "there/1 ", "2 "]
    with pytest.raises(UsageError, match="is named twice"):
        _prefixes(["runs/a/1", "runs/../runs/a/1"])


def test_none_where_nothing_is_faster():
    found = compared(*KERAS, row("export", "LiteRT 2", 2.0), row("1_quantize", "LiteRT 2", 9.0))
    assert verdict(found, "1") == "batch 1: none is faster than the base model in Keras"
    assert [_faster(one, "1") for one in found] == ["", "1", "none", "none"]


def test_the_metric_of_the_table():
    assert metric_of([{"metrics": {"validation": {"loss": 1, "auc": 2}}}]) == ("validation", "auc")
    assert metric_of([{"metrics": {"test": {"loss": 1}}}]) == ("test", "loss")


@pytest.mark.parametrize(("text", "name"), [("cpu\t: 0\nmodel name\t: Fast One\nmodel name\t: Fast One\n", "Fast One")])
def test_the_processor_has_a_name(tmp_path, text, name):
    (tmp_path / "cpuinfo").write_text(text)
    assert processor(tmp_path / "cpuinfo") == name
    assert processor(tmp_path / "nothing")


def test_the_plot_has_the_metric_against_size_and_latency(tmp_path):
    rows = [{**one, "size": 9000} for one in compared(*KERAS, row("export", "LiteRT 2", 0.5))]
    timed = {size: {"p50": 1.0, "p95": 1.0} for size in ("1", "64", "8")}
    result = {"machine": {"processor": "one", "threads": 2}, "variants": [{**one, "latency_ms": timed} for one in rows]}
    draw(result, tmp_path / "bench.svg")  # tells its texts in comments
    found = (tmp_path / "bench.svg").read_text()
    assert "<!-- test accuracy against the size of the file -->" in found
    assert "<!-- test accuracy against the latency of a batch of 64 -->" in found
