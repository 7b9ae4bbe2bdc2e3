import keras
import numpy as np
import pytest

from kspec.parts.initializers import PartialIdentity


def test_first_filters_pass_their_channel_through():
    kernel = keras.ops.convert_to_numpy(PartialIdentity(seed=3)((3, 3, 2, 5), dtype="float32"))
    expected = np.zeros((3, 3, 2, 2))
    expected[1, 1] = [[1, 0], [0, 1]]
    np.testing.assert_array_equal(kernel[..., :2], expected)
    # The rest: uniform, variance 1/(3 * 18), so within sqrt(3 * that) of zero, and not constant.
    assert np.abs(kernel[..., 2:]).max() <= np.sqrt(1 / 18)
    assert kernel[..., 2:].std() == pytest.approx(np.sqrt(1 / 54), rel=0.2)


def test_fewer_filters_than_channels():
    kernel = keras.ops.convert_to_numpy(PartialIdentity(seed=0)((1, 3, 1)))
    np.testing.assert_array_equal(kernel, [[[1], [0], [0]]])


def test_a_layer_with_it_keeps_its_input():
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")
    layer = keras.layers.Conv2D(4, 3, padding="same", use_bias=False, kernel_initializer=PartialIdentity(seed=1))
    np.testing.assert_allclose(layer(images)[..., :3], images, atol=1e-6)


def test_serializes_and_repeats():
    first = PartialIdentity(seed=5)
    again = keras.initializers.deserialize(keras.initializers.serialize(first))
    np.testing.assert_array_equal(first((3, 3, 4, 8)), again((3, 3, 4, 8)))


def test_refuses_a_matrix():
    with pytest.raises(ValueError, match="convolution kernels"):
        PartialIdentity()((4, 4))
