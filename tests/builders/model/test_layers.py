import keras
import model_data
import numpy as np
import pytest

from kspec.builders.model import build_model
from kspec.errors import SpecError
from kspec.spec.model import Model


def build(layers, datasets=None):
    datasets = datasets or model_data.vectors()
    return build_model(Model.model_validate({"layers": layers}), datasets, model_data.for_classes(datasets.num_outputs))


def problem(layers, datasets=None):
    with pytest.raises(SpecError) as caught:
        build(layers, datasets)
    [found] = caught.value.problems
    return found


def test_the_head_that_fits_the_data_is_added():
    model = build([{"Dense": {"units": 5, "activation": "relu"}}])
    assert [layer.name for layer in model.layers][-1] == "predictions"
    assert model.layers[-1].activation is keras.activations.softmax
    # 4 * 5 + 5, then 5 * 3 + 3
    assert model.count_params() == 25 + 18


@pytest.mark.parametrize("name", ["output", "predictions"])
def test_an_own_output_is_left_alone(name):
    model = build([{"Dense": {"units": 3, "activation": "softmax", "name": name}}])
    assert [layer.name for layer in model.layers] == ["input", name]


def test_skip_inputs_by_name_previous_and_input():
    layers = [
        {"Dense": {"units": 4, "name": "first", "kernel_initializer": "ones"}},
        {"Dense": {"units": 4, "kernel_initializer": "zeros"}},
        {"Add": {"inputs": ["first", "previous", "input"], "name": "sum"}},
        {"Dense": {"units": 2, "inputs": ["sum"]}},
    ]
    model = build(layers)
    total = keras.Model(model.input, model.get_layer("sum").output)(np.array([[1.0, 2.0, 3.0, 4.0]]))
    np.testing.assert_array_equal(total, [[11.0, 12.0, 13.0, 14.0]])


def test_attention_takes_its_inputs_one_by_one():
    layers = [
        {"Embedding": {"input_dim": 20, "output_dim": 8, "name": "tokens"}},
        {"MultiHeadAttention": {"num_heads": 2, "key_dim": 4, "inputs": ["tokens", "tokens"]}},
        "GlobalAveragePooling1D",
    ]
    assert build(layers, model_data.tokens()).output_shape == (None, 2)


def test_a_normalization_layer_learns_from_train():
    data = model_data.images()
    model = build([{"Normalization": {"name": "standardize"}}, "Flatten"], data)
    np.testing.assert_allclose(np.asarray(model.get_layer("standardize")(data.train.x)).mean(), 0, atol=1e-4)


def test_nested_layers_are_built():
    layers = [
        {"Embedding": {"input_dim": 20, "output_dim": 8, "mask_zero": True}},
        {"Bidirectional": {"layer": {"LSTM": {"units": 3}}}},
    ]
    model = build(layers, model_data.tokens())
    assert model.layers[-2].output.shape == (None, 6)


def test_an_unknown_input_names_the_nearest():
    found = problem([{"Dense": {"units": 4, "name": "first"}}, {"Add": {"inputs": ["frist", "previous"]}}])
    assert found.path == ("model", "layers", 1, "Add", "inputs")
    assert found.hint == "did you mean 'first'?"
    assert "input, previous, first" in found.expected


def test_a_name_twice():
    found = problem([{"Dense": {"units": 4, "name": "a"}}, {"Dense": {"units": 4, "name": "a"}}])
    assert found.path == ("model", "layers", 1, "Dense", "name")


def test_shapes_that_do_not_fit_are_reported_at_the_layer():
    found = problem([{"Dense": {"units": 4}}, {"Conv2D": {"filters": 2, "kernel_size": 3}}])
    assert found.path[:3] == ("model", "layers", 1)
    assert found.message.startswith("Conv2D: ")
    assert "\n" not in found.message
    assert "(4,)" in found.found


def test_arguments_that_keras_refuses_are_reported_at_the_layer():
    found = problem([{"Dense": {"units": 4}}, {"Dropout": {"rate": 7.0}}])
    assert found.path[:3] == ("model", "layers", 1)


def test_a_layer_with_several_outputs():
    found = problem([{"Reshape": {"target_shape": [2, 2]}}, {"LSTM": {"units": 2, "return_state": True}}])
    assert found.path == ("model", "layers", 1)
    assert (found.message, found.found) == ("LSTM does not put out one tensor", "3 of them")


def test_a_last_layer_that_is_no_vector_and_an_output_of_the_wrong_width():
    found = problem([{"Conv2D": {"filters": 2, "kernel_size": 3}}], model_data.images())
    assert "Flatten" in found.hint
    found = problem([{"Dense": {"units": 4}}, {"Dense": {"units": 7, "name": "output"}}])
    assert (found.path, found.expected, found.found) == (("model", "layers", 1), "(3,)", "(7,)")
