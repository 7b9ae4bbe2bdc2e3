"""`kspec run`: what it leaves behind, that it repeats, and that it refuses."""

import csv

import keras
import numpy as np
import pytest

from tests.commands.runs import only_run, record


def test_a_run_leaves_its_record(kspec, small, tmp_path):
    result = kspec("run", small)
    assert (result.code, result.err) == (0, "")
    folder = only_run(tmp_path / "runs")
    assert sorted(path.name for path in folder.iterdir()) == [
        "curves.png", "history.csv", "log.txt", "model.keras", "run.json", "spec.yaml",
    ]  # fmt: skip
    found = record(folder)
    assert found["status"] == "finished"
    assert found["data"]["examples"] == {"train": 120, "validation": 40, "test": 40}
    assert set(found["metrics"]) == {"train", "validation", "test"}
    assert set(found["timing"]) == {"data", "model", "fit", "measure", "save"}
    assert found["model"]["parameters"] == 64 * 16 + 16 + 16 * 10 + 10 + 3  # and mean, variance, count of Normalization
    assert {"keras", "tensorflow", "python", "kspec"} <= set(found["versions"])
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"} <= set(rows[0])
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "epoch 2/2" in (folder / "log.txt").read_text()
    assert "epoch 2/2" in result.out
    assert str(folder.relative_to(tmp_path)) in result.out
    assert "\x1b" not in result.out  # no colour, no bar: this is no terminal


def test_the_saved_model_predicts_probabilities_from_raw_images(kspec, small, tmp_path):
    kspec("run", small)
    model = keras.saving.load_model(only_run(tmp_path / "runs") / "model.keras", compile=False)
    predictions = model.predict(np.zeros((3, 8, 8, 1), "float32"), verbose=0)
    np.testing.assert_allclose(predictions.sum(axis=1), 1.0, atol=1e-5)


def test_the_complete_spec_of_a_run_repeats_it_bit_for_bit(kspec, small, tmp_path):
    kspec("run", small)
    first = only_run(tmp_path / "runs")
    kspec("run", first / "spec.yaml", "--runs", tmp_path / "again")
    second = only_run(tmp_path / "again")
    assert record(second)["weights_sha256"] == record(first)["weights_sha256"]
    assert record(second)["metrics"] == record(first)["metrics"]
    one, two = (keras.saving.load_model(folder / "model.keras", compile=False) for folder in (first, second))
    for left, right in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_another_seed_gives_another_model(kspec, small, tmp_path):
    kspec("run", small)
    kspec("run", small, "seed=1", "--runs", tmp_path / "other")
    assert (
        record(only_run(tmp_path / "runs"))["weights_sha256"] != record(only_run(tmp_path / "other"))["weights_sha256"]
    )


def test_a_second_run_does_not_touch_the_first(kspec, small, tmp_path):
    kspec("run", small)
    first = only_run(tmp_path / "runs")
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in first.iterdir()}
    kspec("run", small)
    assert len(list((tmp_path / "runs").glob("*/*/run.json"))) == 2
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in first.iterdir()} == before


def test_a_loss_that_is_no_number_ends_the_run_with_exit_code_1(kspec, small, tmp_path):
    result = kspec("run", small, "training.optimizer=SGD", "training.learning_rate=1e30", "~data.augment")
    assert result.code == 1
    assert "the loss became nan at step" in result.err
    assert "Traceback" not in result.err
    folder = only_run(tmp_path / "runs")
    assert record(folder)["status"] == "failed"


def test_a_smoke_run_writes_nothing(kspec, small, tmp_path):
    result = kspec("run", small, "--smoke")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("SMOKE RUN")
    assert list(tmp_path.iterdir()) == [small]


def test_evaluate_measures_what_the_run_measured(kspec, small, tmp_path):
    kspec("run", small)
    folder = only_run(tmp_path / "runs")
    result = kspec("evaluate", folder)
    assert (result.code, result.err) == (0, "")
    accuracy = f"{record(folder)['metrics']['test']['accuracy']:.4f}"
    [line] = [line for line in result.out.splitlines() if "test" in line and "accuracy" in line]
    assert line.count(accuracy) == 2  # now, and when the run ended


def test_predict_writes_a_row_for_each_example(kspec, small, tmp_path):
    kspec("run", small)
    np.save(tmp_path / "three.npy", np.zeros((3, 8, 8, 1), "float32"))
    folder = only_run(tmp_path / "runs")
    result = kspec("predict", folder, tmp_path / "three.npy")
    assert (result.code, result.err) == (0, "")
    rows = list(csv.DictReader(result.out.splitlines()))
    assert len(rows) == 3
    assert list(rows[0]) == ["example", "prediction", *"0123456789"]
    assert sum(float(rows[0][label]) for label in "0123456789") == pytest.approx(1.0, abs=1e-4)
    assert max("0123456789", key=lambda label: float(rows[0][label])) == rows[0]["prediction"]


def test_predict_does_not_overwrite(kspec, small, tmp_path):
    kspec("run", small)
    np.save(tmp_path / "three.npy", np.zeros((3, 8, 8, 1), "float32"))
    (tmp_path / "out.csv").write_text("mine")
    result = kspec("predict", only_run(tmp_path / "runs"), tmp_path / "three.npy", "-o", tmp_path / "out.csv")
    assert result.code == 2
    assert (tmp_path / "out.csv").read_text() == "mine"


def test_predict_needs_the_folder_of_its_output(kspec, small, tmp_path):
    kspec("run", small)
    result = kspec("predict", only_run(tmp_path / "runs"), tmp_path / "three.npy", "-o", tmp_path / "no" / "out.csv")
    assert result.code == 2
    assert "there is no folder" in result.err


def test_evaluate_of_something_else(kspec, tmp_path):
    result = kspec("evaluate", tmp_path)
    assert result.code == 2
    assert "not a run" in result.err
