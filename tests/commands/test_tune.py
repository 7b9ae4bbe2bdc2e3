"""`kspec tune` from the command line: real trials, stopped and resumed, and what is wrong."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

SPEC = """name: tiny
data: {sklearn: digits, train: "train[:200]", validation: 0.2, test: 0.2, batch_size: 16}
model: {MLP: {hidden: [16], dropout: 0.2}}
training: {epochs: 2}
device: {precision: float32}
tune:
  algorithm: random
  objective: val_accuracy
  trials: 3
  space:
    training.learning_rate.peak: {log: [0.001, 0.1]}
    model.MLP.hidden: {choice: [[16], [32, 16]]}
"""


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(SPEC)
    return path


def only(folder):
    [found] = folder.iterdir()
    return found


def record(folder, name="search.json"):
    return json.loads((folder / name).read_text())


def test_a_search_from_end_to_end(kspec, tiny, tmp_path):
    result = kspec("tune", tiny)
    assert result.code == 0, result
    folder = only(tmp_path / "runs" / "tiny")
    search = record(folder)
    assert [one["status"] for one in search["trials"]] == ["finished"] * 3
    lines = [line for line in result.out.splitlines() if line.startswith("trial 000")]
    assert len(lines) == 3
    rows = list(csv.DictReader((folder / "trials.csv").read_text().splitlines()))
    assert [row["trial"] for row in rows] == ["0000", "0001", "0002"]
    assert [float(row["val_accuracy"]) for row in rows] == [one["score"] for one in search["trials"]]
    best = max(search["trials"], key=lambda one: one["score"])
    assert [path.parent.name for path in folder.glob("trials/*/model.keras")] == [f"{best['number']:04d}"]
    page = (folder / "report.html").read_text()
    assert page.count("<svg") == 3
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")
    assert kspec("resume", folder).out.endswith("the search has finished; there is nothing to resume\n")
    # The winner's spec repeats its score and its weights, bit for bit; and each trial is a run.
    assert kspec("run", folder / "best.yaml", "--runs", "again").code == 0
    again = record(only(tmp_path / "again" / "tiny"), "run.json")
    winner = record(folder / "trials" / f"{best['number']:04d}", "run.json")
    assert again["metrics"]["validation"]["accuracy"] == best["score"]
    assert (again["weights_sha256"], again["metrics"]) == (winner["weights_sha256"], winner["metrics"])
    assert "tune" not in (folder / "best.yaml").read_text().replace("kspec tune", "")


def begun(tiny, tmp_path, trial):
    """A search in a process of its own, in whose trial an epoch has been trained."""
    command = [
        sys.executable,
        "-m",
        "kspec",
        "tune",
        str(tiny),
        "--runs",
        "killed",
        "training.epochs=20",
        "tune.trials=2",
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, env=environment())
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for folder in (tmp_path / "killed").glob("tiny/*"):
            if (folder / "trials" / trial / "history.csv").exists():
                return process, folder
        assert process.poll() is None
        time.sleep(0.02)
    raise AssertionError("the trial did not begin")


def environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_search_that_was_killed_goes_on_where_it_was(kspec, tiny, tmp_path):
    process, folder = begun(tiny, tmp_path, "0001")
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    assert [one["status"] for one in record(folder)["trials"]] == ["finished", "running"]
    finished = (folder / "trials" / "0000" / "run.json").read_bytes()
    (folder / "trials" / "0001" / "history.csv").unlink()  # written after the state: the kill may come in between
    result = kspec("resume", folder)
    assert result.code == 0, result
    assert "1 trials have ended, 1 go on" in result.out
    assert (folder / "trials" / "0000" / "run.json").read_bytes() == finished
    went_on = record(folder / "trials" / "0001", "run.json")
    assert [one["epoch"] > 0 for one in went_on["resumed"]] == [True]
    alone = kspec("run", folder / "trials" / "0001" / "spec.yaml", "--runs", "alone")
    assert alone.code == 0
    assert record(only(tmp_path / "alone" / "tiny"), "run.json")["weights_sha256"] == went_on["weights_sha256"]


def test_hyperband_continues_to_the_bits_of_one_training(kspec, tiny, tmp_path):
    result = kspec("tune", tiny, "training.epochs=3", "tune.algorithm=hyperband", "tune.trials=4", "tune.keep=9")
    assert result.code == 0, result
    folder = only(tmp_path / "runs" / "tiny")
    went_on = next(one for one in record(folder)["trials"] if one["proposal"]["past"] is not None)
    run = folder / "trials" / f"{went_on['number']:04d}"
    assert record(run, "run.json")["resumed"][0]["epoch"] == 1
    assert kspec("run", run / "spec.yaml", "--runs", "alone").code == 0
    alone = record(only(tmp_path / "alone" / "tiny"), "run.json")
    assert alone["weights_sha256"] == record(run, "run.json")["weights_sha256"]


def test_seeds_and_folds_are_runs_whose_mean_counts(kspec, tiny, tmp_path):
    result = kspec("tune", tiny, "tune.trials=1", "tune.executions=2", "tune.folds=2", "training.epochs=1")
    assert result.code == 0, result
    folder = only(tmp_path / "runs" / "tiny")
    [trial] = record(folder)["trials"]
    runs = {path.name: record(path, "run.json") for path in (folder / "trials" / "0000").iterdir()}
    assert sorted(runs) == ["seed0-fold0", "seed0-fold1", "seed1-fold0", "seed1-fold1"]
    values = [runs[name]["metrics"]["validation"]["accuracy"] for name in sorted(runs)]
    assert trial["score"] == pytest.approx(sum(values) / 4)
    assert trial["spread"] == pytest.approx(np.std(values))
    assert len({one["weights_sha256"] for one in runs.values()}) == 4
    # 160 of the 200 examples are not for the test; each fold holds out half of them.
    examples = [one["data"]["examples"] for one in runs.values()]
    assert {(one["train"], one["validation"]) for one in examples} == {(80, 80)}
    assert "repeats the first of them" not in (folder / "best.yaml").read_text()
    assert "fold" not in (folder / "best.yaml").read_text().split("\n", 2)[2]


def test_a_trial_that_fails_is_recorded_with_its_traceback_and_spec(kspec, tiny, tmp_path):
    # A pattern that matches no weight is known to the process that builds the model.
    choice = "[{'*/kernel': {L2: {l2: 0.1}}}, {'no/such': {L2: {l2: 0.1}}}]"
    tiny.write_text(SPEC[: SPEC.index("    training.learning_rate")] + f"    model.regularizer: {{choice: {choice}}}\n")
    result = kspec("tune", tiny, "tune.algorithm=grid")
    assert result.code == 0, result
    folder = only(tmp_path / "runs" / "tiny")
    good, bad = record(folder)["trials"]
    assert (good["status"], bad["status"]) == ("finished", "failed")
    assert "no/such" in bad["error"]["message"]
    assert bad["error"]["traceback"].startswith("Traceback")
    assert "no/such" in (folder / "trials" / "0001" / "spec.yaml").read_text()
    assert "trial 0001  failed" in result.out


def test_an_objective_that_nothing_logs_is_refused_before_a_step(kspec, tiny, tmp_path):
    result = kspec("tune", tiny, "tune.objective=val_precision")
    assert result.code == 2
    assert "tune.objective: nothing will be logged as 'val_precision'" in result.err
    assert "val_accuracy" in result.err
    assert "Traceback" not in result.err


def test_wrong_spaces_are_refused_without_a_folder(kspec, tiny, tmp_path):
    tiny.write_text(SPEC.replace("[0.001, 0.1]", "[0.001, fast]"))
    result = kspec("tune", tiny)
    assert result.code == 2
    assert f"{tiny}:11:" in result.err
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def interrupted(kspec, tiny, tmp_path, monkeypatch):
    """The folder of a search that was stopped before its first trial began."""
    from kspec.commands import tune

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tune, "conduct", stop)
        result = kspec("tune", tiny)
    assert result.code == 130
    folder = only(tmp_path / "runs" / "tiny")
    assert f"kspec resume runs/tiny/{folder.name}" in result.err
    return folder


def test_a_changed_spec_is_refused(kspec, interrupted):
    spec = interrupted / "spec.yaml"
    spec.write_text(spec.read_text().replace("log: [0.001, 0.1]", "log: [0.01, 0.1]"))
    result = kspec("resume", interrupted)
    assert result.code == 2
    assert "changed since the search began" in result.err
    assert "log was [0.001, 0.1], is [0.01, 0.1]" in result.err


def test_other_versions_are_refused(kspec, interrupted):
    path = interrupted / "search.json"
    path.write_text(path.read_text().replace('"keras-tuner": "', '"keras-tuner": "0.'))
    result = kspec("resume", interrupted)
    assert result.code == 2
    assert "keras-tuner 0." in result.err


def test_a_search_that_runs_is_not_run_twice(kspec, interrupted):
    from filelock import FileLock

    with FileLock(interrupted / "lock"):
        result = kspec("resume", interrupted)
    assert result.code == 2
    assert "another process runs this search" in result.err


def test_a_record_that_is_none(kspec, interrupted):
    (interrupted / "search.json").write_text("{")
    result = kspec("resume", interrupted)
    assert result.code == 2
    assert "not the record of a search" in result.err


def test_run_ignores_the_search(kspec, tiny, tmp_path):
    assert kspec("run", tiny, "--smoke").code == 0


def test_a_dry_run_says_what_it_would_take(kspec, tiny, tmp_path):
    result = kspec("tune", tiny, "--dry-run", "tune.algorithm=grid", "tune.trials=7", "tune.executions=2")
    assert (result.code, result.err) == (0, ""), result
    assert "20 combinations" in result.out  # ten rates, two networks
    assert "7 trials of 2 trainings each, 28 epochs in all" in result.out
    assert "MB at most" in result.out
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]


def test_a_spec_without_a_search(kspec, tmp_path):
    path = tmp_path / "plain.yaml"
    path.write_text("data: {sklearn: digits}\nmodel: MLP\n")
    result = kspec("tune", path)
    assert result.code == 2
    assert "the spec has no section `tune`" in result.err


def test_the_environment_of_trainings_beside_each_other(monkeypatch):
    from kspec.commands import workers
    from kspec.tuning import threads

    monkeypatch.setattr(threads, "cores", lambda: 8)
    assert workers.environment(1, 3, [])["TF_NUM_INTRAOP_THREADS"] == "2"
    assert "TF_NUM_INTRAOP_THREADS" not in workers.environment(0, 1, []) or "TF_NUM_INTRAOP_THREADS" in os.environ
    shared = [workers.environment(place, 3, ["0", "1"]) for place in range(3)]
    assert [one["CUDA_VISIBLE_DEVICES"] for one in shared] == ["0", "1", "0"]
    assert {one["TF_FORCE_GPU_ALLOW_GROWTH"] for one in shared} == {"true"}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert workers.gpus() == ["3", "5"]
