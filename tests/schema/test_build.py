"""The JSON Schema, judged by the jsonschema package."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings

from kspec import catalog, text
from kspec.schema import schema
from kspec.spec.reader import load_spec, read
from kspec.spec.writer import write
from tests.strategies import specs

ROOT = Path(__file__).parents[2]
SHIPPED = [*sorted((ROOT / "specs").glob("*.yaml")), *sorted((ROOT / "kspec/templates").glob("*.yaml"))]
VALIDATOR = jsonschema.Draft7Validator(schema())
BASE = {"data": {"sklearn": "digits"}, "model": "MLP"}


def errors(tree):
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATOR.iter_errors(tree)]


def with_training(**keys):
    return {**BASE, "training": keys}


def test_the_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(schema())


def schemas(one):
    """Every mapping in the schema."""
    if isinstance(one, dict):
        yield one
        for inner in one.values():
            yield from schemas(inner)
    elif isinstance(one, list):
        for inner in one:
            yield from schemas(inner)


def test_it_keeps_what_jsonschema_does_not_check_and_editors_do():
    """yaml-language-server refuses the whole schema for an empty enum or a reference that leads nowhere."""
    for one in schemas(schema()):
        assert one.get("enum") != []
        assert not [item for item in one.get("examples", ()) if isinstance(item, dict | list)]
        if isinstance(reference := one.get("$ref"), str):
            target = schema()
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]
        assert not {"component", "also", "names", "bare", "prefixItems", "$defs"} & {
            key for key, value in one.items() if not isinstance(value, dict)
        }


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_specs_pass_as_written_and_as_completed(file):
    assert errors(text.read(file).tree) == []
    assert errors(text.read_text(write(load_spec(file))).tree) == []


@given(specs)
@settings(max_examples=60, deadline=None)
def test_what_kspec_reads_passes(tree):
    complete = text.read_text(write(read(text.read_text(text.dump(tree))))).tree
    assert errors(tree) == []
    assert errors(complete) == []


@pytest.mark.parametrize(
    "tree",
    [
        with_training(learning_rate=0.1),
        with_training(learning_rate={"peak": 0.1, "warmup": "2 epochs", "decay": {"step": {"at": "50%"}}}),
        with_training(optimizer="adam", loss="mse", metrics="accuracy", weight_decay=0.1),
        with_training(optimizer={"SGD": None}, callbacks=["TerminateOnNaN", {"EarlyStopping": {"patience": 3}}]),
        with_training(optimizer={"SGD": {"learning_rate": {"peak": 0.1, "decay": "cosine"}}}),
        with_training(optimizer={"LossScaleOptimizer": {"inner_optimizer": {"SGD": {"momentum": 0.9}}}}),
        {"data": {"csv": "a.csv", "keras": None, "label": ["a", "b"], "clean": ["drop_duplicates"]}, "model": "CNN"},
        {"data": {"keras": {"name": "imdb", "arguments": {"num_words": 9}}}, "model": {"RNN": None}},
        {**BASE, "model": {"layers": [{"Dense": {"units": 3, "name": "a"}}, {"Add": {"inputs": ["a", "previous"]}}]}},
        {**BASE, "model": {"CNN": {}, "regularizer": {"*/kernel": "l2", "head/*": None}, "freeze": "a"}},
        {**BASE, "model": {"CNN": {}, "regularizer": {"L2": {"l2": 0.1}}}},
        {**BASE, "model": {"MobileNetV2": {"weights": None}}},
        {"extends": "base.yaml"},
        {"extends": ["a.yaml", "b.yaml"], "training": {"~epochs": None, "learning_rate": {"warmup": "1 epoch"}}},
        {"extends": "base.yaml", "data": {"batch_size": 3}, "model": {"regularizer": None}},
    ],
    ids=str,
)
def test_short_forms_pass(tree):
    assert errors(tree) == []


@pytest.mark.parametrize(
    ("tree", "at"),
    [
        ({"data": {"sklearn": "digits"}}, ""),
        ({"model": "MLP"}, ""),
        ({**BASE, "trainning": {}}, ""),
        ({**BASE, "data": {"batch_size": 3}}, "data"),
        ({**BASE, "data": {"sklearn": "digits", "csv": "a.csv"}}, "data"),
        ({**BASE, "data": {"sklearn": "digit"}}, "data.sklearn"),
        ({**BASE, "data": {"sklearn": "digits", "batch_size": 0}}, "data.batch_size"),
        ({**BASE, "data": {"sklearn": "digits", "validation": 1.5}}, "data.validation"),
        ({**BASE, "data": {"sklearn": "digits", "train": 0.5}}, "data.train"),
        ({**BASE, "data": {"sklearn": "digits", "image": {"size": [1]}}}, "data.image.size"),
        ({**BASE, "data": {"sklearn": "digits", "clean": [{"fill_missing": {"strategy": "x"}}]}}, "data.clean.0"),
        ({**BASE, "data": {"sklearn": "digits", "augment": ["RandomFlop"]}}, "data.augment.0"),
        ({**BASE, "model": "MPL"}, "model"),
        ({**BASE, "model": {"ResNet": {"dept": 20}}}, "model.ResNet"),
        ({**BASE, "model": {"freeze": "a"}}, "model"),
        ({**BASE, "model": {"layers": [{"Dense": {}}]}}, "model.layers.0"),
        ({**BASE, "model": {"layers": [{"Dense": {"units": 1, "inputs": "a"}}]}}, "model.layers.0.Dense.inputs"),
        (with_training(optimizer="Adma"), "training.optimizer"),
        (with_training(optimizer={"SGD": {"momentun": 0.9}}), "training.optimizer.SGD"),
        (with_training(optimizer={"SGD": {"momentum": "x"}}), "training.optimizer.SGD.momentum"),
        (with_training(optimizer={"SGD": {}, "Adam": {}}), "training.optimizer"),
        (with_training(optimizer="Dense"), "training.optimizer"),
        (with_training(learning_rate=0), "training.learning_rate"),
        (with_training(learning_rate={"warmup": "1 epoch"}), "training.learning_rate"),
        (with_training(learning_rate={"peak": 0.1, "warmup": "2 epoch s"}), "training.learning_rate.warmup"),
        (with_training(learning_rate={"peak": 0.1, "decay": "step"}), "training.learning_rate.decay"),
        (with_training(learning_rate={"peak": 0.1, "decay": "cosin"}), "training.learning_rate.decay"),
        (with_training(epochs="ten"), "training.epochs"),
        (with_training(epochs=2.5), "training.epochs"),
        (with_training(callbacks={"EarlyStopping": {}}), "training.callbacks"),
        (with_training(metrics=["acuracy"]), "training.metrics"),
        (with_training(class_weight={"a": -1}), "training.class_weight"),
        (with_training(steps_per_epoch=True), "training.steps_per_epoch"),
        ({**BASE, "device": {"precision": "float16"}}, "device.precision"),
        ({**BASE, "data": {"keras": {"name": "imdb", "arguments": {"num_word": 9}}}}, "data.keras.arguments"),
        ({**BASE, "seed": -1}, "seed"),
        ({**BASE, "name": "a/b"}, "name"),
        ({"extends": 3}, "extends"),
        ({"extends": "base.yaml", "training": {"epoch": 3}}, "training"),
    ],
    ids=str,
)
def test_broken_specs_are_refused_at_the_right_place(tree, at):
    assert errors(tree)
    assert at in {".".join(map(str, path)) for error in VALIDATOR.iter_errors(tree) for path in places(error)}


def places(error, above=()):
    """Where an error is, and where the branches of its alternatives failed."""
    path = (*above, *error.relative_path)
    yield path
    for inner in error.context:
        yield from places(inner, path)


ONLY_KSPEC_SEES = {
    "choice_of_no_number", "constant_without_value", "duplicate_key", "endless_warmup", "exponential_to_zero",
    "extends_loop", "extends_missing", "keras_data_in_another_folder", "latency_gates", "layers_null", "not_a_number",
    "training_after_zeros", "two_models", "two_owners_of_the_rate", "views_twice",
}  # fmt: skip
"""What JSON Schema cannot say: keys that belong together, files, and what a YAML reader has lost already."""
NO_TREE = {"override_of_unknown_key", "override_removes_unknown_key", "override_without_equals"}


@pytest.mark.parametrize("file", sorted((ROOT / "tests/errors").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_mistakes_that_kspec_explains_are_refused_too(file):
    node = plain_yaml(file.read_text())
    if node is None or file.stem in NO_TREE:
        pytest.skip("no tree: the text or the command line is wrong")
    assert bool(errors(node)) == (file.stem not in ONLY_KSPEC_SEES)


def plain_yaml(written):
    """The tree as kspec's own reader makes it, `extends` not resolved; None where the text is no YAML."""
    from kspec.text.extends import Family
    from kspec.text.nodes import plain

    problems = []
    node = Family(problems).compose(written, "mistake.yaml")
    if any("~" in problem.message or "text" in problem.message for problem in problems):
        return None
    return None if node is None else plain(node)


def test_every_component_and_argument_is_there_with_its_default_and_meaning():
    definitions = schema()["definitions"]
    for kind in catalog.kinds():
        for name in catalog.names(kind):
            entry = catalog.entry(kind, name)
            assert set(entry.arguments) <= set(definitions[f"{kind}.{name}"]["properties"])
    sgd = definitions["optimizer.SGD"]
    assert sgd["description"] == "Gradient descent (with momentum) optimizer"
    assert sgd["properties"]["nesterov"] == {
        "type": "boolean",
        "description": "Whether to apply Nesterov momentum",
        "default": False,
    }
    assert definitions["metric.AUC"]["properties"]["curve"]["enum"] == ["ROC", "PR"]
    assert "description" in definitions["Training"]["properties"]["epochs"]


def test_a_component_that_joins_the_index_is_in_the_schema(monkeypatch):
    """A plug-in adds names to the index and nothing else."""
    from dataclasses import replace

    from kspec.catalog import index
    from kspec.schema import components

    row = {"target": "x:Mine", "summary": "My own", "open": False,
           "arguments": {"speed": {"type": "number", "default": 2.0, "about": "How fast"}}}  # fmt: skip
    loaded = index.load()
    kinds = {**loaded.kinds, "optimizer": {**loaded.kinds["optimizer"], "Mine": row}}
    monkeypatch.setattr(index, "load", lambda: replace(loaded, kinds=kinds))
    index.entry.cache_clear()
    try:
        found = components.definitions({})
    finally:
        index.entry.cache_clear()
    assert found["optimizer.Mine"]["properties"]["speed"] == {
        "type": "number",
        "description": "How fast",
        "default": 2.0,
    }
    assert "Mine" in found["optimizer"]["anyOf"][0]["enum"]


def test_the_command_prints_it_fast_and_without_keras():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "kspec", "schema"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == schema()
    assert len(done.stdout) < 1_000_000
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not {"keras", "tensorflow", "pandas"} & loaded
