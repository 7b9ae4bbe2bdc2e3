import keras
import numpy as np
import pytest

from kspec.parts.models.rnn import RNN


def test_parameters_by_hand():
    model = RNN((5,), 2, vocabulary_size=7, embedding_dim=3, units_per_layer=[4], bidirectional=True)
    # embedding 7*3; LSTM 4 * ((3 + 4) * 4 + 4) a direction; dense (2 * 4) * 2 + 2
    assert model.count_params() == 21 + 2 * 4 * ((3 + 4) * 4 + 4) + 18


@pytest.mark.parametrize("pooling", ["last", "max", "mean"])
@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_padding_changes_nothing(pooling, cell):
    keras.utils.set_random_seed(0)
    long = RNN((6,), 2, vocabulary_size=7, units_per_layer=[4, 3], pooling=pooling, cell=cell)
    short = RNN((3,), 2, vocabulary_size=7, units_per_layer=[4, 3], pooling=pooling, cell=cell)
    short.set_weights(long.get_weights())
    tokens = np.array([[3, 5, 2]])
    np.testing.assert_allclose(long(np.pad(tokens, [(0, 0), (0, 3)])), short(tokens), rtol=1e-5)


def test_options_reach_the_layers():
    model = RNN((5, 2), 2, units_per_layer=[4], bidirectional=False, recurrent_dropout=0.25, cell="GRU")
    [layer] = [layer for layer in model.layers if isinstance(layer, keras.layers.GRU)]
    assert layer.recurrent_dropout == 0.25


def test_what_it_refuses():
    with pytest.raises(ValueError, match="vocabulary_size"):
        RNN((5,), 2)
    with pytest.raises(ValueError, match="at least one recurrent layer"):
        RNN((5, 2), 2, units_per_layer=[])
