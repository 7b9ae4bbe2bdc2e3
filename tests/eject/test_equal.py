"""A script gives kspec's metrics bit for bit: the shipped specs shortened, and small specs of every kind."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kspec.spec.reader import load_spec
from tests.eject.scripts import ejected, metrics_of, run, spec_of

SPECS = Path(__file__).parents[2] / "specs"
COLOURS = "data.tfds={name: tiny_colours, data_dir: tfds, download: false}"
SHIPPED = {
    "quickstart": ["training.epochs=3", "data.train=train[:400]"],
    "tabular": ["training.epochs=3"],
    "cifar_resnet": [COLOURS, "data.batch_size=4", "training.epochs=3", "model.FastResNet.widths=[8, 16]"],
}

DIGITS = {"sklearn": "digits", "train": "train[:96]", "validation": 0.25, "test": 0.25, "batch_size": 16}
TABLE = {"csv": "table.csv", "label": "kind", "validation": 0.2, "test": 0.2, "batch_size": 8}
TFDS = {"data_dir": "tfds", "download": False}
MLP = {"MLP": {"hidden": [8], "dropout": 0.2}}

SMALL = {
    "mixing": {
        "data": {
            **DIGITS,
            "augment": [
                {"RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1}},
                {"MixUp": {"alpha": 0.2}},
            ],
        },
        "model": {**MLP, "regularizer": {"dense1/*": None, "*/kernel": {"L2": {"l2": 0.01}}}},
        "training": {
            "optimizer": {"AdamW": {"weight_decay": 0.01}},
            "learning_rate": {"peak": 0.01, "decay": "one_cycle"},
        },
        "device": {"precision": "mixed_bfloat16", "jit": True},
    },
    "keras_augmentation": {
        "data": {**DIGITS, "augment": ["RandomInvert", {"RandomShear": {"x_factor": 0.2}}], "drop_remainder": True},
        "model": {"CNN": {"filters": [4]}, "constraint": {"*/kernel": {"MaxNorm": {"max_value": 1.0}}}},
        "training": {
            "steps_per_epoch": 5,
            "steps_per_execution": 2,
            "class_weight": {"3": 5.0},
            "weight_decay": 0.01,
        },
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
                {"LSTM": {"units": 4, "return_sequences": True, "recurrent_dropout": 0.1, "name": "read"}},
                {"MultiHeadAttention": {"num_heads": 2, "key_dim": 3, "inputs": ["read", "read"]}},
                "GlobalAveragePooling1D",
            ]
        },
        "training": {"learning_rate": {"peak": 0.01, "decay": {"step": {"at": ["50%"]}}}},
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
        "training": {"metrics": ["accuracy", "AUC"], "class_weight": "balanced"},
    },
    "missing": {
        "data": {**TABLE, "columns": {"categorical": ["rooms", "town"]}, "clean": ["drop_missing"]},
        "model": MLP,
        "training": {"parameter_groups": [{"match": "dense1/*", "learning_rate": 0.1}]},
    },
    "prices": {
        "data": {
            "parquet": "table.parquet",
            "label": ["size", "price"],
            "columns": {"numeric": ["rooms"], "categorical": []},
            "train": "train[:80%]",
            "validation": "train[80%:]",
            "batch_size": 8,
        },
        "model": {"MLP": {"hidden": [4]}},
        "training": {
            "weight_decay": {"value": 0.01, "decoupled": False},
            "callbacks": [
                {"ModelCheckpoint": {"filepath": "best.keras", "save_best_only": True}},
                {"CSVLogger": {"filename": "log.csv"}},
            ],
        },
    },
    "photos": {
        "data": {
            "image_folder": "photos",
            "image": {"size": [8, 8], "channels": 1},
            "batch_size": 4,
            "augment": ["RandomFlip"],
        },
        "model": {"ResNet": {"depth": 8, "width": 4}},
        "training": {"learning_rate": {"peak": 0.1, "warmup": "1 epoch", "decay": "inverse_sqrt"}},
    },
    "texts": {
        "data": {
            "text_folder": "texts",
            "validation": 0.25,
            "batch_size": 4,
            "text": {"max_tokens": 30, "sequence_length": 6, "truncate": "tail"},
        },
        "model": {"Transformer": {"num_layers": 1, "num_heads": 2, "hidden_dim": 4, "intermediate_dim": 4}},
        "training": {"learning_rate": {"peak": 0.01, "decay": {"cosine_restarts": {"first": "3 steps"}}}},
    },
    "words": {
        "data": {
            "tfds": {"name": "tiny_reviews", **TFDS},
            "batch_size": 4,
            "text": {"output": "tf_idf", "ngrams": 2},
            "clean": ["drop_duplicates"],
        },
        "model": MLP,
    },
    "hub": {  # texts of 8 and 38 tokens, and of 74 that are cut to 68: batches of 32, 64 and 68 columns
        "data": {
            "text_folder": "texts",
            "validation": 0.25,
            "batch_size": 4,
            "text": {"sequence_length": 68, "truncate": "head_tail"},
        },
        "model": {
            "BertTextClassifier": {"preset": ["package:no_such_package/model", "./absent", "bert"]},
            "freeze": "base",
        },
        "training": {"loss": "CategoricalCrossentropy", "learning_rate": {"peak": 0.01, "warmup": "2 steps"}},
    },
    "hub_in_order": {
        "data": {
            "text_folder": "texts",
            "validation": 0.25,
            "batch_size": 4,
            "shuffle": False,
            "text": {"sequence_length": 40, "truncate": "tail", "strip_html": False, "group_by_length": False},
        },
        "model": {"BackboneTextClassifier": {"preset": "bert", "pooling": "mean"}},
        "training": {"learning_rate": 0.01},
    },
    "tags": {
        "data": {
            "tfds": {"name": "tiny_photos", **TFDS},
            "label": "tags",
            "image": {"size": [32, 32]},
            "batch_size": 4,
            "augment": ["RandAugment", {"RandomCrop": {"padding": 2}}],
        },
        "model": {"MobileNet": {"weights": None, "alpha": 0.25, "dropout": 0.1}, "freeze": "base"},
        "training": {"learning_rate": {"peak": 0.01, "decay": "exponential", "final": 0.001}},
    },
    "columns": {
        "data": {
            "tfds": {"name": "tiny_table", **TFDS},
            "label": "price",
            "task": "regression",
            "batch_size": 4,
            "train": "train[:12]",
            "validation": "train[12:]",
        },
        "model": MLP,
        "training": {"learning_rate": {"peak": 0.01, "decay": {"polynomial": {"power": 3}}}},
    },
}


@pytest.fixture(scope="module")
def results(folder):
    """Name -> (kspec's metrics, what the script printed)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        specs = {name: load_spec(SPECS / f"{name}.yaml", given) for name, given in SHIPPED.items()}
        for name, tree in SMALL.items():
            training = {"epochs": 2, **tree.get("training", {})}
            device = {"precision": "float32", **tree.get("device", {})}
            specs[name] = spec_of(name, {"seed": 3, **tree, "training": training, "device": device})
        expected = {name: ejected(spec, folder) for name, spec in specs.items()}
    printed = run(expected, folder)
    return {name: (expected[name], printed[name]) for name in expected}


@pytest.mark.parametrize("name", [*SHIPPED, *SMALL])
def test_the_metrics_are_the_same(name, results, folder):
    expected, printed = results[name]
    assert metrics_of(name, folder) == expected
    lines = [f"{split} {key} {value:.4f}" for split, values in expected.items() for key, value in values.items()]
    assert set(lines) <= set(printed.splitlines())


@pytest.mark.skipif(
    shutil.which("ruff") is None and not Path(sys.executable).with_name("ruff").exists(), reason="no ruff"
)
def test_the_scripts_are_tidy(results, folder):
    """As the project's own rules say, save for tests of arguments that parts make with `raise`."""
    ruff = shutil.which("ruff") or str(Path(sys.executable).with_name("ruff"))
    files = [f"{name}.py" for name in results]
    rules = ["--select", "E,F,I,UP,B,C4,SIM,RUF,D1", "--ignore", "D105,D107,RUF001,RUF002,RUF003"]
    for command in (["check", *rules], ["format", "--diff"]):
        done = subprocess.run(
            [ruff, *command, "--isolated", "--line-length", "120", "--target-version", "py311", *files],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:]
