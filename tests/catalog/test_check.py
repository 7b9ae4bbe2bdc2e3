"""What the catalogue refuses before anything is built, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest

from kspec import catalog
from kspec.errors import Problem

PATH = ("training", "optimizer")


def only(kind: str | tuple[str, ...], name: str, arguments: dict[str, Any] | None = None) -> Problem:
    """The one problem that there is."""
    [problem] = catalog.check(kind, name, arguments or {}, PATH)
    return problem


@pytest.mark.parametrize(
    ("kind", "name", "arguments"),
    [
        ("optimizer", "Adam", {}),
        ("optimizer", "adam", {}),
        ("optimizer", "SGD", {"momentum": 0.9, "nesterov": True, "clipnorm": 1}),
        ("optimizer", "SGD", {"learning_rate": {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 100}}}),
        ("loss", "mse", {}),
        ("loss", "sparse_categorical_crossentropy", {}),
        ("loss", "CategoricalCrossentropy", {"label_smoothing": 0.1, "reduction": None}),
        ("metric", "accuracy", {}),
        ("metric", "acc", {}),
        ("metric", "auc", {}),
        ("regularizer", "l2", {"l2": 1e-4}),
        ("initializer", "glorot_uniform", {}),
        ("activation", "swish", {}),
        ("layer", "Dense", {"units": 8, "activation": "relu", "kernel_regularizer": "L2", "name": "head"}),
        ("layer", "Dense", {"units": 8, "activation": {"LeakyReLU": {"negative_slope": 0.2}}}),
        ("layer", "Dense", {"units": 8, "kernel_regularizer": {"L1L2": {"l1": 0, "l2": 1e-4}}}),
        ("layer", "Dense", {"units": 8, "kernel_regularizer": {"L2": None}, "kernel_constraint": None}),
        ("layer", "Conv2D", {"filters": 8, "kernel_size": [3, 3], "padding": "same", "dtype": "float32"}),
        ("layer", "Conv1D", {"filters": 8, "kernel_size": 3, "padding": "causal"}),
        ("layer", "ZeroPadding2D", {"padding": [[1, 0], [0, 1]]}),
        ("layer", "BatchNormalization", {"scale": False}),
        ("layer", "Bidirectional", {"layer": {"LSTM": {"units": 4, "recurrent_dropout": 0.1}}}),
        ("layer", "Pipeline", {"layers": ["Flatten", {"Dense": {"units": 2}}]}),
        ("callback", "EarlyStopping", {"monitor": "val_accuracy", "patience": 5, "mode": "max"}),
        ("callback", "ModelCheckpoint", {"filepath": "best.keras", "save_freq": 100}),
        (("augmentation", "layer"), "RandomFlip", {"mode": "horizontal"}),
        ("keras_hub", "BertTextClassifier", {"preset": "bert_tiny_en_uncased", "dropout": 0.2}),
        ("keras_hub", "BertTextClassifier", {"preset": ["package:weights/bert", "bert_tiny_en_uncased"]}),
        ("keras_hub", "TextClassifier", {"preset": "./folder", "dropout": 0.2, "load_weights": False}),
        ("sklearn_dataset", "load_digits", {"n_class": 5}),
        ("keras_dataset", "imdb", {"num_words": 1000}),
        ("application", "MobileNetV2", {"alpha": 0.35, "weights": None}),
    ],
)
def test_right_components_have_no_problem(kind: str, name: str, arguments: dict[str, Any]) -> None:
    assert catalog.check(kind, name, arguments, PATH) == []


@pytest.mark.parametrize(
    ("kind", "name", "arguments", "wrong", "right"),
    [
        ("layer", "Dense", {"units": 4}, "actvation", "activation"),
        ("layer", "Conv2D", {"filters": 4, "kernel_size": 3}, "kernal_initializer", "kernel_initializer"),
        ("callback", "EarlyStopping", {}, "pateince", "patience"),
        ("callback", "ReduceLROnPlateau", {}, "min_lrr", "min_lr"),
        ("optimizer", "AdamW", {}, "weight_decy", "weight_decay"),
        ("loss", "CategoricalCrossentropy", {}, "label_smothing", "label_smoothing"),
        ("metric", "F1Score", {}, "tresholds", "threshold"),
        ("layer", "LSTM", {"units": 4}, "return_sequence", "return_sequences"),
    ],
)
def test_misspelt_arguments_are_refused_though_keras_takes_kwargs(
    kind: str, name: str, arguments: dict[str, Any], wrong: str, right: str
) -> None:
    problem = only(kind, name, {**arguments, wrong: 1})
    assert problem.path == (*PATH, name, wrong)
    assert problem.message == f"{name} has no argument '{wrong}'"
    assert problem.hint == f"did you mean '{right}'?"
    assert problem.on_key


def test_arguments_that_a_class_fixes_for_its_parent_are_refused() -> None:
    assert (
        only("layer", "Conv2D", {"filters": 4, "kernel_size": 3, "rank": 2}).message == "Conv2D has no argument 'rank'"
    )


def test_unknown_name() -> None:
    problem = only("optimizer", "Adm")
    assert problem.path == (*PATH, "Adm")
    assert problem.on_key
    assert problem.message == "unknown optimizer 'Adm'"
    assert problem.expected.startswith("one of Adam, Nadam, ")
    assert problem.expected.endswith(f"... (kspec list optimizer shows all {len(catalog.names('optimizer'))})")
    assert problem.hint == "did you mean 'Adam'?"


def test_few_names_are_all_listed() -> None:
    assert only("constraint", "Max").expected == "one of MaxNorm, MinMaxNorm, NonNeg, UnitNorm"


@pytest.mark.parametrize(
    ("kind", "name", "message", "hint"),
    [
        ("optimizer", "Dense", "'Dense' is a layer, not an optimizer", ""),
        ("layer", "Adam", "'Adam' is an optimizer, not a layer", ""),
        ("callback", "early_stopping", "unknown callback 'early_stopping'", "did you mean 'EarlyStopping'?"),
        ("loss", "meansquarederror", "unknown loss 'meansquarederror'", "did you mean 'MeanSquaredError'?"),
        ("sklearn_dataset", "digits", "unknown scikit-learn dataset 'digits'", "did you mean 'load_digits'?"),
        ("layer", "Lambda", "'Lambda' takes a Python function, which a spec cannot hold", ""),
        ("callback", "Callback", "'Callback' is a base class", ""),
        (("layer", "regularizer"), "Desne", "unknown layer or regularizer 'Desne'", "did you mean 'Dense'?"),
        (
            ("model", "application", "keras_hub"),
            "ResNt50",
            "unknown model family, keras.applications network or KerasHub task 'ResNt50'",
            "did you mean 'ResNet50'?",
        ),
    ],
)  # fmt: skip
def test_names_that_are_known_elsewhere_or_nearly(kind: str, name: str, message: str, hint: str) -> None:
    problem = only(kind, name)
    assert (problem.message, problem.hint) == (message, hint)


def test_missing_arguments_are_one_problem_at_the_component() -> None:
    problem = only("layer", "Conv2D")
    assert problem.path == (*PATH, "Conv2D")
    assert problem.message == "Conv2D needs filters and kernel_size"
    assert problem.expected == "Conv2D: {filters: ..., kernel_size: ...}"


@pytest.mark.parametrize(
    ("kind", "name", "argument", "value", "expected", "found"),
    [
        ("optimizer", "SGD", "momentum", "0.9", "a number", "'0.9' (a string)"),
        ("optimizer", "SGD", "momentum", True, "a number", "true (a boolean)"),
        ("optimizer", "SGD", "nesterov", 1, "true or false", "1 (an integer)"),
        ("optimizer", "SGD", "learning_rate", "fast", "a number or a learning-rate schedule", "'fast' (a string)"),
        ("optimizer", "SGD", "ema_overwrite_frequency", 0.5, "an integer or null", "0.5 (a number)"),
        ("callback", "EarlyStopping", "patience", 2.5, "an integer", "2.5 (a number)"),
        ("callback", "EarlyStopping", "monitor", ["loss"], "a string", "['loss'] (a list)"),
        ("callback", "EarlyStopping", "mode", "largest", "one of auto, min, max", "'largest' (a string)"),
        ("layer", "MaxPooling2D", "pool_size", "2", "an integer or a list", "'2' (a string)"),
        ("layer", "MaxPooling2D", "padding", "full", "one of valid, same", "'full' (a string)"),
        ("layer", "PReLU", "alpha_initializer", 3, "an initializer or null", "3 (an integer)"),
        ("layer", "PReLU", "alpha_regularizer", {"L1": {}, "L2": {}}, "a regularizer or null",
         "{L1: {}, L2: {}} (a mapping)"),
        ("layer", "RandomZoom", "height_factor", None, "a number or a list", "nothing"),
        ("layer", "TimeDistributed", "layer", None, "a layer", "nothing"),
    ],
)  # fmt: skip
def test_wrong_values(kind: str, name: str, argument: str, value: Any, expected: str, found: str) -> None:
    problem = only(kind, name, {argument: value})
    assert problem.path == (*PATH, name, argument)
    assert (problem.expected, problem.found, problem.on_key) == (expected, found, False)


def test_nested_components_are_checked_where_they_stand() -> None:
    arguments = {
        "units": 4,
        "activation": "relru",
        "kernel_regularizer": {"L2": {"l22": 1}},
        "bias_regularizer": {"L3": {}},
    }
    problems = catalog.check("layer", "Dense", arguments, ())
    assert [(one.path, one.on_key) for one in problems] == [
        (("Dense", "activation"), False),
        (("Dense", "kernel_regularizer", "L2", "l22"), True),
        (("Dense", "bias_regularizer", "L3"), True),
    ]
    assert [one.hint for one in problems][:2] == ["did you mean 'relu'?", "did you mean 'l2'?"]


def test_lists_of_components_are_checked_item_by_item() -> None:
    problems = catalog.check("layer", "Pipeline", {"layers": ["Flatten", "Desne", {"Dense": {}}]}, ())
    assert [one.path for one in problems] == [("Pipeline", "layers", 1), ("Pipeline", "layers", 2, "Dense")]


def test_names_of_own_parts_arguments_are_checked() -> None:
    assert only("model", "MLP", {"activation": "rellu"}).hint == "did you mean 'relu'?"
    assert catalog.check("model", "MLP", {"activation": "swish", "hidden": [64, 32], "dropout": 0.5}, ()) == []


def test_a_number_beyond_any_float_is_refused_and_an_infinite_one_is_not():
    assert catalog.check("loss", "Huber", {"delta": 10**400})[0].message == "wrong value for delta"
    assert catalog.check("callback", "EarlyStopping", {"baseline": float("inf")}) == []
