import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.activations import gelu

POINTS = np.linspace(-6, 6, 241, dtype="float32")


def _value_and_gradient(function, points):
    x = tf.constant(points)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return y.numpy(), tape.gradient(y, x).numpy()


def test_known_values():
    value, gradient = _value_and_gradient(gelu, np.array([0.0, 1.0, -1.0], "float32"))
    # Phi(1) = 0.841345, phi(1) = 0.241971
    np.testing.assert_allclose(value, [0, 0.841345, -0.158655], atol=1e-5)
    np.testing.assert_allclose(gradient, [0.5, 0.841345 + 0.241971, 0.158655 - 0.241971], atol=1e-5)


def test_same_as_keras():
    value, gradient = _value_and_gradient(gelu, POINTS)
    expected, expected_gradient = _value_and_gradient(lambda x: keras.activations.gelu(x, approximate=False), POINTS)
    np.testing.assert_allclose(value, expected, atol=2e-6)
    np.testing.assert_allclose(gradient, expected_gradient, atol=2e-6)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_keeps_the_dtype(dtype):
    assert gelu(tf.constant([1.0, 2.0], dtype)).dtype == dtype


def test_in_a_saved_model(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Activation(gelu)])
    model.save(tmp_path / "model.keras")
    x = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(x), model(x))
