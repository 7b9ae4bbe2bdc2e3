import keras
import model_data
import numpy as np
import pytest

from kspec.builders.model import build_model
from kspec.builders.targets import Targets
from kspec.errors import DataError, SpecError
from kspec.spec.component import Component
from kspec.spec.model import Model

CASES = [
    ({"MLP": {"hidden": [8]}}, model_data.vectors()),
    ({"MLP": {"hidden": [8]}}, model_data.images()),
    ({"CNN": {"filters": [4]}}, model_data.images()),
    ({"ResNet": {"depth": 8, "width": 2}}, model_data.images()),
    ({"WideResNet": {"depth": 10, "width": 1}}, model_data.images()),
    ({"FastResNet": {"widths": [8, 8]}}, model_data.images((12, 12, 3))),
    ({"RNN": {"units_per_layer": [4], "embedding_dim": 4}}, model_data.tokens()),
    ({"Transformer": {"num_layers": 1, "hidden_dim": 8, "intermediate_dim": 8}}, model_data.tokens()),
]


@pytest.mark.parametrize(("tree", "data"), CASES, ids=[f"{next(iter(tree))}-{data.kind}" for tree, data in CASES])
def test_every_family_is_built_to_fit_the_data_and_ends_in_probabilities(tree, data):
    model = build_model(Model.model_validate(tree), data, model_data.for_classes(data.num_outputs))
    predictions = model.predict(data.train.x, verbose=0)
    assert predictions.shape == (len(data.train), data.num_outputs)
    np.testing.assert_allclose(predictions.sum(axis=1), 1, rtol=1e-4)
    assert model.layers[-1].name == "predictions"


def test_the_statistics_come_from_train_and_not_from_the_seed():
    data = model_data.images()
    spec = Model.model_validate({"CNN": {"filters": [4]}})
    models = []
    for seed in (0, 1):
        keras.utils.set_random_seed(seed)
        models.append(build_model(spec, data, model_data.for_classes(3)))
    means = [model.get_layer("standardize").mean for model in models]
    np.testing.assert_array_equal(*means)
    np.testing.assert_allclose(means[0], data.train.x.mean(), rtol=1e-5)


def test_the_same_seed_gives_the_same_weights():
    spec = Model.model_validate("MLP")
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        weights.append(build_model(spec, model_data.vectors(), model_data.for_classes(3)).get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("task", "labels", "units", "activation"),
    [("regression", "numbers", 2, "linear"), ("multi_label", "multi_hot", 4, "sigmoid")],
)
def test_outputs_follow_the_targets(task, labels, units, activation):
    wanted = Targets(task, labels, units, activation, Component(name="MeanSquaredError"))
    model = build_model(Model.model_validate("MLP"), model_data.vectors(), wanted)
    assert model.output_shape == (None, units)
    assert model.layers[-1].activation is keras.activations.get(activation)


@pytest.mark.parametrize(
    ("tree", "data", "message", "hint"),
    [
        ("ResNet", model_data.texts(), "ResNet reads images, the data are texts", "RNN and Transformer"),
        ("CNN", model_data.vectors(), "CNN reads images, the data is a table", "MLP"),
        ("RNN", model_data.images(), "RNN reads sequences, the data are images", "CNN"),
        ("RNN", model_data.texts(), "RNN reads sequences, the data are texts", "data.text.output: int"),
        ("MLP", model_data.tokens(), "MLP reads vectors, the data are texts", "data.text.output: multi_hot"),
    ],
)
def test_data_that_the_family_cannot_read(tree, data, message, hint):
    with pytest.raises(DataError) as caught:
        build_model(Model.model_validate(tree), data, model_data.for_classes(data.num_outputs))
    [problem] = caught.value.problems
    assert problem.path == ("model", tree)
    assert problem.message == message
    assert hint in problem.hint


def test_what_a_family_refuses_is_a_problem_of_the_spec():
    with pytest.raises(SpecError, match="6n \\+ 2, such as 20 or 26, not 22"):
        build_model(Model.model_validate({"ResNet": {"depth": 22}}), model_data.images(), model_data.for_classes(3))
