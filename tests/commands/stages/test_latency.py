"""The arithmetic and the words of the stage `bench`."""

import pytest

from kspec.commands.stages.latency import compared, line, of_files, sizes


def row(of, runtime, precision, p50, file="model.keras"):
    return {
        "of": of,
        "model": "base" if of == "base" else "2_train",
        "runtime": runtime,
        "precision": precision,
        "file": file,
        "latency_ms": {str(size): {"p50": value, "p95": 9.0, "calls": 1} for size, value in p50.items()},
    }


ROWS = [
    row("base", "Keras tf.function", "float32", {1: 2.5, 64: 10.0}),
    row("base", "LiteRT 2.1", "float32", {1: 1.05, 64: 30.0}),
    row("model", "Keras predict_on_batch", "float32", {1: 3.0, 64: 9.6}),
    row("model", "LiteRT 2.1", "int8", {1: 0.3, 64: 12.0}, "stages/3_quantize/model_int8.tflite"),
]


def test_each_counts_in_its_own_fastest_runtime():
    found = compared(ROWS, 1)
    assert found.sentence() == (
        "batch 1: 0.300 ms in LiteRT int8, 3.5 times as fast as the base's best (1.05 ms, LiteRT float32)"
    )
    assert found.record()["times_as_fast"] == pytest.approx(3.5)
    assert found.record()["model"] == {"ms": 0.3, "runtime": "LiteRT 2.1", "precision": "int8"}


def test_where_there_are_files_the_model_counts_in_them():
    assert compared(ROWS, 64).sentence() == (
        "batch 64: nothing got faster: 12.0 ms in LiteRT int8, "
        "and the base's best is 10.0 ms (Keras tf.function float32)"
    )


def test_a_difference_of_less_than_a_twentieth_is_none():
    assert compared(ROWS[:3], 64).sentence() == (
        "batch 64: nothing got faster: 9.60 ms in Keras predict_on_batch float32, "
        "and the base's best is 10.0 ms (Keras tf.function float32)"
    )


def test_a_line():
    assert line(ROWS[3]) == "2_train: LiteRT int8  0.300 ms at 1  12.0 ms at 64"


def test_a_file_has_its_faster_way_and_the_newest_measurement():
    file = "stages/3_quantize/model_int8.tflite"
    slower = row("model", "OpenVINO 1", "bfloat16", {1: 0.4, 64: 11.0}, file)
    first = {"quantities": {"latency_64_ms": 1, "latency_1_ms": 1}, "bench": {"rows": [*ROWS, slower]}}
    later = {"quantities": {"latency_8_ms": 1, "macs": 1}, "bench": {"rows": [row("model", "", "", {1: 0.5}, file)]}}
    base = {"quantities": {"macs": 1}}
    assert of_files([base, first])[file] == {"latency_1_ms": 0.3, "latency_64_ms": 11.0}
    assert of_files([base, first, later])[file] == {"latency_1_ms": 0.5, "latency_64_ms": 11.0}
    assert sizes([base, first, later]) == [1, 8, 64]
