import keras
import numpy as np
import pytest

from kspec.parts.layers.whitening import WhiteningConv2D
from kspec.parts.models.adapt import adapt_model

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 6, 6, 3)).astype("uint8")


def test_each_layer_sees_what_flows_into_it():
    model = keras.Sequential(
        [keras.Input((6, 6, 3)), keras.layers.Normalization(name="a"), WhiteningConv2D(epsilon=0.0, name="b")]
    )
    assert adapt_model(model, IMAGES) == ["a", "b"]
    np.testing.assert_allclose(np.ravel(model.layers[0].mean), IMAGES.mean((0, 1, 2)), rtol=1e-4)
    # Only if the second layer saw standardised pixels is its output white.
    outputs = model.predict(IMAGES, verbose=0).reshape(-1, 24)[:, :12]
    np.testing.assert_allclose(np.cov(outputs.T), np.eye(12), atol=0.01)


def test_given_statistics_are_left_alone():
    model = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Normalization(mean=[0.0] * 3, variance=[1.0] * 3)])
    assert adapt_model(model, IMAGES) == []
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), IMAGES.astype("float32"))


def test_functional_model_with_a_branch():
    inputs = keras.Input((6, 6, 3))
    x = keras.layers.Normalization(name="norm")(keras.layers.Rescaling(2.0)(inputs))
    outputs = keras.layers.Add()([keras.layers.Flatten()(x), keras.layers.Flatten()(inputs)])
    model = keras.Model(inputs, outputs)
    assert adapt_model(model, IMAGES) == ["norm"]
    np.testing.assert_allclose(np.ravel(model.get_layer("norm").mean), 2 * IMAGES.mean((0, 1, 2)), rtol=1e-4)


def test_two_inputs_are_refused():
    first, second = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([first, second], keras.layers.Add()([keras.layers.Normalization()(first), second]))
    with pytest.raises(ValueError, match="one input; this one has 2"):
        adapt_model(model, IMAGES)
