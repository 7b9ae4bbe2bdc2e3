import ast

import keras
import numpy as np
import pytest

import kspec
from kspec.eject import script, verify
from kspec.eject.known import study
from kspec.errors import SpecError
from tests.eject.scripts import spec_of, written

SMALL = {
    "data": {"sklearn": "digits", "train": "train[:64]", "validation": 0.25, "batch_size": 16},
    "model": {"MLP": {"hidden": [4], "dropout": 0.1}},
    "training": {"epochs": 1},
    "device": {"precision": "float32"},
}


@pytest.fixture(scope="module")
def known():
    keras.backend.clear_session()
    return study(spec_of("small", SMALL))


def test_a_script_that_agrees_is_given_with_its_proof(known):
    found = verify.verified(known, "kspec eject small.yaml", "small.py")
    assert found.proof == "its data and initial weights are kspec's, bit for bit"
    assert found.text.startswith('"""The experiment small in plain Keras; kspec is not needed.\n')


@pytest.mark.parametrize(
    ("wrong", "section"),
    [
        (("x, y = digits", "x, y = 2 * digits"), "data"),
        (("round(0.25", "round(0.26"), "data"),
        (("SEED = 0", "SEED = 1"), "data"),
        (("set_random_seed(SEED)", "set_random_seed(1)"), "model"),
        (("hidden=[4]", "hidden=[5]"), "model"),
    ],
)
def test_a_script_that_would_do_something_else_is_refused(known, monkeypatch, wrong, section):
    right = script.write
    monkeypatch.setattr(verify, "write", lambda *given, **options: right(*given, **options).replace(*wrong))
    with pytest.raises(SpecError) as refused:
        verify.verified(known, "kspec eject small.yaml", "small.py")
    assert refused.value.problems[0].path == (section,)


def test_keras_is_left_as_it_was(known):
    before = keras.config.dtype_policy().name, dict(keras.saving.get_custom_objects())
    verify.verified(known, "kspec eject small.yaml", "small.py")
    assert (keras.config.dtype_policy().name, dict(keras.saving.get_custom_objects())) == before
    assert keras.saving.get_registered_object("kspec>Warmup") in (None, kspec.Warmup)


def test_words_of_the_user_cannot_end_the_docstring(known):
    command = 'kspec eject """\nimport os\n\\'
    text = script.write(known, command, 'a".py')
    first, *_ = ast.parse(text).body
    assert isinstance(first.value, ast.Constant) and "kspec eject ???" in first.value.value
    assert "import os" not in text.split('"""', 2)[2]


def test_a_saved_model_is_refused_by_its_key():
    with pytest.raises(SpecError, match=r"model\.file: eject cannot write a saved model out yet"):
        study(spec_of("small", {**SMALL, "model": {"file": "model.keras"}}))


def test_low_rank_updates_are_refused_by_their_key():
    with pytest.raises(SpecError, match=r"model\.lora: eject cannot write low-rank updates out yet"):
        study(spec_of("small", {**SMALL, "model": {"MobileNetV2": {"weights": None}, "lora": 2}}))


GREY = {"npz": {"path": "grey.npz", "x": "images", "y": "digits"}}
SEQUENCES = {"npz": {"path": "sequences.npz"}, "validation": None}
PRICES = {"csv": "table.csv", "label": "price"}
ROOMS = {"csv": "table.csv", "label": "rooms", "columns": {"text": "town"}}
PHOTOS = {"image_folder": "photos", "image": {"size": [9, 10]}}
CONSTANTS = [{"fill_missing": {"strategy": "constant", "value": value}} for value in (1, "?")]
NARROW = {"clip_outliers": {"method": "zscore", "factor": 2.0}}
NARROWER = {"clip_outliers": {"method": "quantile", "factor": 0.05}}


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({**GREY, "validation": 0.35}, "classes = np.array([text_of(label) for label in y.tolist()])"),
        ({**SEQUENCES, "train": "train[5:]+train[:5]"}, "x_train, y_train = np.concatenate(["),
        ({**PRICES, "train": "train[-50:]", "clean": [*CONSTANTS, NARROW]}, "take(x, slice(-50, None)), y[-50:]"),
        ({**ROOMS, "clean": ["drop_missing"]}, "kept = complete(x_train"),
        ({**PHOTOS, "clean": [{"drop_labels": {"labels": "owls"}}, "drop_duplicates"]}, "dropped = [2]"),
        (
            {"sklearn": "iris", "columns": {"ignore": ["petal width (cm)"]}, "clean": [NARROWER]},
            "x = {name: x[name] for",
        ),
        ({"tfds": {"name": "tiny_images", "data_dir": "tfds"}, "train": "train[:50%]"}, 'read("train[:10]")'),
        (
            {"tfds": {"name": "tiny_images", "data_dir": "tfds"}, "image": {"channels": 1}},
            "keras.ops.image.rgb_to_gray",
        ),
    ],
    ids=["npz images", "npz arrays", "csv", "csv texts", "photos", "iris", "tfds", "grey"],
)
def test_sources_and_splits(data, line, there):
    text = written("source", {**SMALL, "data": {"test": None, "batch_size": 4, **data}})
    assert line in text


LISTS = np.array([list(range(1 + i % 7)) for i in range(20)], object)
COUNT = np.arange(20)


@pytest.mark.parametrize(
    ("name", "arrays"),
    [
        ("mnist", (np.arange(20 * 784, dtype=np.uint8).reshape(20, 28, 28), COUNT % 10)),
        ("cifar10", (np.zeros((20, 32, 32, 3), np.uint8), COUNT.reshape(20, 1) % 10)),
        ("imdb", (LISTS, COUNT % 2)),
        ("boston_housing", (np.arange(260.0).reshape(20, 13), COUNT / 7)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_sets_of_keras(name, arrays, monkeypatch, tmp_path):
    from kspec.builders.data.sources.keras import SETS

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = tmp_path / "datasets" / SETS[name].file
    file.parent.mkdir(parents=True)
    file.touch()
    monkeypatch.setattr(getattr(keras.datasets, name), "load_data", lambda **given: (arrays, arrays))
    data = {"keras": name, "validation": 0.5, "batch_size": 4, "text": {"sequence_length": 5}}
    text = written("source", {**SMALL, "data": data, "model": "RNN" if name == "imdb" else "MLP"})
    assert f"(x_train, y_train), (x_test, y_test) = keras.datasets.{name}.load_data()" in text


def test_the_preset_of_a_package_is_found_when_the_script_runs(there, tmp_path, monkeypatch):
    (tmp_path / "tiny_weights").mkdir()
    (tmp_path / "tiny_weights" / "__init__.py").touch()
    (tmp_path / "tiny_weights" / "model").symlink_to(there / "bert")
    monkeypatch.syspath_prepend(tmp_path)
    data = {"text_folder": "texts", "test": None, "batch_size": 8, "text": {"sequence_length": 40}}
    model = {"BackboneTextClassifier": {"preset": ["hf://someone/something", "package:tiny_weights/model"]}}
    monkeypatch.setattr("kspec.builders.model.preset.reachable", lambda address: False)
    text = written("source", {**SMALL, "data": data, "model": model})
    assert 'PRESET = str(Path(find_spec("tiny_weights").origin).parent / "model")  # in an installed package' in text
    assert "preprocessor = TokenInputs(keras_hub.models.BertTextClassifierPreprocessor.from_preset(PRESET), 40)" in text
    assert "someone" not in text and str(tmp_path) not in text
