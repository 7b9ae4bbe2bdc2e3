"""Callbacks of a plan: what they are, where they write, what they watch."""

import importlib.util

import keras
import pytest

from kspec.parts.callbacks.lookahead import Lookahead
from kspec.parts.callbacks.terminate_on_nan import TerminateOnNaN


def callbacks(experiment, *listed, **arguments):
    return experiment({"callbacks": list(listed)}, **arguments).plan().callbacks


def test_the_guard_against_nan_is_always_there_once(experiment):
    [guard] = callbacks(experiment)
    assert type(guard) is TerminateOnNaN
    assert len(callbacks(experiment, "TerminateOnNaN")) == 1


def test_callbacks_come_in_order_with_their_arguments(experiment):
    early = {"EarlyStopping": {"monitor": "val_accuracy", "patience": 3, "restore_best_weights": True}}
    _, stopping, lookahead = callbacks(experiment, early, {"Lookahead": {"every": 7}})
    assert (stopping.monitor, stopping.patience, stopping.restore_best_weights) == ("val_accuracy", 3, True)
    assert isinstance(lookahead, Lookahead)
    assert lookahead.every == 7


def test_best_and_last_checkpoint_and_csv_are_written_into_the_folder(experiment):
    best = {"ModelCheckpoint": {"filepath": "best.keras", "monitor": "val_accuracy", "save_best_only": True}}
    last = {"ModelCheckpoint": {"filepath": "checkpoints/last.keras"}}
    ours = experiment({"epochs": 2, "callbacks": [best, last, {"CSVLogger": {"filename": "log.csv"}}]})
    plan = ours.plan()
    assert not ours.folder.exists()
    (ours.folder / "checkpoints").mkdir(parents=True)
    ours.fit(plan)
    assert {str(file.relative_to(ours.folder)) for file in ours.folder.rglob("*.*")} == {
        "best.keras",
        "checkpoints/last.keras",
        "log.csv",
    }
    assert len((ours.folder / "log.csv").read_text().splitlines()) == 3
    assert isinstance(keras.models.load_model(ours.folder / "best.keras"), keras.Model)


def test_tensorboard_writes_into_the_folder(experiment):
    pytest.importorskip("tensorboard")
    ours = experiment({"epochs": 1, "callbacks": [{"TensorBoard": {"write_graph": False}}]})
    ours.fit(ours.plan())
    assert list((ours.folder / "logs").rglob("events*"))


def test_swapping_the_average_in_needs_an_average(experiment, problem):
    optimizer = {"Adam": {"use_ema": True}}
    swap = {"SwapEMAWeights": {"swap_on_epoch": True}}
    ours = experiment({"epochs": 1, "optimizer": optimizer, "callbacks": [swap]})
    ours.fit(ours.plan())
    found = problem(experiment({"callbacks": [swap]}).plan)
    assert found.path == ("training", "callbacks", 0, "SwapEMAWeights")
    assert "use_ema: true" in found.expected


RESTORE = {"EarlyStopping": {"restore_best_weights": True}}
SWAP = {"SwapEMAWeights": {"swap_on_epoch": True}}


@pytest.mark.parametrize(
    ("listed", "number"),
    [([RESTORE], 0), (["SwapEMAWeights", RESTORE], 1), ([RESTORE, SWAP], 0), ([SWAP, "EarlyStopping"], 1)],
)
def test_an_early_stop_that_would_lose_the_average_is_refused(experiment, problem, listed, number):
    found = problem(experiment({"optimizer": {"Adam": {"use_ema": True}}, "callbacks": listed}).plan)
    assert found.path == ("training", "callbacks", number, "EarlyStopping", "restore_best_weights")
    assert "moving average" in found.message


@pytest.mark.parametrize("listed", [[SWAP, RESTORE], ["SwapEMAWeights", "EarlyStopping"], ["EarlyStopping"]])
def test_an_early_stop_that_keeps_the_average(experiment, listed):
    assert experiment({"optimizer": {"Adam": {"use_ema": True}}, "callbacks": listed}).plan()


@pytest.mark.parametrize(
    ("callback", "validation", "hint"),
    [
        ("EarlyStopping", False, "data.validation"),
        ({"EarlyStopping": {"monitor": "val_acuracy"}}, True, "val_accuracy"),
        ({"ReduceLROnPlateau": {"monitor": "los"}}, True, "loss"),
        ({"ModelCheckpoint": {"filepath": "m.keras", "save_best_only": True}}, False, "data.validation"),
        ({"ModelCheckpoint": {"filepath": "m.keras", "monitor": "val_acuracy"}}, True, "val_accuracy"),
    ],
)
def test_monitor_that_nothing_logs_is_refused_before_training(experiment, problem, callback, validation, hint):
    ours = experiment({"callbacks": [callback]}, validation=validation)
    found = problem(ours.plan)
    name = callback if isinstance(callback, str) else next(iter(callback))
    assert found.path == ("training", "callbacks", 0, name, "monitor")
    assert hint in found.hint
    assert "loss" in found.expected


def test_a_checkpoint_of_every_epoch_watches_nothing(experiment):
    ours = experiment({"epochs": 1, "callbacks": [{"ModelCheckpoint": {"filepath": "m.keras"}}]}, validation=False)
    ours.fit(ours.plan())
    assert (ours.folder / "m.keras").exists()


@pytest.mark.parametrize(
    "path", ["../best.keras", "/tmp/best.keras", "a/../../best.keras", "~/best.keras", "C:\\best.keras", ""]
)
@pytest.mark.parametrize(("name", "key"), [("ModelCheckpoint", "filepath"), ("CSVLogger", "filename")])
def test_paths_out_of_the_folder_are_refused(experiment, problem, path, name, key):
    found = problem(experiment({"callbacks": [{name: {key: path}}]}).plan)
    assert (found.path, found.found) == (("training", "callbacks", 0, name, key), path)
    assert "out of the run's folder" in found.message


def test_a_library_that_is_not_installed_is_named(experiment, problem, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorboard" else found(name))
    missing = problem(experiment({"callbacks": ["TensorBoard"]}).plan)
    assert (missing.path, missing.hint) == (
        ("training", "callbacks", 0, "TensorBoard"),
        "pip install 'kspec[tracking]'",
    )


def test_argument_that_the_callback_refuses(experiment, problem):
    found = problem(experiment({"callbacks": [{"ModelCheckpoint": {"filepath": "best.model"}}]}).plan)
    assert found.path == ("training", "callbacks", 0, "ModelCheckpoint", "filepath")
    assert ".keras" in found.message


def test_the_separator_of_a_csv_log_is_one_character(experiment, problem):
    found = problem(experiment({"callbacks": [{"CSVLogger": {"filename": "log.csv", "separator": "::"}}]}).plan)
    assert found.path == ("training", "callbacks", 0, "CSVLogger", "separator")
