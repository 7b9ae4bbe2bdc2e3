"""From names to objects, with what is in them. That every name leads somewhere: tests/testing/test_catalogue.py."""

from __future__ import annotations

import keras
import pytest

from kspec import catalog
from kspec.errors import SpecError


def test_nested_components_are_built() -> None:
    arguments = {
        "units": 8,
        "activation": {"LeakyReLU": {"negative_slope": 0.2}},
        "kernel_regularizer": {"L2": {"l2": 0.5}},
        "kernel_initializer": "he_normal",
        "kernel_constraint": None,
    }
    dense = catalog.instantiate("layer", "Dense", arguments)
    assert type(dense) is keras.layers.Dense
    assert float(dense.kernel_regularizer(keras.ops.ones((2, 2)))) == 2.0
    assert isinstance(dense.activation, keras.layers.LeakyReLU)
    assert isinstance(dense.kernel_initializer, keras.initializers.HeNormal)
    assert dense.kernel_constraint is None


def test_wrapped_layers_and_lists_of_layers_are_built() -> None:
    both = catalog.instantiate("layer", "Bidirectional", {"layer": {"GRU": {"units": 3}}})
    assert both.forward_layer.units == 3
    pipeline = catalog.instantiate("layer", "Pipeline", {"layers": [{"Rescaling": {"scale": 2.0}}, "Flatten"]})
    assert [type(layer) for layer in pipeline.layers] == [keras.layers.Rescaling, keras.layers.Flatten]


def test_objects_pass_through() -> None:
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    optimizer = catalog.instantiate("optimizer", "sgd", {"learning_rate": schedule, "momentum": 0.5})
    assert optimizer._learning_rate is schedule
    by_name = catalog.instantiate(
        "optimizer", "SGD", {"learning_rate": {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 10}}}
    )
    assert by_name._learning_rate.decay_steps == 10


def test_functions_and_strings() -> None:
    assert catalog.instantiate("activation", "relu", {}) is keras.activations.relu
    assert catalog.instantiate("metric", "acc", {}) == "accuracy"
    assert catalog.resolve("loss", "mse") is keras.losses.MeanSquaredError
    assert catalog.resolve(("model", "application"), "ResNet50") is keras.applications.ResNet50


def test_a_dataset_is_what_its_loader_returns() -> None:
    digits = catalog.instantiate("sklearn_dataset", "load_digits", {"n_class": 2})
    assert sorted(set(digits.target)) == [0, 1]


def test_what_a_constructor_refuses_is_a_problem_of_the_spec() -> None:
    with pytest.raises(SpecError) as caught:
        catalog.instantiate("layer", "Dense", {"units": -1}, ("model", "layers", 0))
    [problem] = caught.value.problems
    assert problem.path == ("model", "layers", 0, "Dense", "units")
    assert problem.message.startswith("Dense: ")
    assert "units" in problem.message
    assert "\n" not in problem.message


def test_a_nested_problem_is_blamed_where_it_stands() -> None:
    with pytest.raises(SpecError) as caught:
        catalog.instantiate("layer", "Dense", {"units": 1, "kernel_regularizer": {"L2": {"l2": -1}}}, ("layers", 2))
    assert caught.value.problems[0].path == ("layers", 2, "Dense", "kernel_regularizer", "L2", "l2")


def test_an_unknown_name_is_a_problem_of_the_spec() -> None:
    with pytest.raises(SpecError, match="unknown optimizer 'Adm'"):
        catalog.resolve("optimizer", "Adm", ("training", "optimizer"))
