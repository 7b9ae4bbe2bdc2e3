"""What must end in one clear message, exit code 2, and nothing written."""

import json
import os
import re

import numpy as np
import pytest
from PIL import Image

GOOD = "data: {sklearn: digits}\nmodel: MLP\ntraining: {epochs: 1}\n"


def write(path, text):
    path.write_text(text)
    return path


def table(folder, rows=40):
    lines = ["a,b,y", *(f"{i},{i % 7},{'ab'[i % 2]}" for i in range(rows))]
    return write(folder / "table.csv", "\n".join(lines) + "\n")


def csv_spec(folder, data="", model="MLP", training="{epochs: 1}"):
    table(folder)
    return write(folder / "s.yaml", f"data:\n  csv: table.csv\n  {data}\nmodel: {model}\ntraining: {training}\n")


def laughs(folder):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    return write(folder / "s.yaml", "\n".join(lines))


def large(folder):
    with open(folder / "s.yaml", "wb") as file:
        file.truncate(50_000_000)
    return folder / "s.yaml"


def binary(folder):
    (folder / "s.yaml").write_bytes(bytes(range(256)))
    return folder / "s.yaml"


def loop(folder):
    write(folder / "other.yaml", "extends: s.yaml\n")
    return write(folder / "s.yaml", "extends: other.yaml\n" + GOOD)


def images(folder, corrupt):
    for label in ("cat", "dog"):
        (folder / "images" / label).mkdir(parents=True)
        for i in range(6):
            pixels = np.full((8, 8, 3), 40 * i, "uint8")
            Image.fromarray(pixels).save(folder / "images" / label / f"{i}.png")
    if corrupt:
        (folder / "images" / "dog" / "5.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    return write(folder / "s.yaml", "data: {image_folder: images, batch_size: 4}\nmodel: MLP\ntraining: {epochs: 1}\n")


def out_of_range(folder):
    x, y = np.zeros((20, 3), "float32"), np.array([0, 1] * 10)
    np.savez(folder / "a.npz", x_train=x, y_train=y, x_test=x, y_test=np.where(np.arange(20) == 19, 7, y))
    return write(folder / "s.yaml", "data: {npz: a.npz, task: classification, batch_size: 4}\nmodel: MLP\n")


def texts(folder):
    for label in ("good", "bad"):
        (folder / "texts" / label).mkdir(parents=True)
        for i in range(6):
            write(folder / "texts" / label / f"{i}.txt", f"{label} {i}")
    return write(folder / "s.yaml", "data: {text_folder: texts, batch_size: 4}\nmodel: CNN\ntraining: {epochs: 1}\n")


CASES = {
    "no such file": (lambda folder: folder / "nothing.yaml", "no such file"),
    "a folder": (lambda folder: folder, "folder"),
    "binary": (binary, "text"),
    "syntax": (lambda folder: write(folder / "s.yaml", "data: [1, 2\n"), "s.yaml:1:"),
    "unknown section": (lambda folder: write(folder / "s.yaml", GOOD + "trainning: {}\n"), "did you mean 'training'?"),
    "billion laughs": (laughs, "s.yaml:"),
    "50 MB": (large, "1 MB"),
    "python object": (lambda f: write(f / "s.yaml", "data: !!python/object/apply:os.system [x]\n"), "not allowed"),
    "extends loop": (loop, "extends"),
    "label column absent": (lambda folder: csv_spec(folder, "label: z"), "'z'"),
    "label not named": (lambda folder: csv_spec(folder), "label"),
    "labels out of range": (out_of_range, "label '?7'? stands 1 time in test and never in train"),
    "empty split": (lambda folder: csv_spec(folder, "label: y\n  test: train[:0]"), "empty"),
    "unknown split": (lambda folder: csv_spec(folder, "label: y\n  test: tst"), "tst"),
    "batch larger than the set": (lambda folder: csv_spec(folder, "label: y\n  batch_size: 5000"), "5,?000"),
    "corrupt image": (lambda folder: images(folder, corrupt=True), "5.png"),
    "text for an image model": (texts, "text"),
    "metric against loss": (
        lambda folder: csv_spec(folder, "label: y", training="{metrics: [SparseCategoricalAccuracy]}"),
        "SparseCategoricalAccuracy",
    ),
    "monitor that no metric makes": (
        lambda folder: csv_spec(folder, "label: y", training="{callbacks: [{EarlyStopping: {monitor: val_loss}}]}"),
        "val_loss",
    ),
    "two owners of the rate": (
        lambda folder: csv_spec(
            folder,
            "label: y",
            training="{learning_rate: {peak: 0.1, decay: cosine}, callbacks: [{ReduceLROnPlateau: {monitor: loss}}]}",
        ),
        "ReduceLROnPlateau",
    ),
    "views of a table": (
        lambda folder: write(
            csv_spec(folder, "label: y"), (folder / "s.yaml").read_text() + "evaluate: {views: [mirror]}\n"
        ),
        "views are for images",
    ),
    "regularizer for matrices on a convolution": (
        lambda folder: write(
            folder / "s.yaml",
            "data: {sklearn: digits}\nmodel: {CNN: {filters: [2]}, regularizer: OrthogonalRegularizer}\n",
        ),
        "does not fit the weight",
    ),
    "regularizer that matches nothing": (
        lambda folder: csv_spec(folder, "label: y", model="{MLP: {}, regularizer: {'head/*': L2}}"),
        "head/\\*",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(case, kspec, tmp_path):
    make, words = CASES[case]
    spec = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    result = kspec("run", spec)
    assert result.code == 2, result
    assert re.search(words, result.err), result.err
    assert "Traceback" not in result.err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_same_image_folder_without_the_corrupt_image_runs(kspec, tmp_path):
    assert kspec("run", images(tmp_path, corrupt=False)).code == 0


def test_override_of_an_unknown_key(kspec, tmp_path):
    result = kspec("run", write(tmp_path / "s.yaml", GOOD), "training.epoch=3")
    assert result.code == 2
    assert "<command line>:1:" in result.err
    assert "did you mean 'epochs'?" in result.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(kspec, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    result = kspec("run", write(tmp_path / "s.yaml", GOOD), "--runs", tmp_path / "closed" / "runs")
    assert result.code == 2
    assert "closed" in result.err


def test_a_file_where_the_run_folder_should_be(kspec, tmp_path):
    write(tmp_path / "file", "mine")
    result = kspec("run", write(tmp_path / "s.yaml", GOOD), "--runs", tmp_path / "file" / "runs")
    assert result.code == 2
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("runs", ["dangling", "x" * 300, ""])
def test_a_place_where_no_run_can_be(kspec, tmp_path, runs):
    (tmp_path / "dangling").symlink_to("nowhere")
    result = kspec("run", write(tmp_path / "s.yaml", GOOD), "--runs", runs)
    assert (result.code, result.out) == (2, "")
    assert "runs" in result.err
    assert len(result.err) < 400


def run_folder(folder, record):
    folder.mkdir()
    write(folder / "run.json", record)
    write(folder / "model.keras", "")
    return folder


NOT_FINISHED = {
    "failed": ('{"status": "failed", "data": {}}', "its status is 'failed'"),
    "running": ('{"status": "running", "data": {}}', "its status is 'running'"),
    "half a record": ('{"status": "fin', "not readable as JSON"),
    "another JSON": ("[1, 2]", "not the record of a run"),
}


@pytest.mark.parametrize("case", NOT_FINISHED)
@pytest.mark.parametrize("arguments", [["evaluate"], ["predict", "a.png"]])
def test_a_run_that_has_not_finished(kspec, tmp_path, case, arguments):
    record, words = NOT_FINISHED[case]
    verb, *data = arguments
    result = kspec(verb, run_folder(tmp_path / "broken", record), *data)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_a_file_instead_of_a_run(kspec, tmp_path):
    result = kspec("evaluate", write(tmp_path / "s.yaml", GOOD))
    assert result.code == 2
    assert "it is a file" in result.err


@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt, 130), (SystemExit(1), 1)])
def test_a_stopped_training_says_so_and_leaves_nothing_half_written(kspec, tmp_path, monkeypatch, stop, code):
    from kspec.builders.experiment import Experiment

    def fit(self, *arguments, **more):
        raise stop

    monkeypatch.setattr(Experiment, "fit", fit)
    assert kspec("run", write(tmp_path / "s.yaml", GOOD)).code == code
    [record] = (tmp_path / "runs").rglob("run.json")
    assert json.loads(record.read_text())["status"] == "interrupted"
    assert sorted(path.name for path in record.parent.iterdir()) == ["checkpoint", "log.txt", "run.json", "spec.yaml"]


def test_a_stop_while_the_data_are_read_writes_nothing(kspec, tmp_path, monkeypatch):
    import kspec.commands.run as command

    def load_data(spec, *, smoke):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "load_data", load_data)
    spec = write(tmp_path / "s.yaml", GOOD)
    assert kspec("run", spec).code == 130
    assert list(tmp_path.iterdir()) == [spec]


@pytest.mark.parametrize("arguments", [["runn"], ["run"], ["run", "--bad"], ["list", "optimiser"], ["predict", "x"]])
def test_wrong_command_line(kspec, arguments):
    result = kspec(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err
