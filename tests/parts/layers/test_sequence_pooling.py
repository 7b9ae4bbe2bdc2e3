import keras
import numpy as np
import pytest

from kspec.parts.layers.sequence_pooling import SequencePooling

X = np.array([[[1.0, -4.0], [3.0, -2.0], [9.0, 9.0]], [[5.0, 6.0], [7.0, 8.0], [-1.0, 2.0]]], dtype="float32")
MASK = np.array([[True, True, False], [False, True, True]])


@pytest.mark.parametrize(
    ("mode", "masked", "unmasked"),
    [
        ("mean", [[2, -3], [3, 5]], [[13 / 3, 1], [11 / 3, 16 / 3]]),
        ("max", [[3, -2], [7, 8]], [[9, 9], [7, 8]]),
        ("first", [[1, -4], [7, 8]], [[1, -4], [5, 6]]),
        ("last", [[3, -2], [-1, 2]], [[9, 9], [-1, 2]]),
    ],
)
def test_pooling_by_hand(mode, masked, unmasked):
    layer = SequencePooling(mode)
    np.testing.assert_allclose(layer(X, mask=MASK), masked, rtol=1e-6)
    np.testing.assert_allclose(layer(X), unmasked, rtol=1e-6)


@pytest.mark.parametrize(("mode", "expected"), [("mean", 0), ("max", 0), ("first", 1), ("last", 1)])
def test_a_sequence_that_is_all_hidden_stays_finite(mode, expected):
    result = SequencePooling(mode)(X[:1], mask=np.zeros((1, 3), bool))
    assert np.asarray(result)[0, 0] == expected


def test_it_takes_the_mask_of_the_layer_before_and_comes_back_from_its_config():
    tokens = keras.Input((3,), dtype="int32")
    embedded = keras.layers.Embedding(5, 2, mask_zero=True)(tokens)
    model = keras.Model(tokens, SequencePooling("max", name="pool")(embedded))
    table = model.layers[1].embeddings.numpy()
    np.testing.assert_array_equal(model(np.array([[3, 0, 0]]))[0], table[3])
    again = SequencePooling.from_config(model.get_layer("pool").get_config())
    assert (again.mode, again.name) == ("max", "pool")


def test_an_unknown_mode():
    with pytest.raises(ValueError, match="mean, max, first or last"):
        SequencePooling("median")
