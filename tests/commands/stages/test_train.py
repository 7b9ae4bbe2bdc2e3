"""The stage `train`: `from_scratch`, and `baseline`, through `kspec run`, `resume`, `check` and what reads a run."""

import itertools
import json
import os
import re
import signal

import keras
import numpy as np
import pytest

from kspec import artifacts
from kspec.commands import variants
from kspec.commands.progress import EpochLines
from kspec.commands.reopened import newest
from kspec.parts.distillation.cache import TeacherCache
from tests.commands.runs import only_run, plain, record

STILL = "optimizer: {SGD: {learning_rate: 1.0e-45}}"
"""A rate that changes no weight."""
LIFE = """
stages:
  - prune_neurons: {ratio: 0.5, calibration: 64}
  - train: {epochs: 3, from_scratch: true, baseline: true, learning_rate: 0.01}
  - train: {epochs: 1, optimizer: {SGD: {learning_rate: 1.0e-45}}, distill: {teacher: previous}}
  - train: {epochs: 1, baseline: true, model: {MLP: {hidden: [4]}}}
require:
  parameters: "<= 613"
"""
NAMES = ["1_prune_neurons", "2_train", "3_train", "4_train"]


def weights(folder):
    return [np.array(one) for one in keras.saving.load_model(folder / "model.keras", compile=False).weights]


@pytest.fixture
def with_baselines(small):
    small.write_text(small.read_text() + LIFE)
    return small


def test_a_baseline_stands_beside_the_line(kspec, with_baselines, tmp_path):
    result = kspec("run", with_baselines)
    assert (result.code, result.err) == (0, "")
    folder = only_run(tmp_path / "runs")
    found = record(folder)
    assert [one["name"] for one in found["stages"]] == NAMES
    assert [one.get("baseline", False) for one in found["stages"]] == [False, True, False, True]
    # The third stage changes no weight, and began with the model after the first.
    first, scratch, third, other = (one["weights_sha256"] for one in found["stages"])
    assert first == third and len({first, scratch, other}) == 3
    assert [one["quantities"]["parameters"] for one in found["stages"]] == [613, 613, 613, 64 * 4 + 4 + 4 * 10 + 10 + 3]
    assert all((folder / "stages" / name / "model.keras").is_file() for name in NAMES)
    said = plain(result.out)
    assert "stage 2 of 4: train (baseline)" in said
    assert "2_train (baseline) 613" in said and "3_train 613" in said
    assert f"final model {folder.relative_to(tmp_path)}/stages/3_train/model.keras" in said
    # 313 parameters of the last baseline are not what the run has made.
    [gate] = found["require"]
    assert (gate["value"], gate["passed"], list(gate["values"])) == (613, True, ["base", "1_prune_neurons", "3_train"])
    assert_each_reader_knows(folder, found)


def assert_each_reader_knows(folder, found):
    """`newest` is what `kspec export` takes, and the names are those of `kspec bench`."""
    assert newest(folder) == folder / "stages/3_train/model.keras"
    names = [name for name, _ in variants._models(folder)]
    assert names == ["base", "1_prune_neurons", "2_train (baseline)", "3_train", "4_train (baseline)"]
    assert artifacts.read_record(folder / "stages/2_train")["metrics"] == found["stages"][1]["metrics"]


def test_a_baseline_loses_no_gate(kspec, small, tmp_path):
    """A baseline that is better than the bound, between two that are worse, and one that is worse, at the end."""
    small.write_text(
        small.read_text()
        + """
stages:
  - prune_neurons: {ratio: 0.5, criterion: l2, calibration: 64}
  - train: {epochs: 1, baseline: true, model: {MLP: {hidden: [40]}}}
  - quantize: {int8: {calibration: 64}}
  - train: {epochs: 1, baseline: true, from_scratch: true}
  - export: litert
require:
  parameters: ">= base - 10"
  size_mb: "<= base / 1.5"
"""
    )
    result = kspec("run", small)
    assert result.code == 1
    assert "parameters >= base - 10 = 1,203: it is 613, lost in the stage 1_prune_neurons" in result.err
    assert "gate kept: size_mb" in result.out
    found = record(only_run(tmp_path / "runs"))
    pruned, wide, quantized, scratch, exported = found["stages"]
    # The files are of the pruned network, and what is exported has the precision of the stage before the baseline.
    assert exported["precision"] == quantized["precision"] == "int8" and exported["product"] is None
    assert quantized["quantities"]["parameters"] == exported["quantities"]["parameters"] == 613
    assert exported["quantities"]["size_mb"] == quantized["quantities"]["size_mb"]
    assert exported["metrics"] == quantized["metrics"]
    assert (wide["quantities"]["parameters"], scratch["quantities"]["parameters"]) == (64 * 40 + 40 + 400 + 10 + 3, 613)
    assert pruned["weights_sha256"] != scratch["weights_sha256"]


def test_new_values_follow_from_the_seed_of_the_stage(kspec, small, tmp_path):
    """Two stages of the same network begin with other values, and a second run with the same ones."""
    scratch = f"train: {{epochs: 1, from_scratch: true, {STILL}}}"
    small.write_text(small.read_text() + f"stages: [{{{scratch}}}, {{{scratch}}}]\n")
    for runs in ("one", "other"):
        assert kspec("run", small, "--runs", runs).code == 0
    one, other = (record(only_run(tmp_path / runs)) for runs in ("one", "other"))
    digests = [entry["weights_sha256"] for entry in (one, *one["stages"])]
    assert len(set(digests)) == 3
    assert digests == [entry["weights_sha256"] for entry in (other, *other["stages"])]
    # What the network has learnt of the data without training stays: mean, variance and count of Normalization.
    base, fresh = (weights(only_run(tmp_path / "one") / place) for place in ("", "stages/2_train"))
    assert [one.shape for one in base[:3]] == [(1,), (1,), ()] and base[0] != 0
    assert all(np.array_equal(a, b) for a, b in zip(base[:3], fresh[:3], strict=True))


def test_a_baseline_resumes_to_the_same_bits(kspec, with_baselines, tmp_path, monkeypatch):
    assert kspec("run", with_baselines, "--runs", "alone").code == 0
    alone = only_run(tmp_path / "alone")
    seen, stops = EpochLines.on_train_batch_end, [(1, 2)]

    def stop(self, batch, logs=None):
        seen(self, batch, logs)
        inside = list((tmp_path / "stopped").glob("small/*/stages/2_train/checkpoint"))
        if stops and inside and (len(self.rows), batch) == stops[0]:
            stops.pop()
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(EpochLines, "on_train_batch_end", stop)
        assert kspec("run", with_baselines, "--runs", "stopped").code == 130
    [folder] = (tmp_path / "stopped" / "small").iterdir()
    assert len(record(folder)["stages"]) == 1
    result = kspec("resume", folder)
    assert (result.code, result.err) == (0, "")
    assert "goes on with the stage 2_train, from epoch 2, step 3" in result.out
    ours, theirs = record(folder), record(alone)
    for mine, other in zip(ours["stages"], theirs["stages"], strict=True):
        for key in ("weights_sha256", "metrics"):
            assert mine[key] == other[key], mine["name"]
    assert (folder / "stages/2_train/history.csv").read_bytes() == (alone / "stages/2_train/history.csv").read_bytes()


def test_check_and_smoke(kspec, with_baselines):
    figures = json.loads(kspec("check", with_baselines, "--json").out)["figures"]
    assert [(one["name"], one["parameters"], one.get("baseline")) for one in figures["stages"]] == [
        ("1_prune_neurons", 613, None),
        ("2_train", 613, True),
        ("3_train", 613, None),
        ("4_train", 313, True),
    ]
    result = kspec("run", with_baselines, "--smoke")
    assert (result.code, result.err) == (0, "")
    assert "everything ran" in result.out


def test_a_new_network_is_not_the_one_before_with_new_weights(kspec, small):
    stages = "[{train: {epochs: 1, from_scratch: true, model: CNN}}]"
    result = kspec("run", small, f"stages={stages}")
    assert result.code == 2
    assert "stages[0].train.from_scratch: `model` is a new network" in result.err


TAUGHT = "[{train: {epochs: 3, distill: {teacher: base, views: 1, average_views: true}}}]"


def test_one_answer_teaches_new_views_of_every_example(kspec, small, tmp_path):
    """Three epochs with an answer about one view, each of which leaves out other examples than the pass."""
    given = [f"stages={TAUGHT}", "data.augment=[{RandomRotation: {factor: 0.1}}]", "data.drop_remainder=true"]
    result = kspec("run", small, *given)
    assert (result.code, result.err) == (0, "")
    stage = only_run(tmp_path / "runs") / "stages/1_train"
    with np.load(stage / "teacher_scores.npz") as stored:
        assert stored["filled"].shape[1] == 1 and stored["filled"].shape[0] % 32 > 0
        assert stored["filled"].all()
    # With the same answers about the same first epoch, but without new views, the later epochs are others.
    again = [f"stages={TAUGHT.replace('true', 'false')}", *given[1:], "--runs", "again"]
    assert kspec("run", small, *again).code == 0
    same = only_run(tmp_path / "again") / "stages/1_train"
    rows = [(place / "history.csv").read_text().splitlines() for place in (stage, same)]
    assert [one == other for one, other in zip(*rows, strict=True)] == [True, True, False, False]


def test_a_teacher_is_not_asked_twice_about_a_view(kspec, small, tmp_path, monkeypatch):
    given = ["stages=[{train: {epochs: 1, distill: {teacher: base, views: 3}}}]"]
    assert kspec("run", small, *given, "--runs", "alone").code == 0
    save = TeacherCache.save

    def save_and_stop(self, file, overwrite=False):
        save(self, file, overwrite)
        if self.filled.any(axis=0).sum() == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(TeacherCache, "save", save_and_stop)
        assert kspec("run", small, *given, "--runs", "stopped").code == 130
    [folder] = (tmp_path / "stopped" / "small").iterdir()
    result = kspec("resume", folder)
    assert (result.code, result.err) == (0, "")
    assert re.findall("asked about view . of 3", result.out) == ["asked about view 3 of 3"]
    alone = only_run(tmp_path / "alone")
    assert record(folder)["stages"][0]["weights_sha256"] == record(alone)["stages"][0]["weights_sha256"]


def test_blended_examples_have_no_answer_of_their_own(kspec, small):
    result = kspec("run", small, f"stages={TAUGHT}")
    assert result.code == 2
    assert "stages[0].train.distill.average_views: MixUp blends examples" in result.err
    assert "epoch 1" not in result.out


MOVING = "{epochs: 1, learning_rate: 0.01"


def moved(folder, *places):
    """The layers of an MLP whose kernels are others in the second place."""
    models = [keras.saving.load_model(folder / place / "model.keras", compile=False) for place in places]
    kernels = [[(layer.name, layer.kernel) for layer in one.layers if hasattr(layer, "kernel")] for one in models]
    return [name for (name, a), (_, b) in zip(*kernels, strict=True) if not np.array_equal(a, b)]


def test_layers_thaw_and_freeze_from_stage_to_stage(kspec, small, tmp_path):
    """The head first, then all, then the first layer alone; what is not said stays as it was."""
    stages = f"[{{train: {MOVING}, freeze: []}}}}, {{train: {MOVING}, freeze: pred*}}}}, {{train: {MOVING}}}}}]"
    result = kspec("run", small, "model.freeze=dense1", f"stages={stages}")
    assert (result.code, result.err) == (0, "")
    folder = only_run(tmp_path / "runs")
    places = ["", *(f"stages/{number}_train" for number in (1, 2, 3))]
    found = [moved(folder, *pair) for pair in itertools.pairwise(places)]
    assert found == [["dense1", "predictions"], ["dense1"], ["dense1"]]


def test_from_scratch_renews_what_is_thawed(kspec, small, tmp_path):
    stages = f"[{{train: {{epochs: 1, from_scratch: true, freeze: [], {STILL}}}}}]"
    assert kspec("run", small, "model.freeze=dense1", f"stages={stages}").code == 0
    assert moved(only_run(tmp_path / "runs"), "", "stages/1_train") == ["dense1", "predictions"]


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ("freeze: [dense1, dnese]", "stages[0].train.freeze[1]: 'dnese' matches no layer"),
        ("freeze: [dnese], model: {MLP: {hidden: [4]}}", "stages[0].train.freeze[0]: 'dnese' matches no layer"),
    ],
)
def test_a_pattern_without_a_layer(kspec, small, stage, says):
    result = kspec("run", small, f"stages=[{{train: {{epochs: 1, {stage}}}}}]")
    assert result.code == 2
    assert says in result.err
    assert "epoch 1" not in result.out


REGRESSION = """
data: {sklearn: diabetes, validation: 0.15, test: 0.2, batch_size: 32}
model: {MLP: {hidden: [8]}}
training: {epochs: 1}
"""


def history(folder):
    names, *rows = ((folder / "history.csv").read_text()).splitlines()
    return [dict(zip(names.split(","), map(float, row.split(",")), strict=True)) for row in rows]


def test_a_regression_learns_what_its_teacher_predicts(kspec, small, tmp_path):
    """With the weights of the teacher the loss to it is 0, and beside one of others the mean squared difference."""
    still = f"epochs: 2, {STILL}"
    small.write_text(
        f"""{REGRESSION}
stages:
  - train: {{{still}, distill: {{teacher: previous, hard_weight: 0}}}}
  - train: {{epochs: 3, learning_rate: 0.01}}
  - train: {{{still}, distill: {{teacher: [base, previous], teacher_weights: [0, 1]}}}}
  - train: {{{still}, distill: {{teacher: [base, previous], teacher_weights: [0, 1], views: 1}}}}
  - train: {{{still}, distill: {{teacher: [base, previous], teacher_weights: [1, 1], views: 1}}}}
"""
    )
    result = kspec("run", small)
    assert (result.code, result.err) == (0, "")
    folder = only_run(tmp_path / "runs")
    losses = {
        number: [row["soft_loss"] for row in history(folder / f"stages/{number}_train")] for number in (1, 3, 4, 5)
    }
    assert losses[1] + losses[3] == [0, 0, 0, 0]
    assert losses[4] == pytest.approx([0, 0], abs=1e-6)
    assert min(losses[5]) > 0.1
    with np.load(folder / "stages/5_train/teacher_scores.npz") as stored:
        table = stored["table"]
        assert (table.dtype, str(stored["kind"]), table.shape[1:]) == ("float32", "numbers", (1, 1))


@pytest.mark.parametrize(
    ("distill", "place"),
    [
        ("temperature: 4", "temperature: a regression has no probabilities to soften"),
        ("soft: DecoupledDistillation", "soft: DecoupledDistillation is for classes, and the task is a regression"),
    ],
)
def test_a_regression_without_a_temperature(kspec, small, distill, place):
    small.write_text(f"{REGRESSION}\nstages:\n  - train: {{epochs: 1, distill: {{teacher: base, {distill}}}}}\n")
    result = kspec("run", small)
    assert result.code == 2
    assert re.search(rf"small\.yaml:7:\d+: stages\[0\]\.train\.distill\.{re.escape(place)}", result.err)
    assert "epoch 1" not in result.out


def test_weights_change_in_the_training(kspec, small, tmp_path):
    """The weight of the labels is 1 in the first epoch, and 0 in the third."""
    weight = "{initial: 1, final: 0, begin: 1 epochs, end: 2 epochs}"
    given = [f"stages=[{{train: {{epochs: 3, distill: {{teacher: base, weight: 0, hard_weight: {weight}}}}}}}]"]
    assert kspec("run", small, *given).code == 0
    rows = history(only_run(tmp_path / "runs") / "stages/1_train")
    assert rows[0]["loss"] == pytest.approx(rows[0]["hard_loss"], rel=0.02)  # a small last batch
    assert 0.1 < rows[1]["loss"] < 0.9 * rows[1]["hard_loss"]
    assert rows[2]["loss"] == 0 < rows[2]["hard_loss"]


def test_all_that_does_not_fit_a_teacher_at_once(kspec, small):
    small.write_text(
        small.read_text()
        + """
stages:
  - train:
      epochs: 1
      distill:
        teacher: [nope, runs/none]
        soft: {FeatureDistillation: {teacher_layer_name: dense1, student_layer_name: dense9}}
        hard_weight: {initial: 0, final: 1, end: 2 epochs}
"""
    )
    result = kspec("run", small)
    assert result.code == 2
    places = re.findall(r"small\.yaml:(\d+):\d+: stages\[0\]\.train\.distill\.([^:]+): (.+)", result.err)
    assert sorted((int(line), key) for line, key, _ in places) == [
        (17, "teacher[0]"),
        (17, "teacher[1]"),
        (18, "soft.FeatureDistillation.student_layer_name"),
        (19, "hard_weight.end"),
    ]
    assert "did you mean 'dense1'?" in result.err
    assert "epoch 1" not in result.out
