import keras
import numpy as np
import pytest

from kspec.parts.layers.whitening import WhiteningConv2D, patch_covariance


def _images(count=200, size=6, channels=2, seed=0):
    random = np.random.default_rng(seed)
    white = random.normal(size=(count, size, size, channels))
    # Neighbouring pixels and channels correlate, as in photographs.
    return (np.cumsum(np.cumsum(white, axis=1), axis=2) @ random.normal(size=(channels, channels))).astype("float32")


def test_covariance_by_hand():
    # Two patches of two values each, (1, 2) and (3, 6): covariance [[1, 2], [2, 4]].
    images = np.array([[[[1, 2], [3, 6]]]], "float32")
    np.testing.assert_allclose(patch_covariance(images, 1), [[1, 2], [2, 4]])


def test_covariance_of_many_chunks_is_that_of_numpy():
    images = _images(count=1200)
    patches = [images[:, i : i + 5, j : j + 5] for i in (0, 1) for j in (0, 1)]
    flat = np.concatenate(patches, axis=-1).reshape(-1, 8)
    np.testing.assert_allclose(patch_covariance(images, 2), np.cov(flat.T, bias=True), rtol=1e-3, atol=1e-3)


def test_outputs_are_uncorrelated_with_unit_variance():
    images = _images()
    layer = WhiteningConv2D(epsilon=0.0)
    layer.adapt(images)
    outputs = keras.ops.convert_to_numpy(layer(images)).reshape(-1, 16)
    np.testing.assert_allclose(np.cov(outputs[:, :8].T), np.eye(8), atol=1e-2)
    np.testing.assert_allclose(outputs[:, 8:], -outputs[:, :8], atol=1e-4)


def test_largest_eigenvalue_first_and_damped_by_epsilon():
    # One channel, patch of one pixel, variance 4: the filter is +-1/sqrt(4 + 5).
    images = np.array([-2, 2], "float32").reshape(2, 1, 1, 1)
    layer = WhiteningConv2D(kernel_size=1, epsilon=5.0)
    layer.adapt(images)
    np.testing.assert_allclose(np.abs(layer.kernel).ravel(), [1 / 3, 1 / 3], rtol=1e-6)


def test_only_the_bias_is_trained():
    layer = WhiteningConv2D()
    layer.build((None, 8, 8, 3))
    assert [weight.path for weight in layer.trainable_weights] == [layer.bias.path]
    assert layer.kernel.shape == (2, 2, 3, 24)
    assert layer.compute_output_shape((None, 8, 8, 3)) == (None, 7, 7, 24)


def test_saves_and_loads(tmp_path):
    images = _images(count=10)
    model = keras.Sequential([keras.Input((6, 6, 2)), WhiteningConv2D(epsilon=0.1)])
    model.layers[0].adapt(images)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(images), model(images))
    assert again.layers[0].epsilon == 0.1


def test_refuses_a_kernel_of_no_size():
    with pytest.raises(ValueError, match="kernel_size must be at least 1, not 0"):
        WhiteningConv2D(kernel_size=0)
