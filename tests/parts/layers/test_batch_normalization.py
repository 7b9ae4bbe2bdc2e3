import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.layers.batch_normalization import FusedBatchNormalization

IMAGES = np.random.default_rng(0).normal(2.0, 3.0, (4, 5, 5, 3)).astype("float32")


def _pair(**arguments):
    """Ours and Keras' layer with the same weights."""
    layers = FusedBatchNormalization(**arguments), keras.layers.BatchNormalization(**arguments)
    weights = np.random.default_rng(1)
    for layer in layers:
        layer.build(IMAGES.shape)
    start = [weights.uniform(0.5, 1.5, weight.shape) for weight in layers[0].weights]
    for layer in layers:
        layer.set_weights(start)
    return layers


@pytest.mark.parametrize("arguments", [{}, {"scale": False}, {"center": False}, {"momentum": 0.6, "epsilon": 1e-5}])
@pytest.mark.parametrize("training", [True, False])
def test_same_as_keras(arguments, training):
    results = []
    for layer in _pair(**arguments):
        x = tf.constant(IMAGES)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=training)
            loss = tf.reduce_sum(y * y * y)
        results.append([y, *tape.gradient(loss, [x, *layer.trainable_variables]), *layer.get_weights()])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_population_variance_moves():
    layer = FusedBatchNormalization(momentum=0.5)
    layer(np.array([1, 3], "float32").reshape(1, 1, 2, 1), training=True)
    # From mean 0 and variance 1 halfway to mean 2 and variance 1.
    assert layer.moving_mean.numpy() == pytest.approx([1.0])
    assert layer.moving_variance.numpy() == pytest.approx([1.0])


def test_frozen_layer_uses_moving_statistics():
    ours, theirs = _pair()
    ours.trainable = theirs.trainable = False
    before = ours.get_weights()
    np.testing.assert_allclose(ours(IMAGES, training=True), theirs(IMAGES, training=True), atol=1e-4)
    for old, new in zip(before, ours.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_bfloat16_keeps_statistics_in_float32():
    layer = FusedBatchNormalization(dtype="mixed_bfloat16", momentum=0.0)
    assert layer(IMAGES, training=True).dtype == "bfloat16"
    np.testing.assert_allclose(layer.moving_mean, IMAGES.mean((0, 1, 2)), atol=0.02)


@pytest.mark.parametrize("shape", [(8, 3), (4, 5, 3)])
def test_other_ranks_go_to_keras(shape):
    values = np.random.default_rng(2).normal(5, 2, shape).astype("float32")
    out = keras.ops.convert_to_numpy(FusedBatchNormalization()(values, training=True)).reshape(-1, 3)
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-4)


def test_channels_first_goes_to_keras():
    layer = FusedBatchNormalization(axis=1)
    out = keras.ops.convert_to_numpy(layer(IMAGES, training=True))
    np.testing.assert_allclose(out.mean((0, 2, 3)), 0, atol=1e-4)


def test_saves_and_loads(tmp_path):
    model = keras.Sequential([keras.Input((5, 5, 3)), FusedBatchNormalization(momentum=0.3)])
    model(IMAGES, training=True)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.layers[0].momentum == 0.3
    np.testing.assert_array_equal(again(IMAGES), model(IMAGES))
