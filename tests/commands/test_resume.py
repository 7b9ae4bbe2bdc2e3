"""`kspec resume`: the result of the run that was never stopped, or one clear message and the last good state intact."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import tensorflow as tf
from filelock import FileLock

from kspec import artifacts
from kspec.commands.progress import EpochLines
from tests import tiny_bert


@pytest.fixture
def stopped(kspec, small, tmp_path, monkeypatch):
    """Runs the small spec and stops it by a signal after a step: `stopped(epoch=1, step=3)` -> the run's folder."""
    seen = EpochLines.on_train_batch_end

    def call(epoch=1, step=3, number=signal.SIGINT, spec=small):
        def stop(self, batch, logs=None):
            seen(self, batch, logs)
            if len(self.rows) == epoch and batch + 1 == step:
                os.kill(os.getpid(), number)

        with monkeypatch.context() as patch:
            patch.setattr(EpochLines, "on_train_batch_end", stop)
            result = kspec("run", spec, "--runs", "stopped")
        assert result.code == 130, result
        [folder] = (tmp_path / "stopped" / "small").iterdir()
        assert f"kspec resume stopped/small/{folder.name}" in result.err
        return folder

    return call


def record(folder):
    return json.loads((folder / "run.json").read_text())


def states(folder):
    return sorted((folder / "checkpoint").glob("*.safetensors"))


@pytest.fixture
def alone(kspec, small, tmp_path):
    """The folder of the same run, never stopped."""
    assert kspec("run", small, "--runs", "alone").code == 0
    [folder] = (tmp_path / "alone" / "small").iterdir()
    return folder


def assert_the_same(folder, other):
    ours, theirs = record(folder), record(other)
    assert ours["weights_sha256"] == theirs["weights_sha256"]
    assert ours["metrics"] == theirs["metrics"]
    assert ours["status"] == theirs["status"] == "finished"
    assert (folder / "history.csv").read_bytes() == (other / "history.csv").read_bytes()
    assert {path.name for path in folder.iterdir()} == {path.name for path in other.iterdir()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_stopped_within_an_epoch_goes_on_to_the_same_bits(kspec, stopped, alone, number):
    folder = stopped(epoch=1, step=3, number=number)
    assert record(folder)["status"] == "interrupted"
    assert ("SIGTERM" in record(folder)["error"]) == (number == signal.SIGTERM)
    result = kspec("resume", folder)
    assert (result.code, result.err) == (0, "")
    assert "goes on from epoch 2, step 3" in result.out
    assert_the_same(folder, alone)
    assert [(one["epoch"], one["step"]) for one in record(folder)["resumed"]] == [(1, 3)]
    log = (folder / "log.txt").read_text()
    assert log.count("epoch 1/2") == log.count("epoch 2/2") == 1


def test_a_text_classifier_goes_on_within_an_epoch_of_texts_of_many_lengths(kspec, stopped, small, tmp_path):
    tiny_bert.save(tmp_path / "bert")
    tiny_bert.save_texts(tmp_path / "texts")
    small.write_text(
        """
data: {text_folder: texts, validation: 0.25, batch_size: 4, text: {sequence_length: 68, truncate: tail}}
model: {BertTextClassifier: {preset: [./absent, bert], dropout: 0.3}}
training: {epochs: 2, learning_rate: 0.05}
device: {precision: float32}
"""
    )
    folder = stopped(epoch=1, step=2)
    assert kspec("run", small, "--runs", "alone").code == 0
    [other] = (tmp_path / "alone" / "small").iterdir()
    result = kspec("resume", folder)
    assert (result.code, result.err) == (0, "")
    assert "goes on from epoch 2, step 2" in result.out
    assert_the_same(folder, other)
    _evaluates_and_reads_the_ends_of_texts(kspec, folder)


def _evaluates_and_reads_the_ends_of_texts(kspec, folder):
    """The saved model takes strings, and cuts them as it was trained."""
    result = kspec("evaluate", folder)
    assert result.code == 0
    accuracy = record(folder)["metrics"]["validation"]["accuracy"]
    assert result.out.count(f"{accuracy:.4f}") == 2
    end = "fine film " * 33  # 66 tokens: with the two marks all that is read
    Path("new.txt").write_text(f"dull {end}\nfilm film {end}\n{end}{'dull ' * 40}\n")
    rows = kspec("predict", folder, "new.txt").out.splitlines()[1:]
    first, second, third = (row.split(",")[1:] for row in rows)
    assert first == second != third


def test_a_second_signal_stops_at_once(kspec, small, monkeypatch):
    def stop(self, batch, logs=None):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(EpochLines, "on_train_batch_end", stop)
    result = kspec("run", small)
    assert result.code == 130
    [folder] = Path("runs/small").iterdir()
    assert [path.name[:6] for path in states(folder)] == ["000001"]  # that of the beginning


def test_a_finished_run_has_nothing_to_resume(kspec, alone):
    before = (alone / "run.json").read_bytes()
    result = kspec("resume", alone)
    assert (result.code, result.err) == (0, "")
    assert "has finished" in result.out
    assert (alone / "run.json").read_bytes() == before


def test_what_a_killed_process_left_half_written_is_removed(kspec, stopped, alone):
    folder = stopped()

    def killed(path):
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(artifacts.Path, "unlink", lambda *_, **__: None)  # nobody is left to tidy up
        artifacts.write_file(folder / "history.csv", killed)
    assert list(folder.glob(".history-*"))
    (folder / ".mine.txt").write_text("not kspec's")
    assert kspec("resume", folder).code == 0
    assert (folder / ".mine.txt").exists()
    (folder / ".mine.txt").unlink()
    assert_the_same(folder, alone)


def test_without_a_state_it_begins_at_the_beginning(kspec, stopped, alone):
    folder = stopped()
    for path in states(folder):
        path.unlink()
    result = kspec("resume", folder)
    assert result.code == 0
    assert "begins at the beginning" in result.out
    assert_the_same(folder, alone)


@pytest.mark.parametrize("damage", ["truncate", "flip"])
def test_a_damaged_state_gives_way_to_the_one_before(kspec, stopped, alone, damage):
    folder = stopped()
    newest = states(folder)[-1]
    content = bytearray(newest.read_bytes())
    if damage == "truncate":
        del content[len(content) // 2 :]
    else:
        content[-5] ^= 1
    newest.write_bytes(content)
    result = kspec("resume", folder)
    assert result.code == 0
    assert f"the state {newest.name[:6]} is damaged" in result.out
    assert "goes on from the beginning of epoch 2" in result.out
    assert_the_same(folder, alone)


def test_where_all_states_are_damaged_it_says_so(kspec, stopped):
    folder = stopped()
    for path in states(folder):
        path.write_bytes(b"")
    result = kspec("resume", folder)
    assert result.code == 1
    assert "every state of the training is damaged" in result.err
    assert "Traceback" not in result.err


def test_another_spec_is_refused(kspec, stopped):
    folder = stopped()
    spec = folder / "spec.yaml"
    text = spec.read_text()
    spec.write_text(text.replace("epochs: 2", "epochs: 3"))
    before = {path.name for path in states(folder)}
    result = kspec("resume", folder)
    assert result.code == 2
    assert "training.epochs was 2, is 3" in result.err
    assert {path.name for path in states(folder)} == before
    spec.write_text(text)
    assert kspec("resume", folder).code == 0


def test_other_data_are_refused(kspec, tmp_path, stopped):
    rows = [f"{i},{i % 7},{'ab'[i % 2]}" for i in range(60)]
    table = tmp_path / "table.csv"
    table.write_text("\n".join(["a,b,y", *rows]) + "\n")
    spec = tmp_path / "small.yaml"
    spec.write_text(f"data: {{csv: {table}, label: y, batch_size: 8}}\nmodel: MLP\ntraining: {{epochs: 2}}\n")
    folder = stopped(spec=spec)
    table.write_text("\n".join(["a,b,y", "9,9,a", *rows[1:]]) + "\n")
    result = kspec("resume", folder)
    assert result.code == 2
    assert "the data are not those the run began with" in result.err
    table.write_text("\n".join(["a,b,y", *rows]) + "\n")
    assert kspec("resume", folder).code == 0


def test_other_versions_are_refused_unless_asked_for(kspec, stopped, alone):
    folder = stopped()
    facts = record(folder)
    now = facts["versions"]["keras"]
    facts["versions"]["keras"] = "3.0.0"
    (folder / "run.json").write_text(json.dumps(facts))
    result = kspec("resume", folder)
    assert result.code == 2
    assert f"keras 3.0.0, now {now}" in result.err
    result = kspec("resume", folder, "--other-versions")
    assert result.code == 0
    assert "other versions than the run began with" in result.out
    assert record(folder)["weights_sha256"] == record(alone)["weights_sha256"]


def test_two_at_once_are_refused(kspec, stopped):
    folder = stopped()
    with FileLock(folder / "checkpoint" / "lock"):
        result = kspec("resume", folder)
    assert result.code == 2
    assert "another process is training this run" in result.err
    assert kspec("resume", folder).code == 0


def test_a_run_that_diverged_is_not_repeated(kspec, small):
    result = kspec("run", small, "training.optimizer=SGD", "training.learning_rate=1e30", "~data.augment")
    assert result.code == 1
    assert "last finite gradient norm" in result.err
    assert "the last good state is of the beginning of epoch 1" in result.err
    [folder] = Path("runs/small").iterdir()
    assert [path.name[:6] for path in states(folder)] == ["000001"]
    result = kspec("resume", folder)
    assert result.code == 1
    assert "would again" in result.err


@pytest.mark.parametrize("error", [MemoryError(), tf.errors.ResourceExhaustedError(None, None, "OOM")])
def test_out_of_memory_says_what_would_fit(kspec, small, monkeypatch, error):
    def on_train_batch_end(self, batch, logs=None):
        raise error

    monkeypatch.setattr(EpochLines, "on_train_batch_end", on_train_batch_end)
    result = kspec("run", small)
    assert result.code == 1
    assert "out of memory: a step of 32 examples needs about" in result.err
    assert "hint:" in result.err
    [folder] = Path("runs/small").iterdir()
    assert record(folder)["status"] == "failed"


def test_a_record_that_lacks_what_resuming_needs(kspec, stopped):
    folder = stopped()
    facts = record(folder)
    del facts["spec_sha256"], facts["device"]
    (folder / "run.json").write_text(json.dumps(facts))
    result = kspec("resume", folder)
    assert (result.code, result.out) == (2, "")
    assert "its run.json lacks spec_sha256 and device" in result.err


def test_something_else_than_a_run(kspec, tmp_path):
    result = kspec("resume", tmp_path)
    assert result.code == 2
    assert "not a run" in result.err


@pytest.fixture
def disk(tmp_path):
    """A file system of 1.2 MB: its folder, and a function that makes it read-only or writable."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(*arguments):
        return subprocess.run(["mount", *arguments, folder], capture_output=True).returncode

    if os.geteuid() != 0 or mount("-t", "tmpfs", "-o", "size=1200k", "none") != 0:
        pytest.skip("mounting a file system is not allowed here")
    yield folder, lambda mode: mount("-o", f"remount,{mode}")
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_ends_with_a_message_and_the_last_state_whole(kspec, small, alone, disk, tmp_path):
    folder, _ = disk
    filler = folder / "filler"
    filler.write_bytes(bytes(900_000))
    result = kspec("run", small, "--runs", folder / "runs", "model={MLP: {hidden: [64, 64]}}", "training.epochs=6")
    assert result.code == 1
    assert "No space left on device" in result.err
    assert "kspec resume" in result.err
    assert "Traceback" not in result.err
    [run] = (folder / "runs" / "small").iterdir()
    assert len(states(run)) >= 1
    filler.unlink()
    assert kspec("resume", run).code == 0
    assert kspec("run", small, "model={MLP: {hidden: [64, 64]}}", "training.epochs=6").code == 0
    [other] = (tmp_path / "runs" / "small").iterdir()
    assert_the_same(run, other)


def test_a_read_only_folder(kspec, stopped, alone, disk):
    place, change = disk
    folder = shutil.copytree(stopped(), place / "run")
    assert change("ro") == 0
    result = kspec("resume", folder)
    assert result.code == 2
    assert "cannot be written: Read-only file system" in result.err
    assert change("rw") == 0
    assert kspec("resume", folder).code == 0
    assert_the_same(folder, alone)
