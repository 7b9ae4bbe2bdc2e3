"""What `kspec check` passes runs: drawn specs, and the shipped ones on stand-ins for what needs a download."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kspec import text
from tests import tiny_bert

SPECS = Path(__file__).parent.parent.parent / "specs"

losses = st.sampled_from(["auto", "CategoricalCrossentropy", "BinaryCrossentropy", "MeanSquaredError", "Poisson"])
metrics = st.lists(st.sampled_from(["auto", "TopKCategoricalAccuracy", "AUC", "R2Score"]), max_size=2, unique=True)
rates = st.sampled_from(
    [None, 0.01, {"peak": 0.01, "warmup": "1 epoch", "decay": "cosine"}, {"peak": 0.01, "decay": {"plateau": {}}}]
)
callbacks = st.lists(
    st.sampled_from(
        [
            {"EarlyStopping": {"monitor": "val_loss", "restore_best_weights": True}},
            {"EarlyStopping": {"monitor": "accuracy", "mode": "max"}},
            {"ModelCheckpoint": {"filepath": "{epoch:02d}.keras"}},
            {"ReduceLROnPlateau": {"monitor": "loss"}},
            "SwapEMAWeights",
            "Lookahead",
        ]
    ),
    max_size=2,
)
models = st.sampled_from(
    [
        {"MLP": {"hidden": [4]}},
        {"CNN": {"filters": [4]}},
        {"MLP": {"hidden": [4]}, "freeze": ["dense1"], "constraint": "MaxNorm"},
        {"layers": ["Flatten", {"Dense": {"units": 4}}]},
    ]
)
specs = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries(
            {
                "sklearn": st.sampled_from(["digits", "iris", "diabetes"]),
                "validation": st.sampled_from([None, 0.2]),
                "augment": st.sampled_from([[], ["RandomFlip"], ["MixUp"]]),
            }
        ),
        "model": models,
        "training": st.fixed_dictionaries(
            {
                "epochs": st.just(2),
                "loss": losses,
                "metrics": metrics,
                "learning_rate": rates,
                "callbacks": callbacks,
                "optimizer": st.sampled_from(["Adam", {"SGD": {"use_ema": True}}]),
            }
        ),
    }
)


@pytest.fixture
def quick(monkeypatch):
    """Half a second of training is enough here."""
    from kspec.check import step

    monkeypatch.setattr(step, "BUDGET", 0.5)


def passed(kspec, *arguments):
    document = json.loads(kspec("check", *arguments, "--json").out)
    assert document["ok"] or all(error["message"] and error["line"] for error in document["errors"])
    return document["ok"]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(specs)
def test_what_check_passes_smoke_passes(kspec, quick, tmp_path, tree):
    (tmp_path / "s.yaml").write_text(text.dump(tree))
    is_right = passed(kspec, "s.yaml")
    assert kspec("run", "s.yaml", "--smoke").code == (0 if is_right else 2)
    assert [path.name for path in tmp_path.iterdir()] == ["s.yaml"]


def images(folder):
    generate = np.random.default_rng(0)
    arrays = {f"x_{split}": generate.integers(0, 256, (64, 32, 32, 3), np.uint8) for split in ("train", "test")}
    np.savez(folder / "a.npz", **arrays, y_train=np.arange(64) % 10, y_test=np.arange(64) % 10)
    return ["~data.tfds", "data.npz=a.npz", "data.batch_size=8"]


def texts(folder):
    for number in range(60):
        file = folder / "texts" / ("neg", "pos")[number % 2] / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"a film of {number} minutes, {'dull' if number % 2 else 'fine'}")
    return ["~data.tfds", "data.text_folder=texts", "data.batch_size=8"]


def bert(folder, layers=1):
    tiny_bert.save(folder / "bert", layers)
    return [*texts(folder), "model.BackboneTextClassifier.preset=bert", f"data.text.sequence_length={tiny_bert.LENGTH}"]


STAND_INS = {
    "quickstart": lambda folder: [],
    "tabular": lambda folder: [],
    "digits_pruned": lambda folder: [],
    "digits_search": lambda folder: [],
    "digits_baseline": lambda folder: [],
    "digits_compressed": lambda folder: [],
    "cifar_resnet": images,
    "cifar_resnet20": lambda folder: [*images(folder), "training.learning_rate.decay=constant"],
    "cifar_baseline": images,
    "cifar_compressed": images,
    "cifar_pruned": images,
    "cifar_distilled": images,
    "cifar_resnet20_distilled": images,
    "imdb_lstm": texts,
    "imdb_bert": bert,
    "imdb_bert_lora": bert,
    "imdb_bert_quick": bert,
    "imdb_bert_small": lambda folder: [*bert(folder), "data.test=0.25"],
    "imdb_bert_two_layers": lambda folder: [*bert(folder, layers=6), "data.test=0.25"],
    "imdb_gpt2": bert,
}


@pytest.mark.parametrize("name", STAND_INS)
def test_shipped(name, kspec, quick, tmp_path):
    overrides = STAND_INS[name](tmp_path)
    assert passed(kspec, str(SPECS / f"{name}.yaml"), *overrides)


def test_every_shipped_spec_is_here():
    # WRN-28-10 takes minutes for a step on two cores; its parts are those of cifar_resnet20.
    assert {path.stem for path in SPECS.glob("*.yaml")} - {"cifar_wide"} <= set(STAND_INS)
