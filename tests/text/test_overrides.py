"""`key.path=value` and `~key.path`."""

from typing import Any

import pytest

from kspec.errors import Mark, Problem, SpecError
from kspec.text import read_text

BASE = """\
optimizer: Adam
training:
  epochs: 3
  callbacks: [EarlyStopping, {CSV: {path: a}}]
  decay:
model: {ResNet: {depth: 20}, head: x}
"""
TREE: dict[str, Any] = {
    "optimizer": "Adam",
    "training": {"epochs": 3, "callbacks": ["EarlyStopping", {"CSV": {"path": "a"}}], "decay": None},
    "model": {"ResNet": {"depth": 20}, "head": "x"},
}


def training(**changed: Any) -> dict[str, Any]:
    return {**TREE["training"], **changed}


@pytest.mark.parametrize(
    ("override", "section", "value"),
    [
        ("training.epochs=1e-3", "training", training(epochs=0.001)),
        ("training.epochs=no", "training", training(epochs="no")),
        ("training.epochs=", "training", training(epochs=None)),
        ("training.epochs=[1, {a: b}]", "training", training(epochs=[1, {"a": "b"}])),
        ("training.epochs=a=b", "training", training(epochs="a=b")),
        ("training.epochs='3'", "training", training(epochs="3")),
        ("training={epochs: 4}", "training", training(epochs=4)),
        ("training={~epochs: , epochs: {a: 4}}", "training", training(epochs={"a": 4})),
        ("training.decay.rate=2", "training", training(decay={"rate": 2})),
        ("training.'a.b'=2", "training", training(**{"a.b": 2})),
        ('training."".b=2', "training", training(**{"": {"b": 2}})),
        ("training.callbacks[1].CSV.path=b", "training", training(callbacks=["EarlyStopping", {"CSV": {"path": "b"}}])),
        ("training.callbacks.1.CSV.path=b", "training", training(callbacks=["EarlyStopping", {"CSV": {"path": "b"}}])),
        ("training.callbacks[1]=X", "training", training(callbacks=["EarlyStopping", "X"])),
        (
            "training.callbacks[0].EarlyStopping.patience=2",
            "training",
            training(callbacks=[{"EarlyStopping": {"patience": 2}}, {"CSV": {"path": "a"}}]),
        ),
        ("~training.callbacks[0]", "training", training(callbacks=[{"CSV": {"path": "a"}}])),
        ("~training.callbacks", "training", {"epochs": 3, "decay": None}),
        ("optimizer={SGD: {momentum: 0.9}}", "optimizer", {"SGD": {"momentum": 0.9}}),
        ("optimizer.SGD.momentum=0.5", "optimizer", {"SGD": {"momentum": 0.5}}),
        ("optimizer.Adam.beta_1=0.5", "optimizer", {"Adam": {"beta_1": 0.5}}),
        ("model.CNN.depth=2", "model", {"head": "x", "CNN": {"depth": 2}}),
        ("model.ResNet.width=2", "model", {"ResNet": {"depth": 20, "width": 2}, "head": "x"}),
        ("new.0.b=1", "new", {"0": {"b": 1}}),
        (" new = 1", "new", 1),
    ],
)
def test_one_override(override: str, section: str, value: object) -> None:
    assert read_text(BASE, overrides=[override]).tree == {**TREE, section: value}


def test_overrides_work_one_after_the_other() -> None:
    tree = read_text(BASE, overrides=["~training", "training.epochs=1", "training.epochs=2"]).tree
    assert tree == {**TREE, "training": {"epochs": 2}}


def test_a_component_replaces_the_other() -> None:
    assert read_text("o: {SGD: {momentum: 1}}", overrides=["o.Adam.beta_1=2"]).tree == {"o": {"Adam": {"beta_1": 2}}}


def test_the_name_of_a_model_can_gain_keys() -> None:
    tree = read_text("model: ResNet", overrides=["model.regularizer=L2"]).tree
    assert tree == {"model": {"ResNet": {}, "regularizer": "L2"}}
    assert read_text("model: ResNet", overrides=["model.CNN.depth=2"]).tree == {"model": {"CNN": {"depth": 2}}}


def test_marks_point_into_the_override() -> None:
    text = "training.new={é: [7, 8]}"
    document = read_text(BASE, overrides=[text])
    assert document.mark(("training", "new")) == Mark("<command line>", 1, 14, text)
    assert document.mark(("training", "new", "é", 1)) == Mark("<command line>", 1, 22, text)
    assert document.mark(("training", "new"), on_key=True) == Mark("<command line>", 1, 10, text)
    assert document.mark(("training", "epochs")) == Mark("<text>", 3, 11, "  epochs: 3")


def problem_of(override: str) -> Problem:
    with pytest.raises(SpecError) as caught:
        read_text(BASE, overrides=[override])
    (problem,) = caught.value.problems
    assert problem.mark is not None
    assert problem.mark.file == "<command line>"
    return problem


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("foo", "there is no '='"),
        ("", "there is no key"),
        ("=1", "there is no key"),
        (".a=1", "there is no key"),
        ("~", "there is no key"),
        ("[0]=1", "there is no key"),
        ("a..b=1", "the address is wrong from '..b=1' on"),
        ("a.=1", "the address is wrong from '.=1' on"),
        ("a[x]=1", "the address is wrong from '[x]=1' on"),
        ("a[0]b=1", "the address is wrong from 'b=1' on"),
        ("a.~b=1", "the address is wrong from '.~b=1' on"),
        ("a. =1", "the address is wrong from '. =1' on"),
        ("~a=1", "'~' removes a key and takes no value"),
        ("extends=a.yaml", "'extends' works in a file only"),
        ("a" + ".a" * 50 + "=1", "the address has more than 50 keys"),
    ],
)
def test_a_malformed_override_is_told_the_grammar(override: str, reason: str) -> None:
    problem = problem_of(override)
    assert problem.message == f"override {override!r}: {reason}"
    assert problem.expected.startswith("key.path=value, key.list[0]=value, or ~key.path to remove")


@pytest.mark.parametrize(
    ("override", "path", "column", "message", "help_"),
    [
        ("~training.epoch", ("training", "epoch"), 11, "there is no such key in 'training'", "did you mean 'epochs'?"),
        ("~trainin", ("trainin",), 2, "there is no such key in the spec", "did you mean 'training'?"),
        ("~optimizer.lr", ("optimizer",), 12, "'optimizer' is 'Adam' and has no keys", "optimizer="),
        ("~training.callbacks[2]", ("training", "callbacks"), 20, "the list has no item 2", "0 to 1"),
        ("training.callbacks[2]=1", ("training", "callbacks"), 19, "the list has no item 2", "0 to 1"),
        ("training.callbacks.x=1", ("training", "callbacks"), 20, "the list has no item x", "0 to 1"),
        ("training[0]=1", ("training",), 9, "is a mapping, not a list", ""),
        ("training.new[0]=1", ("training", "new"), 13, "there is no list here", ""),
        ("optimizer.lr=1", ("optimizer",), 11, "is 'Adam' and has no keys", "optimizer={lr: ...}"),
        ("training.epochs.x=1", ("training", "epochs"), 17, "is the number 3 and has no keys", ""),
        ("training.epochs=[1", ("training", "epochs"), 17, "the list that begins here", "']'"),
        ("training.epochs={a: 1, a: 2}", ("training", "epochs", "a"), 24, "the key 'a' stands here a second", ""),
        ("training.epochs=!foo 1", ("training", "epochs"), 17, "the tag '!foo' is not allowed here", ""),
        ("training.epochs=\udcff", ("training", "epochs"), 17, "the character U+DCFF cannot stand in YAML", ""),
    ],
)
def test_an_override_that_does_not_fit(
    override: str, path: tuple[str | int, ...], column: int, message: str, help_: str
) -> None:
    problem = problem_of(override)
    assert problem.path == path
    assert problem.message.startswith(message)
    assert problem.mark is not None
    assert problem.mark.column == column
    assert help_ in problem.hint + problem.expected


def test_problems_of_text_and_overrides_come_together() -> None:
    with pytest.raises(SpecError) as caught:
        read_text("a: 1\na: 2\n", overrides=["b", "~c", "d=1"])
    assert len(caught.value.problems) == 3
