import keras
import model_data
import numpy as np
import pytest

from kspec.builders.model import build_model
from kspec.builders.model.weights import attach
from kspec.errors import SpecError
from kspec.spec.component import Component
from kspec.spec.model import Model

L2 = Component(name="L2", arguments={"l2": 0.5})


def build(tree, datasets=None):
    datasets = datasets or model_data.vectors()
    return build_model(Model.model_validate(tree), datasets, model_data.for_classes(datasets.num_outputs))


def test_a_bare_regularizer_is_for_every_kernel():
    model = build({"MLP": {"hidden": [4]}, "regularizer": {"L2": {"l2": 0.5}}})
    kernels = [layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")]
    assert len(model.losses) == len(kernels) == 2
    np.testing.assert_allclose(sum(model.losses), sum(0.5 * np.sum(kernel**2) for kernel in kernels), rtol=1e-6)


def test_the_first_match_wins_and_null_means_none():
    tree = {"predictions/*": None, "dense*/kernel": {"L1": {"l1": 2.0}}, "*/kernel": "L2"}
    with pytest.raises(SpecError, match="matches no weight that an earlier pattern leaves"):
        build({"MLP": {"hidden": [4]}, "regularizer": tree})
    model = build({"MLP": {"hidden": [4]}, "regularizer": {key: tree[key] for key in list(tree)[:2]}})
    [loss] = model.losses
    np.testing.assert_allclose(loss, 2 * np.abs(model.get_layer("dense1").kernel.numpy()).sum(), rtol=1e-6)


def test_a_pattern_that_matches_nothing_names_the_paths():
    with pytest.raises(SpecError) as caught:
        build({"MLP": {"hidden": [4]}, "regularizer": {"densel/kernel": "L2", "*/gamma": "L2"}})
    first, second = caught.value.problems
    assert first.path == ("model", "regularizer", "densel/kernel")
    assert first.hint == "did you mean 'dense1/kernel'?"
    assert "predictions/kernel" in second.expected


def test_the_optimizer_sees_regularizer_and_constraint_and_the_file_keeps_them(tmp_path):
    tree = {"CNN": {"filters": [4]}, "regularizer": "L2", "constraint": {"*/kernel": {"MaxNorm": {"max_value": 0.1}}}}
    data = model_data.images()
    model = build(tree, data)
    y = keras.utils.to_categorical(data.train.y)
    model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", jit_compile=False)
    plain = keras.losses.CategoricalCrossentropy()(y, model(data.train.x))
    penalty = sum(model.losses)
    np.testing.assert_allclose(model.evaluate(data.train.x, y, batch_size=48, verbose=0), plain + penalty, rtol=1e-4)
    model.fit(data.train.x, y, verbose=0)
    assert np.linalg.norm(model.get_layer("predictions").kernel.numpy(), axis=0).max() <= 0.1001
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(sum(again.losses), sum(model.losses), rtol=1e-6)
    assert again.get_layer("predictions").kernel.constraint.max_value == 0.1


@pytest.mark.parametrize("family", [{"RNN": {"units_per_layer": [4]}}, {"Transformer": {"num_layers": 1}}])
def test_weights_in_cells_and_attention_are_regularised(family):
    model = build({**family, "regularizer": {"*kernel": "L2"}}, model_data.tokens())
    expected = sum(0.01 * np.sum(v.numpy() ** 2) for v in model.trainable_variables if v.path.endswith("kernel"))
    np.testing.assert_allclose(sum(model.losses), expected, rtol=1e-5)


def test_recurrent_layers_keep_theirs_in_the_file(tmp_path):
    model = build({"RNN": {"units_per_layer": [4]}, "regularizer": {"*kernel": "L2"}}, model_data.tokens())
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(sum(again.losses), sum(model.losses), rtol=1e-5)


def test_it_works_on_a_subclassed_model():
    class Twice(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = keras.layers.Dense(2, name="first"), keras.layers.Dense(2, name="second")

        def call(self, x):
            return self.second(self.first(x))

    model = Twice()
    model(np.ones((1, 2)))
    attach("regularizer", {"*first/kernel": L2}, model)
    np.testing.assert_allclose(sum(model.losses), 0.5 * np.sum(model.first.kernel.numpy() ** 2), rtol=1e-6)
