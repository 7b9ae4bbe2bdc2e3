import numpy as np
import pytest

from kspec.parts.layers.position_embedding import PositionEmbedding


def test_it_adds_one_vector_a_position():
    layer = PositionEmbedding()
    x = np.ones((2, 3, 4), "float32")
    result = layer(x)
    assert layer.embeddings.shape == (3, 4)
    np.testing.assert_allclose(result, x + layer.embeddings.numpy(), rtol=1e-6)


def test_it_comes_back_from_its_config():
    layer = PositionEmbedding(embeddings_initializer="zeros", name="place")
    again = PositionEmbedding.from_config(layer.get_config())
    np.testing.assert_array_equal(again(np.ones((1, 2, 2))), np.ones((1, 2, 2)))
    assert again.name == "place"


def test_a_length_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="fixed length"):
        PositionEmbedding().build((None, None, 4))
