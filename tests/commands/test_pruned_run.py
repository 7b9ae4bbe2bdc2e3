"""`kspec run` and `kspec resume` with `training.pruning`: what the table, run.json and the saved model hold."""

import json
import os
import signal

import keras
import numpy as np
import pytest

from kspec.commands.progress import EpochLines
from tests.commands.runs import only_run

PRUNING = """
  pruning:
    schedule: {PolynomialDecay: {final_sparsity: 0.75}}
    exclude: predictions/*
"""


@pytest.fixture
def pruned(small):
    small.write_text(small.read_text().replace("training: {epochs: 2}", "training:\n  epochs: 3" + PRUNING))
    return small


def test_the_sparsity_is_in_table_record_and_model(kspec, pruned, tmp_path):
    result = kspec("run", pruned)
    assert (result.code, result.err) == (0, "")
    folder = only_run(tmp_path / "runs")
    found = json.loads((folder / "run.json").read_text())["pruning"]
    [(path, counts)] = found["layers"].items()
    assert counts == {"zeros": 768, "size": 64 * 16}
    assert found["short"] == []
    assert "0.7500  768 of 1,024 pruned weights are 0" in result.out
    assert path in result.out
    model = keras.saving.load_model(folder / "model.keras")  # plain Keras, with the optimizer, without kspec's callback
    [kernel] = [one for one in model.weights if one.path.endswith(path.split("/")[-2] + "/kernel")]
    assert int((kernel.numpy() == 0).sum()) == 768


def test_it_resumes_to_the_same_bits(kspec, pruned, tmp_path, monkeypatch):
    kspec("run", pruned)
    alone = json.loads((only_run(tmp_path / "runs") / "run.json").read_text())
    seen = EpochLines.on_train_batch_end

    def stop(self, batch, logs=None):
        seen(self, batch, logs)
        if len(self.rows) == 1 and batch == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(EpochLines, "on_train_batch_end", stop)
        assert kspec("run", pruned, "--runs", "stopped").code == 130
    folder = only_run(tmp_path / "stopped")
    assert kspec("resume", folder).code == 0
    resumed = json.loads((folder / "run.json").read_text())
    assert resumed["weights_sha256"] == alone["weights_sha256"]
    assert resumed["pruning"] == alone["pruning"]


def test_a_pattern_without_a_match_is_refused_where_it_stands(kspec, pruned, tmp_path):
    pruned.write_text(pruned.read_text().replace("predictions/*", "prediction/*"))
    result = kspec("run", pruned)
    assert result.code == 2
    assert "small.yaml:14:14: training.pruning.exclude" in result.err
    assert "'prediction/*' matches no trainable weight" in result.err
    assert "predictions/kernel" in result.err
    assert not (tmp_path / "runs").exists()


def test_a_sparsity_that_ties_make_impossible_is_said(kspec, pruned, tmp_path):
    """A rate of zero leaves a constant kernel as it is: all its weights are of one magnitude."""
    tree = pruned.read_text()
    layers = "{layers: [Flatten, {Dense: {units: 4, kernel_initializer: Ones, name: same}}]}"
    tree = tree.replace("{MLP: {hidden: [16], dropout: 0.3}}", layers)
    pruned.write_text(tree.replace("epochs: 3", "epochs: 3\n  optimizer: {SGD: {learning_rate: 1.0e-30}}"))
    result = kspec("run", pruned)
    assert (result.code, result.err) == (0, "")
    said = "0 of 256 are 0 (0.0%), 192 (75.0%) were asked for: weights of the same magnitude stay or go together"
    assert said in " ".join(result.out.replace("│", " ").split())
    assert np.isfinite(json.loads((only_run(tmp_path / "runs") / "run.json").read_text())["metrics"]["test"]["loss"])


def test_a_training_that_ends_before_its_schedule_says_so_but_a_smoke_run_does_not(kspec, pruned, tmp_path):
    stop = "  callbacks: [{EarlyStopping: {monitor: loss, patience: 0, min_delta: 100}}]\n"
    pruned.write_text(pruned.read_text().replace("device:", f"{stop}device:").replace("epochs: 3", "epochs: 9"))
    told = "the training ended at step"
    result = kspec("run", pruned)
    assert result.code == 0 and told in " ".join(result.out.replace("│", " ").split())
    assert told in json.loads((only_run(tmp_path / "runs") / "run.json").read_text())["pruning"]["short"][0]
    smoke = kspec("run", pruned, "--smoke")
    assert smoke.code == 0 and "pruned weights are 0" in smoke.out and told not in smoke.out
