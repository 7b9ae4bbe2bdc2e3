"""`stages:` and `require:` through `kspec run`, `resume` and `check`: what is made, measured, refused, and resumed."""

import csv
import json
import os
import signal

import keras
import numpy as np
import pytest

from kspec import artifacts
from kspec.commands.progress import EpochLines
from tests.commands.runs import only_run, plain, record

LIFE = """
stages:
  - prune_neurons: {ratio: 0.5, calibration: 64}
  - train: {epochs: 2, learning_rate: 0.01, distill: {teacher: base, temperature: 2, views: 2}}
  - prune_weights: {sparsity: 0.75, epochs: 2, exclude: predictions/*, distill: {teacher: previous}}
"""
GATES = """
require:
  parameters: "<= base / 1.5"
  test_accuracy: ">= base - 1"
"""


@pytest.fixture
def staged(small):
    """The small spec, which drops out, shuffles and augments, with three stages after it."""
    small.write_text(small.read_text() + LIFE)
    return small


def test_the_whole_life(kspec, staged, tmp_path):
    staged.write_text(staged.read_text() + GATES)
    result = kspec("run", staged)
    assert (result.code, result.err) == (0, "")
    assert "teacher asked about view 2 of 2 of the train split  " in result.out
    folder = only_run(tmp_path / "runs")
    found = record(folder)
    assert found["status"] == "finished"
    assert [one["name"] for one in found["stages"]] == ["1_prune_neurons", "2_train", "3_prune_weights"]
    # An MLP of 64 inputs, 16 hidden units and 10 classes, after three numbers that standardise; half of the units go.
    base, *sizes = (one["quantities"] for one in (found["base"], *found["stages"]))
    assert (base["parameters"], base["macs"]) == (64 * 16 + 16 + 16 * 10 + 10 + 3, 64 * 16 + 16 * 10)
    assert {(one["parameters"], one["macs"]) for one in sizes} == {(64 * 8 + 8 + 8 * 10 + 10 + 3, 64 * 8 + 8 * 10)}
    zeros = [one["parameters"] - one["nonzeros"] for one in sizes]
    assert zeros[2] - zeros[1] >= 0.75 * 64 * 8 - 1
    final = keras.saving.load_model(folder / "stages" / "3_prune_weights" / "model.keras")  # no kspec in it
    [kernel] = [one for one in final.weights if one.shape == (64, 8)]
    assert int((kernel.numpy() == 0).sum()) == 384
    assert not final.compiled
    # Sizes are those of the files, and the one of the base holds no optimizer either.
    for entry, place in (("base", folder), (2, folder / "stages" / "3_prune_weights")):
        size = (found["base"] if entry == "base" else found["stages"][entry])["quantities"]["size_mb"]
        assert size == (place / "model.keras").stat().st_size / 1e6
    assert not any("optimizer" in key for key in h5_keys(folder / "model.keras", tmp_path))
    with open(folder / "stages" / "2_train" / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert "soft_loss" in rows[0]
    assert not list((folder / "stages").glob("*/checkpoint"))
    assert (folder / "pareto.png").read_bytes().startswith(b"\x89PNG")
    said = plain(result.out)
    assert "1_prune_neurons 613" in said
    assert "gate kept: parameters <= base / 1.5 = 809: it is 613" in said
    assert [one["passed"] for one in found["require"]] == [True, True]
    measured_again(kspec, folder, found)


def h5_keys(file, scratch):
    import zipfile

    import h5py

    with zipfile.ZipFile(file) as archive:
        archive.extract("model.weights.h5", scratch)
    names = []
    with h5py.File(scratch / "model.weights.h5") as opened:
        opened.visit(names.append)
    return names


def measured_again(kspec, folder, found):
    """The folder of a stage is one that `evaluate` reads, and gives what the run has measured."""
    stage = folder / "stages" / "3_prune_weights"
    result = kspec("evaluate", stage)
    assert (result.code, result.err) == (0, "")
    accuracy = found["stages"][2]["metrics"]["test"]["accuracy"]
    assert plain(result.out).count(f"accuracy {accuracy:.4f} {accuracy:.4f}") >= 1
    assert artifacts.read_record(stage)["metrics"] == found["stages"][2]["metrics"]


def test_a_stage_starts_from_the_model_before_it(kspec, small, tmp_path):
    """A rate near zero changes nothing, so that the weights after the stages are those before."""
    small.write_text(
        small.read_text()
        + """
stages:
  - train: {epochs: 1, optimizer: {SGD: {learning_rate: 1.0e-45}}}
  - train: {epochs: 1, learning_rate: 0.1}
  - train: {epochs: 1, optimizer: {SGD: {learning_rate: 1.0e-45}}, callbacks: []}
"""
    )
    assert kspec("run", small).code == 0
    found = record(only_run(tmp_path / "runs"))
    first, second, third = (one["weights_sha256"] for one in found["stages"])
    assert first == found["weights_sha256"]
    assert first != second
    assert second == third


def test_it_resumes_in_the_stage_in_flight_to_the_same_bits(kspec, staged, tmp_path, monkeypatch):
    assert kspec("run", staged, "--runs", "alone").code == 0
    alone = only_run(tmp_path / "alone")
    seen = EpochLines.on_train_batch_end
    stops = [("stages/2_train", 1, 2), ("stages/3_prune_weights", 0, 1)]

    def stop(self, batch, logs=None):
        seen(self, batch, logs)
        flight = sorted(path.parent for path in (tmp_path / "stopped").glob("small/*/stages/*/checkpoint"))
        if stops and flight and (str(flight[0]).endswith(stops[0][0]), len(self.rows), batch) == (True, *stops[0][1:]):
            stops.pop(0)
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(EpochLines, "on_train_batch_end", stop)
        first = kspec("run", staged, "--runs", "stopped")
        assert first.code == 130
        [folder] = (tmp_path / "stopped" / "small").iterdir()
        assert f"kspec resume stopped/small/{folder.name}" in first.err
        assert len(record(folder)["stages"]) == 1
        before = (folder / "stages" / "1_prune_neurons" / "model.keras").stat().st_mtime_ns
        second = kspec("resume", folder)
        assert second.code == 130
        assert "goes on with the stage 2_train, from epoch 2, step 3" in second.out
        assert "epoch 1/2" not in second.out
    third = kspec("resume", folder)
    assert (third.code, third.err) == (0, "")
    assert "goes on with the stage 3_prune_weights, from epoch 1, step 2" in third.out
    assert "stage 2 of 3" not in third.out
    assert (folder / "stages" / "1_prune_neurons" / "model.keras").stat().st_mtime_ns == before  # not run again
    ours, theirs = record(folder), record(alone)
    for mine, other in zip(ours["stages"], theirs["stages"], strict=True):
        for key in ("weights_sha256", "metrics"):
            assert mine[key] == other[key], mine["name"]
    assert ours["metrics"] == theirs["metrics"]
    for name in ("history.csv", "stages/2_train/history.csv", "stages/3_prune_weights/history.csv"):
        assert (folder / name).read_bytes() == (alone / name).read_bytes()
    log = (folder / "log.txt").read_text()
    assert [log.count(f"stage {number} of 3") for number in (1, 2, 3)] == [1, 1, 1]
    assert kspec("resume", folder).out.endswith("there is nothing to resume\n")


def test_a_gate_that_fails_says_value_bound_and_stage_and_keeps_everything(kspec, small, tmp_path):
    small.write_text(
        small.read_text()
        + """
stages:
  - prune_neurons: {ratio: 0.5, criterion: l2, calibration: 64}
  - train: {epochs: 1, optimizer: {SGD: {learning_rate: 1.0e-30}}}
require:
  parameters: ">= base - 10"
  size_mb: "<= 0.000001"
"""
    )
    result = kspec("run", small)
    assert result.code == 1
    assert "parameters >= base - 10 = 1,203: it is 613, lost in the stage 1_prune_neurons" in result.err
    assert "size_mb <= 0.000001: it is 0.0" in result.err
    assert "never reached: base 0.0" in result.err
    folder = only_run(tmp_path / "runs")
    assert record(folder)["status"] == "finished"
    assert [(one["passed"], one["lost"]) for one in record(folder)["require"]] == [
        (False, "1_prune_neurons"),
        (False, None),
    ]
    assert (folder / "stages" / "2_train" / "model.keras").is_file()
    again = kspec("resume", folder)
    assert again.code == 1
    assert "has finished, there is nothing to resume" in again.err
    assert "parameters >= base - 10: it is 613; size_mb <= 0.000001: it is 0.0" in again.err
    assert_a_base_is_not_trained_again(kspec, small, folder, tmp_path)


def assert_a_base_is_not_trained_again(kspec, small, folder, tmp_path):
    """`base` is measured as it is; a run on another split of the data is refused."""
    result = kspec("run", small, "--runs", "again", f"base={folder}", "~require", "stages=[{train: {epochs: 1}}]")
    assert (result.code, result.err) == (0, "")
    again = only_run(tmp_path / "again")
    assert result.out.count("epoch 1/1") == 1
    assert "epoch 1/2" not in result.out
    then = record(folder)
    assert record(again)["weights_sha256"] == then["weights_sha256"]
    assert record(again)["base"]["metrics"]["test"] == then["metrics"]["test"]
    assert "base   measured by its own run" in result.out and "measure" not in record(again)["timing"]
    assert not (again / "history.csv").exists()
    other = kspec("run", small, f"base={folder}", "~require", "seed=1")
    assert other.code == 2
    assert "base: was trained on other data, or on another split of them" in other.err


def test_gates_without_stages(kspec, small, tmp_path):
    small.write_text(small.read_text() + 'require: {test_accuracy: "> 1", nonzeros: "< 1_300"}\n')
    result = kspec("run", small)
    assert result.code == 1
    assert "gate failed: test_accuracy > 1: it is 0." in result.err
    assert "nonzeros" not in result.err
    assert "gate kept: nonzeros < 1_300: it is 1," in result.out
    assert record(only_run(tmp_path / "runs"))["status"] == "finished"


def test_a_new_network_learns_from_a_run(kspec, small, tmp_path):
    """The student is not the teacher's network, and has all of its hidden units."""
    assert kspec("run", small).code == 0
    teacher = only_run(tmp_path / "runs")
    stages = f"[{{train: {{epochs: 1, model: {{MLP: {{hidden: [4]}}}}, distill: {{teacher: {teacher}}}}}}}]"
    result = kspec("run", small, "--runs", "student", f"base={teacher}", f"stages={stages}")
    assert (result.code, result.err) == (0, "")
    [entry] = record(only_run(tmp_path / "student"))["stages"]
    assert entry["quantities"]["parameters"] == 64 * 4 + 4 + 4 * 10 + 10 + 3


def test_smoke_goes_through_all_stages_and_leaves_nothing(kspec, staged, tmp_path):
    before = sorted(tmp_path.iterdir())
    result = kspec("run", staged, "--smoke")
    assert (result.code, result.err) == (0, "")
    assert all(f"stage {number} of 3" in result.out for number in (1, 2, 3))
    assert "everything ran" in result.out
    assert sorted(tmp_path.iterdir()) == before


WRONG = """
stages:
  - prune_neurons: {macs: 0.001, criterion: l2}
require:
  test_acuracy: ">= 0.5"
"""


def test_what_cannot_work_is_refused_before_the_training(kspec, small):
    small.write_text(small.read_text() + WRONG)
    result = kspec("run", small)
    assert result.code == 2
    assert "small.yaml:14:5: stages[0].prune_neurons: macs=0.001 cannot be reached" in result.err
    assert "require.test_acuracy: this run will not measure it" in result.err
    assert "did you mean 'test_accuracy'?" in result.err
    assert "epoch 1/2" not in result.out


def test_check_refuses_the_same_and_says_what_is_left(kspec, small):
    before = small.read_text()
    small.write_text(before + WRONG)
    found = json.loads(kspec("check", small, "--json").out)["errors"]
    assert [(one["line"], one["path"]) for one in found] == [
        (14, ["stages", 0, "prune_neurons"]),
        (16, ["require", "test_acuracy"]),
    ]
    small.write_text(before + "stages: [{prune_neurons: {ratio: 0.5}}]\n")
    figures = json.loads(kspec("check", small, "--json").out)["figures"]
    assert figures["stages"] == [{"name": "1_prune_neurons", "parameters": 613, "macs": 592}]


def test_more_that_is_refused_before_the_training(kspec, small, tmp_path):
    stages = "[{train: {epochs: 1, distill: {teacher: nowhere}}}]"
    result = kspec("run", small, f"stages={stages}")
    assert result.code == 2
    assert "stages[0].train.distill.teacher" in result.err
    assert "no such file or folder" in result.err
    stages = "[{prune_weights: {epochs: 1, sparsity: 0.5, exclude: nothing/*}}]"
    result = kspec("run", small, f"stages={stages}")
    assert result.code == 2
    assert "stages[0].prune_weights.exclude: 'nothing/*' matches no trainable weight" in result.err
    stages = "[{train: {epochs: 1, learning_rate: {peak: 0.1, warmup: 3 epochs}}}]"
    result = kspec("run", small, f"stages={stages}")
    assert result.code == 2
    assert "stages[0].train.learning_rate" in result.err
    assert not (tmp_path / "runs").exists()


def test_eject_refuses_stages(kspec, staged):
    result = kspec("eject", staged)
    assert result.code == 2
    assert "stages: eject cannot write stages out yet" in result.err
    assert "~stages" in result.err


def test_weights_of_a_stage_are_finite(kspec, small, tmp_path):
    """A training that diverges in a stage ends the run, and is not gone on with."""
    small.write_text(small.read_text() + "stages: [{train: {epochs: 1, optimizer: {SGD: {learning_rate: 1.0e+30}}}}]\n")
    result = kspec("run", small)
    assert result.code == 1
    folder = only_run(tmp_path / "runs")
    assert record(folder)["status"] == "failed"
    assert np.isfinite(record(folder)["base"]["metrics"]["test"]["loss"])
    assert kspec("resume", folder).code == 1
