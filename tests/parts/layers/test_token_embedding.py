import keras
import numpy as np

from kspec.parts.layers.token_embedding import TokenEmbedding


def test_the_mask_shows_the_first_step_and_all_but_zero():
    mask = TokenEmbedding(9, 2).compute_mask(np.array([[4, 0, 2], [0, 0, 0]]))
    np.testing.assert_array_equal(mask, [[True, False, True], [True, False, False]])


def test_it_embeds_as_keras_does_and_comes_back_from_its_config():
    layer = TokenEmbedding(9, 2, name="tokens")
    x = np.array([[4, 0]])
    np.testing.assert_array_equal(layer(x)[0], layer.embeddings.numpy()[[4, 0]])
    again = TokenEmbedding.from_config(layer.get_config())
    assert (again.input_dim, again.output_dim, again.mask_zero, again.name) == (9, 2, True, "tokens")


def test_an_lstm_reads_an_empty_text_as_one_step():
    keras.utils.set_random_seed(0)
    embedding, lstm = TokenEmbedding(9, 4), keras.layers.LSTM(3)
    empty = lstm(embedding(np.array([[0, 0, 0]])))
    np.testing.assert_allclose(empty, lstm(embedding(np.array([[0]]))), rtol=1e-6)
