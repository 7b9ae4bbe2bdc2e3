"""The stage `bench` through `kspec run`, `resume` and `check`: what is measured, compared, bounded and refused."""

import json
import os
import signal

import pytest

import kspec as library
from kspec.commands.stages import bench
from tests.commands.runs import only_run, record

LIFE = """
stages:
  - prune_neurons: {ratio: 0.5, criterion: l2, calibration: 64}
  - quantize: {int8: {calibration: 64}}
  - export: {formats: [litert, saved_model], precision: float32}
  - bench: {batch_sizes: [1, 4], rounds: 1}
require:
  latency_1_ms: "<= 100000"
  latency_4_ms: "<= 0.000001"
"""


def cells(text, name):
    """The cells of the rows of a table that begin with a name."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    return [row[1:] for row in rows if row[0] == name]


def fastest(rows, of, size):
    return min(one["latency_ms"][size]["p50"] for one in rows if one["of"] == of)


def test_the_base_is_measured_in_the_formats_of_the_files(kspec, small, tmp_path):
    small.write_text(small.read_text() + LIFE)
    done = kspec("run", small)
    assert done.code == 1  # by the gate that nothing can keep
    folder = only_run(tmp_path / "runs")
    found = record(folder)
    entry = found["stages"][3]
    told = entry["bench"]
    rows = told["rows"]
    files = [(one["of"], one["form"], one["precision"], one["file"]) for one in rows]
    base = [("base", "keras", "float32", "model.keras")] * 2
    keras = [("model", "keras", "float32", "stages/1_prune_neurons/model.keras")] * 2
    assert files == [
        *base,
        ("base", "litert", "float32", "stages/4_bench/base/model.tflite"),
        ("base", "saved_model", "float32", "stages/4_bench/base/saved_model"),
        *keras,
        ("model", "litert", "int8", "stages/2_quantize/model_int8.tflite"),
        ("model", "litert", "float32", "stages/3_export/model.tflite"),
        ("model", "saved_model", "float32", "stages/3_export/saved_model"),
    ]
    assert (told["rounds"], told["machine"]["threads"]) == (1, len(os.sched_getaffinity(0)))

    # The quantities are the smallest medians; no other stage has them.
    for size in ("1", "4"):
        quantity = f"latency_{size}_ms"
        assert found["base"]["quantities"][quantity] == fastest(rows, "base", size)
        assert entry["quantities"][quantity] == fastest(rows, "model", size)
        assert [quantity in one["quantities"] for one in found["stages"]] == [False, False, False, True]
    assert entry["metrics"] == found["stages"][2]["metrics"]

    # The base's files are the base.
    listed = json.loads((folder / "stages/4_bench/base/export.json").read_text())
    assert [one["compared"]["examples"] for one in listed] == [200 // 5] * 2
    metrics = {split: found["base"]["metrics"][split] for split in ("validation", "test")}
    assert all(one["metrics"][split] == pytest.approx(metrics[split], abs=1e-4) for one in listed for split in metrics)
    library.run_file(folder / "stages/4_bench/base/model.tflite")

    assert [(one["quantity"], one["passed"], one["lost"]) for one in found["require"]] == [
        ("latency_1_ms", True, None),
        ("latency_4_ms", False, None),
    ]
    assert list(found["require"][0]["values"]) == ["base", "4_bench"]
    assert "gate kept: latency_1_ms <= 100000: it is 0." in done.out
    assert "gate failed: latency_4_ms <= 0.000001: it is 0." in done.err
    assert done.out.count(" ms at 1  ") == len(rows)
    assert done.out.count("  batch 1: ") == done.out.count("  batch 4: ") == 1
    its_table(done.out, found)
    assert kspec("bench", folder, "--rounds", "1").code == 0  # reads what the stage has left too
    whole = json.loads((folder / "bench.json").read_text())["variants"]
    assert "4_bench/base" in {one["model"] for one in whole}


def its_table(text, found):
    """Two columns behind the others; a file has its own latency, what was not measured none."""
    assert [row[-2:] for row in cells(text, "1_prune_neurons")] == [["-", "-"]]
    [own] = [one for one in found["stages"][3]["bench"]["rows"] if one["file"] == "stages/2_quantize/model_int8.tflite"]
    [row] = cells(text, "model_int8.tflite")
    assert [float(one) for one in row[-2:]] == pytest.approx(
        [own["latency_ms"][size]["p50"] for size in ("1", "4")], rel=0.02, abs=0.0001
    )
    [row] = cells(text, "4_bench")
    assert float(row[-1]) == pytest.approx(found["stages"][3]["quantities"]["latency_4_ms"], rel=0.02, abs=0.0001)
    assert "ms at 1 " in text and "ms at 4 " in text and "…" not in text


def test_resumed_it_measures_anew_and_what_was_measured_before_stays(kspec, small, tmp_path, monkeypatch):
    stages = "stages: [{export: litert}, {bench: {batch_sizes: 1, rounds: 1}}, {bench: {batch_sizes: 2, rounds: 1}}]\n"
    gates = 'require: {latency_1_ms: "<= base * 1000", latency_2_ms: "<= base * 1000"}\n'
    small.write_text(small.read_text() + stages + gates)
    measure, calls = bench.timed, []

    def stop(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return measure(*arguments)

    monkeypatch.setattr(bench, "timed", stop)
    first = kspec("run", small)
    assert first.code == 130
    folder = only_run(tmp_path / "runs")
    before = record(folder)
    assert (folder / "stages/3_bench/base/model.tflite").is_file()
    assert len(before["stages"]) == 2 and before["base"]["quantities"]["latency_1_ms"] > 0
    done = kspec("resume", folder)
    assert (done.code, done.err) == (0, "")
    found = record(folder)
    assert found["stages"][1] == before["stages"][1]
    assert found["base"]["quantities"]["latency_1_ms"] == before["base"]["quantities"]["latency_1_ms"]
    assert [one["passed"] for one in found["require"]] == [True, True]
    assert list(found["require"][1]["values"]) == ["base", "3_bench"]
    assert [row[-2] for row in cells(done.out, "3_bench")] == ["-"]


def test_a_model_that_was_not_changed_is_measured_in_keras_alone(kspec, small, tmp_path):
    small.write_text(small.read_text() + "stages: [{bench: {batch_sizes: 3, rounds: 1}}]\n")
    done = kspec("run", small)
    assert (done.code, done.err) == (0, "")
    [entry] = record(only_run(tmp_path / "runs"))["stages"]
    assert [(one["model"], one["form"]) for one in entry["bench"]["rows"]] == [
        *[("base", "keras")] * 2,
        *[("base, unchanged", "keras")] * 2,
    ]
    assert entry["artifacts"] == []


def test_smoke(kspec, small, tmp_path):
    small.write_text(small.read_text() + "stages: [{quantize: int8}, bench]\n")
    before = sorted(tmp_path.iterdir())
    result = kspec("run", small, "--smoke")
    assert (result.code, result.err) == (0, "")
    assert "Medians over 1 rounds" in result.out and "2_bench" in result.out
    assert sorted(tmp_path.iterdir()) == before


def test_check_refuses_gates_that_no_bench_measures(kspec, small):
    small.write_text(
        small.read_text()
        + """
stages:
  - bench: [1, 8]
  - train: {epochs: 1}
  - bench: 1
require:
  latency_1_ms: "<= base"
  latency_8_ms: "<= base"
  latency_64_ms: "<= 1"
"""
    )
    found = json.loads(kspec("check", small, "--json").out)["errors"]
    assert [(one["line"], one["path"][1], one["message"]) for one in found] == [
        (19, "latency_8_ms", "stages[1].train comes after the last bench of this batch size: the value would be "
                             "another model's"),
        (20, "latency_64_ms", "no stage measures it"),
    ]  # fmt: skip
    assert found[1]["found"] == "a bench of 1, 8"


def test_a_base_that_a_format_cannot_hold_is_refused_before_the_training(kspec, small, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "refused", lambda held, model, form, precision: f"{form} {precision} has no such layer")
    small.write_text(small.read_text() + "stages: [{export: litert}, {train: {epochs: 1}}, {bench: 1}]\n")
    assert kspec("check", small).code == 0  # the file is of another model than the one that is measured
    small.write_text(small.read_text().replace("{train: {epochs: 1}}, ", ""))
    result = kspec("run", small)
    assert result.code == 2
    assert "stages[1].bench: the base model is measured in the formats of the files before" in result.err
    assert "hint: litert float32 has no such layer" in result.err
    assert not (tmp_path / "runs").exists()
