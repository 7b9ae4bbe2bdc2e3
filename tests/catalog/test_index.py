"""The index: what it holds, how fast and with what it is read, and that it is up to date."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from kspec import catalog
from kspec.catalog import index, renew
from kspec.errors import RunError

SHIPPED = json.loads(index.SHIPPED.read_text())
needs_same_keras = pytest.mark.skipif(
    (SHIPPED["keras"], SHIPPED["keras_hub"]) != (version("keras"), version("keras-hub")),
    reason="index.json is of other versions of Keras or KerasHub",
)


@pytest.fixture
def other_keras(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Keras 99 seems to be installed, and the cache folder is empty."""
    monkeypatch.setattr(index, "version", lambda name: "99.0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(renew, "made", lambda: b'{"keras": "99.0", "keras_hub": "99.0", "kinds": {}, "aliases": {}}')
    return tmp_path / "kspec"


@pytest.mark.parametrize(
    ("kind", "some"),
    [
        ("optimizer", {"SGD", "Adam", "AdamW", "Lion", "Muon"}),
        ("loss", {"MeanSquaredError", "Huber", "CTC"}),
        ("metric", {"AUC", "accuracy", "crossentropy", "TopKCategoricalAccuracy"}),
        ("regularizer", {"L1", "L2", "L1L2", "OrthogonalRegularizer"}),
        ("constraint", {"MaxNorm", "UnitNorm"}),
        ("initializer", {"GlorotUniform", "HeNormal", "Zeros"}),
        ("callback", {"EarlyStopping", "ModelCheckpoint", "Lookahead"}),
        ("schedule", {"CosineDecay", "PiecewiseConstantDecay"}),
        ("activation", {"relu", "gelu", "softmax"}),
        ("layer", {"Dense", "GroupQueryAttention", "Bidirectional", "InputLayer"}),
        ("augmentation", {"RandomCrop", "RandAugment", "CutMix"}),
        ("application", {"ResNet50", "MobileNetV2"}),
        ("keras_hub", {"BertTextClassifier", "GPT2CausalLM", "TextClassifier", "ImageClassifier"}),
        ("model", {"MLP"}),
        ("keras_dataset", {"mnist", "cifar10", "imdb"}),
        ("sklearn_dataset", {"load_digits", "load_diabetes"}),
    ],
)
def test_every_kind_has_its_names(kind: str, some: set[str]) -> None:
    assert some <= set(catalog.names(kind))
    assert catalog.names(kind) == sorted(catalog.names(kind))


def test_base_classes_helpers_and_functions_are_no_names() -> None:
    for kind, names in {
        "optimizer": {"Optimizer", "get"},
        "layer": {"Layer", "Lambda", "Input", "MaxPool2D"},
        "callback": {"Callback", "LambdaCallback"},
        "activation": {"get", "serialize", "deserialize"},
        "sklearn_dataset": {"load_files", "load_svmlight_file"},
    }.items():
        assert not names & set(catalog.names(kind))


def test_entry_of_a_layer() -> None:
    dense = catalog.entry("layer", "Dense")
    assert (dense.kind, dense.name, dense.target, dense.open) == ("layer", "Dense", "keras.layers:Dense", False)
    assert dense.summary == "Just your regular densely-connected NN layer"
    assert dense.arguments["units"] == catalog.Argument("units", "int", True, None)
    assert dense.arguments["use_bias"] == catalog.Argument("use_bias", "bool", False, True)
    assert dense.arguments["kernel_regularizer"].type == "component:regularizer|null"
    assert {"name", "dtype", "trainable"} <= set(dense.arguments)
    assert catalog.entry("callback", "EarlyStopping").arguments["mode"].choices == ("auto", "min", "max")


def test_own_parts_win_over_keras_by_name() -> None:
    assert catalog.entry("augmentation", "RandomCrop").target == "kspec.parts.augmentation.crop:RandomCrop"
    assert catalog.entry("layer", "RandomCrop").target == "keras.layers:RandomCrop"


def test_what_comes_from_the_data_is_no_argument() -> None:
    assert not {"input_shape", "units", "output_activation"} & set(catalog.entry("model", "MLP").arguments)
    assert not {"input_shape", "classes", "include_top"} & set(catalog.entry("application", "VGG16").arguments)


@pytest.mark.parametrize(
    ("kind", "alias", "name"),
    [
        ("optimizer", "adam", "Adam"),
        ("optimizer", "rmsprop", "RMSprop"),
        ("loss", "mse", "MeanSquaredError"),
        ("loss", "kl_divergence", "KLDivergence"),
        ("loss", "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
        ("metric", "mae", "MeanAbsoluteError"),
        ("metric", "acc", "accuracy"),
        ("metric", "Accuracy", "accuracy"),
        ("regularizer", "l2", "L2"),
        ("constraint", "max_norm", "MaxNorm"),
        ("initializer", "glorot_uniform", "GlorotUniform"),
        ("initializer", "zeros", "Zeros"),
        ("activation", "swish", "silu"),
        ("layer", "MaxPool2D", "MaxPooling2D"),
        ("keras_hub", "BertClassifier", "BertTextClassifier"),
    ],
)
def test_aliases_of_keras_are_accepted(kind: str, alias: str, name: str) -> None:
    assert catalog.entry(kind, alias).name == name
    assert alias not in catalog.names(kind)


def test_defaults_are_the_plain_ones() -> None:
    assert catalog.defaults("optimizer", "SGD") == {
        "momentum": 0.0, "nesterov": False, "use_ema": False, "ema_momentum": 0.99
    }  # fmt: skip
    assert catalog.defaults("layer", "Dropout") == {}
    assert catalog.defaults(("model", "layer"), "ReLU") == {"negative_slope": 0.0, "threshold": 0.0}
    assert catalog.defaults("layer", "no such layer") == {}


def test_nothing_imports_keras_or_tensorflow() -> None:
    code = (
        "import sys, kspec.catalog as c; c.names('optimizer'); c.check('layer', 'Dense', {'units': 3}, ());"
        "c.defaults('loss', 'mse'); print([m for m in ('keras', 'tensorflow', 'sklearn', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reading_takes_milliseconds() -> None:
    text = index.SHIPPED.read_bytes()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        index.parse(text)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.015


@needs_same_keras
def test_the_committed_index_is_what_the_installed_keras_gives() -> None:
    fresh = index.parse(renew.made())
    committed = index.parse(index.SHIPPED.read_bytes())
    assert fresh == committed, "run scripts/index"


def test_another_keras_is_indexed_once_and_kept(other_keras: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert index.load.__wrapped__().keras == "99.0"
    [kept] = other_keras.iterdir()
    assert kept.name.startswith("index-99.0-") and kept.suffix == ".json"
    monkeypatch.setattr(renew, "made", lambda: pytest.fail("made again"))
    assert index.load.__wrapped__().keras == "99.0"


def test_a_spoilt_cache_is_made_again(other_keras: Path) -> None:
    index.load.__wrapped__()
    [kept] = other_keras.iterdir()
    kept.write_text("{")
    assert index.load.__wrapped__().keras == "99.0"


def test_a_cache_that_cannot_be_written_is_no_error(other_keras: Path, caplog: pytest.LogCaptureFixture) -> None:
    other_keras.write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING, "kspec"):
        assert index.load.__wrapped__().keras == "99.0"
    assert "indexing the components of Keras 99.0" in caplog.text


def test_an_index_that_cannot_be_made_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renew.sys, "executable", "/bin/false")
    with pytest.raises(RunError, match="cannot be indexed"):
        renew.made()
