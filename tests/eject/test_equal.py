"""A script gives kspec's metrics bit for bit: the shipped specs shortened, and small specs of every kind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kspec import text
from kspec.spec.reader import read
from tests.builders.data.tiny_tfds import prepare
from tests.eject.scripts import ejected, metrics_of, run

SPECS = Path(__file__).parents[2] / "specs"
DIGITS = {"sklearn": "digits", "train": "train[:96]", "validation": 0.25, "test": 0.25, "batch_size": 16}
TABLE = {"csv": "table.csv", "label": "kind", "validation": 0.2, "test": 0.2, "batch_size": 8}
MLP = {"MLP": {"hidden": [8], "dropout": 0.2}}
BRIEF = {"epochs": 2}

SMALL = {
    "mixing": {
        "data": {**DIGITS, "augment": [{"RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1}}, {"MixUp": {"alpha": 0.2}}]},
        "model": {**MLP, "regularizer": {"dense1/*": None, "*/kernel": {"L2": {"l2": 0.01}}}},
        "training": {**BRIEF, "optimizer": {"AdamW": {"weight_decay": 0.01}}, "learning_rate": {"peak": 0.01, "decay": "one_cycle"}},
    },
    "keras_augmentation": {
        "data": {**DIGITS, "augment": ["RandomInvert", {"RandomShear": {"x_factor": 0.2}}], "drop_remainder": True},
        "model": {"CNN": {"filters": [4]}, "constraint": {"*/kernel": {"MaxNorm": {"max_value": 1.0}}}},
        "training": {**BRIEF, "steps_per_epoch": 5, "steps_per_execution": 2, "class_weight": {"3": 5.0}, "weight_decay": 0.01},
        "evaluate": {"views": "mirror"},
    },
    "layers": {
        "data": {**DIGITS, "shuffle": False},
        "model": {
            "layers": [
                {"Rescaling": {"scale": 0.0625}},
                {"Conv2D": {"filters": 4, "kernel_size": 3, "padding": "same", "activation": "relu", "name": "first"}},
                {"Conv2D": {"filters": 4, "kernel_size": 3, "padding": "same", "kernel_initializer": "he_normal"}},
                {"Add": {"inputs": ["first", "previous"]}},
                "Flatten",
                {"Dropout": {"rate": 0.3}},
                {"Dense": {"units": 10, "activation": "softmax", "name": "output"}},
            ],
            "freeze": ["first"],
        },
        "training": {
            **BRIEF,
            "class_weight": "balanced",
            "loss": {"CategoricalFocalCrossentropy": {"gamma": 1.5}},
            "metrics": ["accuracy", {"TopKCategoricalAccuracy": {"k": 2}}, "AUC"],
            "learning_rate": {"peak": 0.01, "warmup": "3 steps", "decay": {"plateau": {"patience": 0}}},
        },
    },
    "draws": {  # an LSTM draws several seeds, and attention makes layers of its own
        "data": {"npz": "sequences.npz", "test": None, "batch_size": 8},
        "model": {
            "layers": [
                {"LSTM": {"units": 4, "return_sequences": True, "dropout": 0.2, "recurrent_dropout": 0.1, "name": "read"}},
                {"MultiHeadAttention": {"num_heads": 2, "key_dim": 3, "inputs": ["read", "read"]}},
                "GlobalAveragePooling1D",
            ]
        },
        "training": {**BRIEF, "learning_rate": {"peak": 0.01, "decay": {"step": {"at": ["50%"]}}}},
    },
    "table": {
        "data": {
            **TABLE,
            "clean": [
                "drop_duplicates",
                {"map_labels": {"labels": {"goood": "good"}}},
                {"drop_labels": {"labels": "odd"}},
                {"fill_missing": {"strategy": "median"}},
                {"fill_missing": {"strategy": "mode", "columns": "town"}},
                {"clip_outliers": {"method": "iqr"}},
            ],
        },
        "model": MLP,
        "training": {**BRIEF, "metrics": ["accuracy", "AUC"], "class_weight": "balanced"},
    },
    "missing": {
        "data": {**TABLE, "columns": {"ignore": ["town"], "categorical": ["rooms"]}, "clean": ["drop_missing"]},
        "model": MLP,
        "training": {**BRIEF, "parameter_groups": [{"match": "dense1/*", "learning_rate": 0.1}]},
    },
    "prices": {
        "data": {"parquet": "table.parquet", "label": ["size", "price"], "columns": {"numeric": ["rooms"], "categorical": []}, "train": "train[:80%]", "validation": "train[80%:]", "batch_size": 8, "clean": [{"fill_missing": {"strategy": "constant", "value": 0}}, {"drop_missing": {"columns": ["rooms"]}}]},
        "model": {"MLP": {"hidden": [4]}},
        "training": {**BRIEF, "weight_decay": {"value": 0.01, "decoupled": False}, "callbacks": [{"ModelCheckpoint": {"filepath": "best.keras", "save_best_only": True}}, {"CSVLogger": {"filename": "log.csv"}}]},
    },
    "photos": {
        "data": {"image_folder": "photos", "image": {"size": [8, 8], "channels": 1}, "batch_size": 4, "augment": ["RandomFlip"]},
        "model": {"ResNet": {"depth": 8, "width": 4}},
        "training": {**BRIEF, "learning_rate": {"peak": 0.1, "warmup": "1 epoch", "decay": "inverse_sqrt"}},
    },
    "texts": {
        "data": {"text_folder": "texts", "validation": 0.25, "batch_size": 4, "text": {"max_tokens": 30, "sequence_length": 6, "truncate": "tail"}},
        "model": {"Transformer": {"num_layers": 1, "num_heads": 2, "hidden_dim": 4, "intermediate_dim": 4}},
        "training": {**BRIEF, "learning_rate": {"peak": 0.01, "decay": {"cosine_restarts": {"first": "3 steps"}}}},
    },
    "words": {
        "data": {"tfds": {"name": "tiny_reviews", "data_dir": "tfds", "download": False}, "batch_size": 4, "text": {"output": "tf_idf", "ngrams": 2}, "clean": ["drop_duplicates"]},
        "model": MLP,
        "training": BRIEF,
    },
    "tags": {
        "data": {"tfds": {"name": "tiny_photos", "data_dir": "tfds", "download": False}, "label": "tags", "image": {"size": [32, 32]}, "batch_size": 4},
        "model": {"MobileNetV2": {"weights": None, "alpha": 0.35, "dropout": 0.1}, "freeze": "base"},
        "training": {**BRIEF, "learning_rate": {"peak": 0.01, "decay": "exponential", "final": 0.001}},
    },
    "columns": {
        "data": {"tfds": {"name": "tiny_table", "data_dir": "tfds", "download": False}, "label": "price", "task": "regression", "batch_size": 4, "train": "train[:12]", "validation": "train[12:]"},
        "model": MLP,
        "training": {**BRIEF, "learning_rate": {"peak": 0.01, "decay": {"polynomial": {"power": 3}}}},
    },
}  # fmt: skip


def make_data(folder):
    """The files that SMALL reads."""
    rng = np.random.default_rng(0)
    rows = ["size,rooms,town,kind,price"]
    for i in range(60):
        size = "" if i % 11 == 3 else f"{rng.normal(50, 20):.1f}"
        town = "" if i % 13 == 5 else ["Ulm", "Rom", "Oslo"][i % 3]
        kind = "goood" if i % 17 == 0 else "odd" if i % 19 == 4 else "bad" if i % 2 else "good"
        rows.append(f"{size},{i % 4},{town},{kind},{100 + i}")
    rows += rows[3:6]
    (folder / "table.csv").write_text("\n".join(rows) + "\n")
    import pandas

    pandas.read_csv(folder / "table.csv").dropna().to_parquet(folder / "table.parquet")
    x, y = rng.normal(size=(40, 5, 3)), np.array(["a", "b", "c", "a"] * 10)
    np.savez(folder / "sequences.npz", x_train=x[:30], y_train=y[:30], x_val=x[30:], y_val=y[30:])
    for split, count in (("train", 6), ("test", 3)):
        for name in ("cats", "dogs", "owls"):
            (folder / "photos" / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 256, (9 + i, 10, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / "photos" / split / name / f"{i}.png")
    for name, word in (("good", "fine"), ("bad", "dull")):
        (folder / "texts" / name).mkdir(parents=True)
        for i in range(12):
            (folder / "texts" / name / f"{i}.txt").write_text(f"A {word} film<br />number {i}, " * (1 + i % 3))
    prepare(folder / "tfds")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    make_data(folder)
    return folder


@pytest.fixture(scope="module")
def results(folder):
    """Name -> (kspec's metrics, what the script printed)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        expected = {}
        for name, tree in SMALL.items():
            tree = {"name": name, "seed": 3, "device": {"precision": "float32"}, **tree}
            expected[name] = ejected(read(text.read_text(text.dump(tree))), folder)
    printed = run(SMALL, folder)
    return {name: (expected[name], printed[name]) for name in SMALL}


@pytest.mark.parametrize("name", SMALL)
def test_small(name, results, folder):
    expected, printed = results[name]
    assert metrics_of(name, folder) == expected
    assert f"train loss {expected['train']['loss']:.4f}" in printed.splitlines()
