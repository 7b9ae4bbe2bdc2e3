"""`data.baseline` from the command line."""

import json

import numpy as np
import pytest

from kspec.commands import trial
from kspec.tuning.order import Order


@pytest.fixture
def compared(small):
    """The small spec with a baseline; its network is far worse after two epochs."""
    small.write_text(small.read_text().replace("  batch_size: 32\n", "  batch_size: 32\n  baseline: true\n"))
    return small


def only(root):
    [folder] = [path.parent for path in root.glob("*/*/run.json")]
    return folder, json.loads((folder / "run.json").read_text())


def rows(out, label):
    """The cells beside each label of a table."""
    cells = [[cell.strip() for cell in line.split("│")] for line in out.splitlines() if "│" in line]
    return [row[2:-1] for row in cells if row[1] == label]


def test_a_run_shows_it_beside_the_model_and_writes_it_down(kspec, compared, tmp_path):
    result = kspec("run", compared)
    assert (result.code, result.err) == (0, "")
    folder, record = only(tmp_path / "runs")
    baseline = record["baseline"]
    assert (set(baseline), baseline["name"]) == ({"name", "metrics", "seconds"}, "nearest class mean")
    assert set(baseline["metrics"]) == {"validation", "test"} and record["timing"]["baseline"] >= baseline["seconds"]
    shown = [f"accuracy {baseline['metrics'][split]['accuracy']:.4f}" for split in ("validation", "test")]
    assert rows(result.out, "baseline") == [[shown[0]], [shown[1]], ["nearest class mean"]]
    ours, theirs = (one["metrics"]["test"]["accuracy"] for one in (record, baseline))
    assert ours < 0.6 < theirs
    sentence = f"The model does not beat the baseline on the test split: accuracy {ours:.4f}, the baseline {theirs:.4f}"
    assert f"{sentence} (nearest class mean).\n" in result.out
    assert sentence in (folder / "log.txt").read_text()

    again = kspec("evaluate", folder)
    assert (again.code, again.err) == (0, "")
    assert "baseline: nearest class mean" in again.out and sentence in again.out
    assert rows(again.out, "test") == [
        ["accuracy", f"{ours:.4f}", f"{ours:.4f}", f"{theirs:.4f}"],
        ["loss", *[f"{record['metrics']['test']['loss']:.4f}"] * 2, ""],
    ]


def test_without_it_nothing_is_said(kspec, small, tmp_path):
    result = kspec("run", small, "training.epochs=1")
    assert "baseline" not in result.out
    assert "baseline" not in only(tmp_path / "runs")[1]


def test_a_smoke_run_fits_it_and_draws_no_conclusion(kspec, compared, tmp_path):
    result = kspec("run", compared, "--smoke")
    assert (result.code, result.err) == (0, "")
    assert rows(result.out, "baseline")[-1] == ["nearest class mean"]
    assert "does not beat" not in result.out
    assert list(tmp_path.iterdir()) == [compared]


@pytest.mark.parametrize("verb", [["run"], ["run", "--smoke"], ["check", "--json"]])
def test_where_there_is_none_the_key_is_named(kspec, compared, tmp_path, verb):
    line = 1 + compared.read_text().splitlines().index("  baseline: true")
    result = kspec(*verb, compared.name, "data.task=regression", "~data.augment")
    assert result.code == 2
    where, what = f"small.yaml:{line}:13", "there is no baseline for images with numbers to predict"
    if verb == ["check", "--json"]:
        [error] = json.loads(result.out)["errors"]
        assert (error["path"], error["line"], error["column"]) == (["data", "baseline"], line, 13)
        assert error["message"] == what
    else:
        assert f"{where}: data.baseline: {what}\n" in result.err
    assert list(tmp_path.iterdir()) == [compared]


def test_a_baseline_that_fails_leaves_the_run_finished(kspec, tmp_path):
    x = np.arange(48.0).reshape(24, 2)
    x[-1] = np.inf  # the last row of test
    y = np.arange(24) % 2
    np.savez(tmp_path / "a.npz", x_train=x[:16], y_train=y[:16], x_test=x[16:], y_test=y[16:])
    spec = "data: {npz: a.npz, batch_size: 8, baseline: true}\nmodel: {MLP: {hidden: [2]}}\ntraining: {epochs: 1}\n"
    (tmp_path / "s.yaml").write_text(spec)
    result = kspec("run", "s.yaml")
    assert result.code == 0, result
    said = "The baseline could not be fitted: Input X contains infinity"
    assert said in result.out and rows(result.out, "baseline") == []
    folder, record = only(tmp_path / "runs")
    assert record["status"] == "finished" and record["baseline"]["error"].startswith("Input X contains infinity")
    again = kspec("evaluate", folder)
    assert again.code == 0 and said in again.out


def test_a_trial_of_a_search_does_not_fit_it(kspec, compared, tmp_path):
    folder = tmp_path / "trial"
    order = Order(folder=str(folder), spec=compared.read_text(), objectives=["val_accuracy"], direction="max")
    trial.follow(order, trial.Judge(order))
    assert "baseline" not in json.loads((folder / "run.json").read_text())
    assert "baseline: false" in (folder / "spec.yaml").read_text()


def test_a_script_says_that_it_leaves_it_out(kspec, compared, tmp_path):
    assert kspec("eject", compared).code == 0
    script = (tmp_path / "small.py").read_text()
    assert "\nLeft out:   the baseline that `data.baseline` lets `kspec run` fit beside the model.\n" in script
