"""`kspec check`: every error at once, what a careful colleague would mention, the figures, and nothing written."""

import json
import subprocess
import sys

import numpy as np
import pytest

from kspec import text
from tests.builders.data import tiny_tfds


@pytest.fixture
def check(kspec, tmp_path):
    """Checks a tree in the form of a spec: -> (exit code, the JSON document). The folder must stay as it is."""

    def call(tree, *arguments, code=None):
        spec = tmp_path / "s.yaml"
        spec.write_text(tree if isinstance(tree, str) else text.dump(tree))
        before = sorted(tmp_path.rglob("*"))
        result = kspec("check", "s.yaml", *arguments, "--json")
        assert sorted(tmp_path.rglob("*")) == before
        document = json.loads(result.out)
        assert result.code == (0 if document["ok"] else 2), result.err
        assert "Traceback" not in result.err
        return document

    return call


def told(document, level):
    """Dotted path -> message of each finding."""
    return {".".join(map(str, one["path"])): one["message"] for one in document[level]}


DIGITS = {"sklearn": "digits", "train": "train[:400]", "validation": 0.2, "test": None, "batch_size": 32}
IRIS = {"sklearn": "iris", "train": "train"}
SMALL = {"MLP": {"hidden": [8]}}
COSINE = {"peak": 0.1, "decay": "cosine"}


def spec(training=None, data=None, model=None, **sections):
    tree = {"data": {**DIGITS, **(data or {})}, "model": model or SMALL, "training": {"epochs": 20, **(training or {})}}
    return {**tree, **sections}


def stop(**arguments):
    return {"EarlyStopping": {"monitor": "val_loss", **arguments}}


# What the builders refuse, one problem each: the spec, the place, words of the message.
WRONG = {
    "loss for two classes": (
        spec({"loss": "BinaryCrossentropy"}), "training.loss", "for two classes, and the data have 10",
    ),
    "logits": (
        spec({"loss": {"SparseCategoricalCrossentropy": {"from_logits": True}}}),
        "training.loss.SparseCategoricalCrossentropy.from_logits", "expects logits",
    ),
    "sparse loss with MixUp": (
        spec({"loss": "SparseCategoricalCrossentropy"}, {"augment": ["MixUp"]}), "training.loss", "blend labels",
    ),
    "loss for numbers": (
        spec({"loss": "CategoricalCrossentropy"}, {"sklearn": "diabetes"}), "training.loss", "the labels are numbers",
    ),
    "no activation": (
        spec(model={"layers": ["Flatten", {"Dense": {"units": 10, "name": "output"}}]}), "model", "without activation",
    ),
    "output shape": (
        spec(model={"layers": ["Flatten", {"Dense": {"units": 7, "activation": "softmax", "name": "output"}}]}),
        "model.layers.1", "does not fit the data",
    ),
    "metric of other labels": (
        spec({"metrics": ["TopKCategoricalAccuracy"]}), "training.metrics.0", "does not fit the labels",
    ),
    "two metrics of one name": (spec({"metrics": ["accuracy", "accuracy"]}), "training.metrics.1", "a second metric"),
    "unknown monitor": (
        spec({"callbacks": [stop(monitor="val_f1")]}), "training.callbacks.0.EarlyStopping.monitor", "nothing will be",
    ),
    "validation that is not there": (
        spec(
            {"callbacks": [{"ModelCheckpoint": {"filepath": "b.keras", "save_best_only": True}}]}, {"validation": None}
        ),
        "training.callbacks.0.ModelCheckpoint.monitor", "there is no validation split",
    ),
    "two owners of the rate": (
        spec({"learning_rate": COSINE, "callbacks": [{"ReduceLROnPlateau": {"monitor": "loss"}}]}),
        "training.callbacks.0.ReduceLROnPlateau", "two owners",
    ),
    "warmup longer than the training": (
        spec({"learning_rate": {"peak": 0.1, "warmup": "30 epochs", "decay": "cosine"}}),
        "training.learning_rate.warmup", "leaves nothing",
    ),
    "pattern of a group": (
        spec({"parameter_groups": [{"match": "head/*"}]}), "training.parameter_groups.0.match", "no trainable weight",
    ),
    "pattern of a regularizer": (
        spec(model={**SMALL, "regularizer": {"head/*": "L2"}}), "model.regularizer.head/*", "matches no weight",
    ),
    "frozen pattern": (spec(model={**SMALL, "freeze": ["head"]}), "model.freeze.0", "matches no layer"),
    "path that leads out": (
        spec({"callbacks": [{"CSVLogger": {"filename": "../log.csv"}}]}), "training.callbacks.0.CSVLogger.filename",
        "leads out",
    ),
    "average that is not there": (spec({"callbacks": ["SwapEMAWeights"]}), "training.callbacks.0", "no moving average"),
    "unknown class": (spec({"class_weight": {"cat": 2.0}}), "training.class_weight.cat", "no class 'cat'"),
    "augmentation for colours": (
        spec(data={"augment": [{"RandomHue": {"factor": 0.1}}]}), "data.augment.0", "three channels",
    ),
    "views of no image": (
        spec(data=IRIS, evaluate={"views": ["mirror"]}), "evaluate.views", "for images",
    ),
    "model for images": (spec(data=IRIS, model="CNN"), "model", "reads images"),
    "batch larger than train": (spec(data={"batch_size": 5000}), "data.batch_size", "larger than the train split"),
    "unknown split": (spec(data={"train": "trian"}), "data.train", "no split 'trian'"),
    "splits that share examples": (spec(data={"validation": "train[:50]"}), "data.validation", "share 50 examples"),
    "rate falls beyond the end": (
        spec({"learning_rate": {"peak": 0.1, "decay": {"step": {"at": ["30 epochs"]}}}}),
        "training.learning_rate.decay.step.at.0", "no point to fall at",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_an_error(case, check):
    tree, path, words = WRONG[case]
    document = check(tree)
    found = told(document, "errors")
    assert list(found) == [path]
    assert words in found[path]
    assert document["errors"][0]["line"] > 0


def test_every_error_at_once(check):
    tree = spec(
        {
            "metrics": ["R2Score"],
            "class_weight": {"11": 2.0, "cat": 3.0},
            "learning_rate": {"peak": 0.1, "warmup": "30 epochs", "decay": "cosine"},
            "parameter_groups": [{"match": "nope/*"}],
            "callbacks": [
                {"ReduceLROnPlateau": {"monitor": "loss"}},
                {"ModelCheckpoint": {"filepath": "../best.keras"}},
                "SwapEMAWeights",
            ],
        },
        {"augment": [{"RandomHue": {"factor": 0.1}}, {"RandomSaturation": {"factor": 0.1}}]},
        {**SMALL, "regularizer": {"head/*": "L2"}, "freeze": ["nothing", "neither"]},
        evaluate={"views": ["mirror"]},
    )
    document = check(tree)
    assert list(told(document, "errors")) == [
        "data.augment.0",
        "data.augment.1",
        "model.regularizer.head/*",
        "model.freeze.0",
        "model.freeze.1",
        "training.metrics.0",
        "training.class_weight.11",
        "training.class_weight.cat",
        "training.learning_rate.warmup",
        "training.parameter_groups.0.match",
        "training.callbacks.0.ReduceLROnPlateau",
        "training.callbacks.1.ModelCheckpoint.filepath",
        "training.callbacks.2",
    ]


def test_a_wrong_loss_hides_no_other_error_and_makes_none_up(check):
    tree = spec(
        {"loss": "Hinge", "metrics": ["CategoricalAccuracy"], "class_weight": {"cat": 1.0}}, {"validation": None}
    )
    assert list(told(check(tree), "errors")) == ["training.loss", "training.class_weight.cat"]


def test_data_that_cannot_be_read_hide_no_error_of_the_training(check, tmp_path):
    folder = tiny_tfds.prepare(tmp_path / "tfds")
    tree = {
        "data": {"tfds": {"name": "tiny_images", "data_dir": folder}, "test": "tset", "batch_size": 4},
        "model": SMALL,
        "training": {"metrics": ["R2Score"], "callbacks": [{"CSVLogger": {"filename": "/log.csv"}}]},
    }
    assert list(told(check(tree), "errors")) == [
        "data.test",
        "training.metrics.0",
        "training.callbacks.0.CSVLogger.filename",
    ]


def test_a_static_error_does_not_load_keras(tmp_path):
    (tmp_path / "s.yaml").write_text("data: {sklearn: digit}\nmodel: MLPP\n")
    code = (
        "from kspec.cli import cli\ntry: cli.main(['check', 's.yaml'], standalone_mode=False)\nexcept SystemExit as e: "
    )
    code += "import sys; print(e.code, [m for m in ('keras', 'tensorflow', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.splitlines()[-1] == "2 []"
    assert "did you mean 'digits'?" in done.stdout
    assert "s.yaml:1:17" in done.stdout
    assert "2 errors, no warnings" in done.stdout


def npz(folder, x, y, **more):
    np.savez(folder / "a.npz", x_train=x, y_train=y, **more)
    return {
        "sklearn": None,
        "npz": "a.npz",
        "train": "train",
        "task": "classification",
        "test": "auto",
        "batch_size": 16,
    }


def vectors(count=320, width=4, scale=1.0):
    return (scale * np.random.default_rng(0).normal(size=(count, width))).astype("float32")


def test_traps_in_the_data(check, tmp_path):
    x = vectors()
    x[:, 2] = 7.0
    y = np.repeat([0, 1, 2], [200, 110, 10])
    x[1] = x[310]  # twice in train, with another label
    data = npz(tmp_path, x, y, x_test=np.concatenate([x[:5], vectors(15) + 50]), y_test=np.array([0] * 10 + [1] * 10))
    document = check(spec(data={**data, "validation": None, "shuffle": False}))
    assert document["ok"]
    found = [(one["path"][-1], one["message"]) for one in document["warnings"]]
    assert ("data", "the classes are imbalanced, 20 to 1") in found
    assert ("data", "1 of the 4 numbers that the model reads are the same in all of train") in found
    assert ("data", "1 examples of train have the features of an earlier one and another label") in found
    assert ("shuffle", "the examples come class after class, and are not shuffled") in found
    assert ("test", "a leak: 5 of 20 examples of test are also in train") in found
    assert ("test", "no example in test of 2") in found
    assert ("test", "only 20 examples in test: an accuracy of 0.8 on them is known to ± 0.09") in found
    assert len(found) == 7


def test_the_same_data_without_traps(check, tmp_path):
    y = np.arange(320) % 3
    data = npz(tmp_path, vectors(), y, x_test=vectors(60) + 50, y_test=np.arange(60) % 3)
    assert check(spec(data={**data, "validation": None}))["warnings"] == []


def test_infinite_features(check, tmp_path):
    x = vectors()
    x[3, 1] = np.inf
    found = told(check(spec(data={**npz(tmp_path, x, np.arange(320) % 3), "validation": None})), "errors")
    assert found == {"data": "infinite or missing numbers in the features of 1 examples of train"}


def test_inputs_far_from_unit_scale(check, tmp_path):
    data = npz(tmp_path, vectors(scale=1000.0), np.arange(320) % 3)
    layers = [{"Dense": {"units": 8, "name": "first"}}]
    wide = check(spec(data=data, model={"layers": layers}))
    assert "first, reads numbers of size 9" in told(wide, "warnings")["model.layers"]
    mended = check(spec(data=data, model={"layers": ["Normalization", *layers]}))
    assert "model.layers" not in told(mended, "warnings")


def test_traps_in_the_training(check):
    callbacks = [
        stop(monitor="accuracy", restore_best_weights=True, patience=3),
        {"ReduceLROnPlateau": {"monitor": "accuracy", "patience": 5}},
        {"ModelCheckpoint": {"filepath": "best.keras"}},
        {"CSVLogger": {"filename": "log.csv"}},
        {"CSVLogger": {"filename": "./log.csv"}},
        stop(patience=20),
    ]
    tree = spec(
        {"optimizer": "Adam", "learning_rate": 0.5, "callbacks": callbacks},
        {"batch_size": 319, "train": "train[:400]"},
        {"layers": ["Flatten", "BatchNormalization"]},
    )
    document = check(tree)
    assert document["ok"]
    at = ("training", "callbacks")
    assert {(tuple(one["path"]), one["message"].split(",")[0].split(":")[0]) for one in document["warnings"]} == {
        ((*at, 0, "EarlyStopping", "monitor"), "EarlyStopping keeps the epoch that is best on train (accuracy)"),
        ((*at, 4, "CSVLogger", "filename"), "CSVLogger writes to ./log.csv".replace("./", "")),
        ((*at, 5, "EarlyStopping", "patience"), "EarlyStopping never acts"),
        (("training", "learning_rate"), "a learning rate of 0.5 is very high for Adam"),
        (("data", "batch_size"), "the whole training has 40 steps"),
        (("data", "batch_size"), "the last batch of each epoch holds one example"),
    }


def test_stops_before_the_rate_falls(check):
    callbacks = [stop(patience=3), {"ReduceLROnPlateau": {"monitor": "val_loss", "patience": 5}}]
    [found] = check(spec({"callbacks": callbacks}))["warnings"]
    assert "stops before the learning rate falls" in found["message"]


def test_a_loss_that_is_no_number(check):
    tree = spec({"optimizer": {"SGD": {}}, "learning_rate": 1e30, "loss": "MeanSquaredError"}, {"sklearn": "diabetes"})
    found = told(check(tree), "errors")
    assert "the loss is no number in the first steps" in found["training"]


class Broken(Exception):
    pass


def test_a_step_that_fails_is_an_error(kspec, tmp_path, monkeypatch):
    """What the builders let through and the real step does not, such as a bug of a library."""
    from kspec.builders.experiment import Experiment

    def fit(self, *arguments, **more):
        raise Broken("no kernel for this\nand more")

    monkeypatch.setattr(Experiment, "fit", fit)
    (tmp_path / "s.yaml").write_text(text.dump(spec()))
    result = kspec("check", "s.yaml", "--json")
    assert result.code == 2
    [error] = json.loads(result.out)["errors"]
    assert error["message"] == "the first steps of the training fail: Broken: no kernel for this"
    assert "Traceback" not in result.err
    assert "Traceback" in kspec("check", "s.yaml", "--debug").err


def test_a_step_that_runs_out_of_memory(check, monkeypatch):
    from kspec.builders.experiment import Experiment

    def fit(self, *arguments, **more):
        raise MemoryError

    monkeypatch.setattr(Experiment, "fit", fit)
    [error] = check(spec())["errors"]
    assert "not enough memory: a step needs about" in error["message"]
    assert error["path"] == ["data", "batch_size"]


def test_too_large_for_the_machine(check, monkeypatch):
    from kspec.check import machine, out_of_memory

    monkeypatch.setattr(out_of_memory, "available", lambda: machine.Memory(2**30, 10_000, "container"))
    document = check(spec({"epochs": 100}))
    [error] = document["errors"]
    assert error["path"] == ["data", "batch_size"]
    assert "the container has 9.8 KiB free of 1.0 GiB" in error["found"]
    assert document["figures"]["seconds"] is None  # the step was not taken


def test_figures(check):
    document = check(spec(model={"MLP": {"hidden": [16]}}, device={"precision": "float32"}))
    figures = document["figures"]
    assert document["warnings"] == []
    assert figures["examples"] == {"train": 320, "validation": 80}
    assert (figures["steps_per_epoch"], figures["epochs"], figures["batch_size"]) == (10, 20, 32)
    assert figures["parameters"] == 3 + 64 * 16 + 16 + 16 * 10 + 10
    assert figures["macs"] == 64 * 16 + 16 * 10
    assert sum(block["macs"] for block in figures["blocks"]) == figures["macs"]
    assert figures["macs_not_counted"] == []
    assert figures["memory"]["weights"] == 4 * figures["trainable"] + 4 + 4 + 8  # mean, variance, count
    assert figures["memory"]["total"] == sum(
        figures["memory"][part] for part in ("weights", "optimizer", "gradients", "activations")
    )
    assert 0 < figures["seconds"]["step"] < figures["seconds"]["first_step"] < figures["seconds"]["whole"]
    assert 0 < figures["disk"]["needed"] < figures["disk"]["free"]


def test_tables_for_a_person(kspec, tmp_path):
    (tmp_path / "s.yaml").write_text(text.dump(spec({"epochs": 1})))
    result = kspec("check", "s.yaml")
    assert result.code == 0
    for words in ("no errors, 1 warning", "the whole training has 10 steps", "predictions", "to beat", "disk space"):
        assert words in result.out
    assert "\x1b" not in result.out
    assert not (tmp_path / "runs").exists()


def test_static(kspec, tmp_path):
    (tmp_path / "s.yaml").write_text(text.dump(spec({"loss": "BinaryCrossentropy"})))
    result = kspec("check", "s.yaml", "--static")
    assert (result.code, result.out) == (0, "no errors, no warnings\nThe file reads. Keras was not loaded.\n")


def test_no_such_file(kspec):
    result = kspec("check", "nothing.yaml")
    assert (result.code, result.out) == (2, "")
    document = json.loads(kspec("check", "nothing.yaml", "--json").out)
    assert not document["ok"]
    assert "no such file" in document["errors"][0]["message"]


def test_an_override_is_checked(check):
    document = check(spec(), "training.loss=BinaryCrossentropy")
    assert document["errors"][0]["file"] == "<command line>"
