import numpy as np

from kspec.parts.layers.class_token import ClassToken


def test_a_learned_step_stands_in_front():
    layer = ClassToken()
    x = np.ones((2, 3, 4), "float32")
    layer.build(x.shape)
    layer.token.assign(np.full((1, 1, 4), 7.0))
    result = np.asarray(layer(x))
    np.testing.assert_array_equal(result[:, 0], np.full((2, 4), 7.0))
    np.testing.assert_array_equal(result[:, 1:], x)
    assert layer.compute_output_shape((None, 3, 4)) == (None, 4, 4)


def test_the_mask_shows_it():
    mask = ClassToken().compute_mask(None, np.array([[True, False]]))
    np.testing.assert_array_equal(mask, [[True, True, False]])
