"""`kspec diff`: two specs, two runs, one of each."""

import json

import pytest

from kspec import artifacts, text
from kspec.commands.differences import ABSENT, Difference, brief, differences
from kspec.spec.reader import load_spec, read
from kspec.spec.writer import write

SPEC = "data: {sklearn: digits}\nmodel: MLP\n"


@pytest.fixture
def pair(tmp_path):
    """Two specs that differ in a value, a component, and a default that one of them writes out."""
    (tmp_path / "a.yaml").write_text(SPEC + "training: {epochs: 3, loss: auto}\n")
    (tmp_path / "b.yaml").write_text(
        SPEC + "training: {epochs: 5, optimizer: {SGD: {momentum: 0.9}}, callbacks: [TerminateOnNaN]}\n"
    )
    return "a.yaml", "b.yaml"


def run_folder(tmp_path, name, spec, **record):
    folder = tmp_path / "runs" / name
    folder.mkdir(parents=True)
    (folder / artifacts.SPEC).write_text(write(load_spec(spec)))
    facts = {
        "status": "finished",
        "data": {"fingerprint": "f1", "class_names": ["0"]},
        "versions": {"keras": "3.15.1", "numpy": "2.4.6"},
        "device": {"name": "CPU", "precision": "float32", "reason": "by rule"},
        "timing": {"data": 0.1, "fit": 10.0},
        "epochs": 3,
    }
    artifacts.write_record(folder, facts | record)
    return str(folder)


def tree(yaml):
    return read(text.read_text(SPEC + yaml)).model_dump(mode="json")


def cells(out):
    """The rows of the tables as lists of cells."""
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in out.splitlines() if line.startswith("│")]


def test_two_specs_show_what_differs_and_what_set_it(kspec, pair):
    result = kspec("diff", *pair)
    assert result.code == 0
    assert cells(result.out) == [
        ["name", "a", "b"],
        ["", "the file's name", "the file's name"],
        ["training.epochs", "3", "5"],
        ["", "a.yaml:3:20", "b.yaml:3:20"],
        ["training.optimizer", "Adam", "{SGD: {momentum: 0.9}}"],
        ["", "default", "b.yaml:3:34"],
        ["training.learning_rate.peak", "0.001", "0.01"],
        ["", "default of optimizer Adam", "default of optimizer SGD"],
        ["training.callbacks", "[]", "['TerminateOnNaN']"],
        ["", "default", "b.yaml:3:69"],
    ]


def test_specs_that_mean_the_same(kspec, tmp_path):
    (tmp_path / "short.yaml").write_text("name: x\n" + SPEC)
    (tmp_path / "long.yaml").write_text("name: x\n" + SPEC + "training: {epochs: 10, optimizer: Adam}\n")
    assert kspec("diff", "short.yaml", "long.yaml").out == "the same experiment\n"


def test_only_the_names_differ(kspec, tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(SPEC)
    assert kspec("diff", "one.yaml", "two.yaml").out == "the same experiment; only the name differs: one, two\n"


def test_json_holds_values_and_origins(kspec, pair):
    found = json.loads(kspec("diff", *pair, "--json").out)
    assert (found["a"], found["b"], found["same"]) == ("a.yaml", "b.yaml", False)
    assert found["spec"][1] == {
        "key": "training.epochs",
        "a": 3,
        "a_set_by": "a.yaml:3:20",
        "b": 5,
        "b_set_by": "b.yaml:3:20",
    }
    assert found["results"] == found["run"] == []


def test_two_runs_show_results_side_by_side(kspec, pair, tmp_path):
    first = run_folder(tmp_path, "one", "a.yaml", metrics={"test": {"accuracy": 0.5, "loss": 2.0}}, weights_sha256="x")
    second = run_folder(
        tmp_path,
        "two",
        "b.yaml",
        metrics={"test": {"accuracy": 0.75}},
        weights_sha256="y",
        timing={"data": 0.2, "fit": 4.0},
        versions={"keras": "3.16.0", "numpy": "2.4.6"},
    )
    found = cells(kspec("diff", first, second).out)
    assert ["training.epochs", "3", "5"] in found
    assert ["test accuracy", "0.5000", "0.7500", "+0.2500"] in found
    assert ["test loss", "2.0000", "-", ""] in found
    assert ["versions.keras", "3.15.1", "3.16.0"] in found
    assert ["timing.fit", "10.0 s", "4.0 s"] in found
    shown = {row[0] for row in found}
    assert not {"versions.numpy", "timing.data", "data.fingerprint", "data.class_names", "device.reason"} & shown
    results = json.loads(kspec("diff", first, second, "--json").out)["results"]
    assert results[0] == {"metric": "test accuracy", "a": 0.5, "b": 0.75, "difference": 0.25}


def test_a_run_against_itself_and_against_its_spec(kspec, pair, tmp_path):
    folder = run_folder(tmp_path, "one", "a.yaml", metrics={"test": {"accuracy": 0.5}}, weights_sha256="x")
    again = kspec("diff", folder, folder).out
    assert again.startswith("the same experiment\n")
    assert again.endswith("The weights are the same to the last bit.\n")
    spec = kspec("diff", "a.yaml", folder).out
    assert spec.startswith("the same experiment\n")
    assert ["test accuracy", "-", "0.5000", ""] in cells(spec)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.yaml", "nope.yaml"], "no such file: nope.yaml"),
        (["a.yaml", "empty"], "empty: not a run: it holds no run.json"),
        (["a.yaml", "wrong.yaml"], "training.epochs: wrong type"),
    ],
)
def test_wrong_input(kspec, pair, tmp_path, arguments, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong.yaml").write_text(SPEC + "training: {epochs: x}\n")
    result = kspec("diff", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_lists_are_compared_by_the_names_in_them():
    one = tree("training: {callbacks: [{EarlyStopping: {patience: 3}}, TerminateOnNaN]}\n")
    two = tree("training: {callbacks: [{CSVLogger: {filename: a}}, {EarlyStopping: {patience: 5}}]}\n")
    found = {one.path: (one.first, one.second) for one in differences(one, two)}
    above = ("training", "callbacks")
    assert found[*above, 1, "EarlyStopping", "patience"] == (3, 5)
    assert found[*above, 0][0] is ABSENT
    assert found[*above, 1] == ("TerminateOnNaN", ABSENT)
    assert len(found) == 3


def test_equal_numbers_of_another_type_differ():
    assert differences({"a": True}, {"a": 1}) == [Difference(("a",), True, 1)]
    assert differences({"a": None}, {}) == [Difference(("a",), None, ABSENT)]


def test_brief_leaves_defaults_out():
    spec = tree("training: {optimizer: {SGD: {nesterov: true}}, learning_rate: {peak: 0.1, decay: cosine}}\n")
    above = ("training",)
    assert brief((*above, "optimizer"), spec["training"]["optimizer"]) == {"SGD": {"nesterov": True}}
    assert brief((*above, "learning_rate"), spec["training"]["learning_rate"]) == {"peak": 0.1, "decay": "cosine"}
    assert brief(("model", "MLP"), spec["model"]["MLP"]) == {}
