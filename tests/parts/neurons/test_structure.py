"""Multiply-accumulates and parameters, worked out by hand."""

import keras
import keras_hub
import pytest
from keras import layers

from kspec.parts.neurons.structure import Cut
from kspec.parts.neurons.walk import read


def attention(x):
    return layers.MultiHeadAttention(2, 3, value_dim=5)(x, x)


CASES = {
    # (layer, shape of an example, MACs)
    "dense": (layers.Dense(5), (7, 4), 7 * 4 * 5),
    "convolution": (layers.Conv2D(5, (3, 2), padding="same"), (6, 6, 4), 36 * 6 * 4 * 5),
    "strided": (layers.Conv1D(5, 3, strides=2, padding="same"), (8, 4), 4 * 3 * 4 * 5),
    "grouped": (layers.Conv2D(6, 3, groups=2), (5, 5, 4), 9 * 9 * 2 * 6),
    "depthwise": (layers.DepthwiseConv2D(3, depth_multiplier=2), (5, 5, 4), 9 * 9 * 8),
    "separable": (layers.SeparableConv2D(5, 3), (5, 5, 4), 9 * (9 * 4 + 4 * 5)),
    "transposed": (layers.Conv2DTranspose(5, 3, strides=2), (4, 4, 2), 16 * 9 * 2 * 5),
    "lstm": (layers.LSTM(5), (6, 4), 6 * 4 * 5 * (4 + 5)),
    "gru": (layers.GRU(5, return_sequences=True), (6, 4), 6 * 3 * 5 * (4 + 5)),
    "bidirectional": (layers.Bidirectional(layers.LSTM(5)), (6, 4), 2 * 6 * 4 * 5 * (4 + 5)),
    # queries and keys, values, scores, weighted sum, output
    "attention": (attention, (6, 4), 6 * 4 * 2 * (3 + 3 + 5) + 6 * 6 * 2 * (3 + 5) + 6 * 2 * 5 * 4),
    # four projections of width 8, scores and sum, two dense layers
    "encoder": (keras_hub.layers.TransformerEncoder(12, 2), (6, 8), 6 * 4 * 64 + 2 * 36 * 8 + 2 * 6 * 8 * 12),
}


@pytest.mark.parametrize("name", CASES)
def test_macs_by_hand(name):
    layer, shape, macs = CASES[name]
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layer(inputs))
    structure = read(model)
    nothing = Cut(structure.channels, set())
    assert nothing.total(structure.macs) == macs
    assert nothing.total(structure.parameters()) == model.count_params()


def test_a_shared_layer_counts_twice():
    inputs, dense = keras.Input((4,)), layers.Dense(4)
    structure = read(keras.Model(inputs, dense(dense(inputs))))
    assert Cut(structure.channels, set()).total(structure.macs) == 2 * 16


def test_a_removed_channel_is_counted_nowhere():
    inputs = keras.Input((4,))
    structure = read(keras.Model(inputs, layers.Dense(3)(layers.Dense(5, name="hidden")(inputs))))
    hidden = next(slot for slot in structure.slots if slot.layer == "hidden" and slot.role == "out")
    cut = Cut(structure.channels, set(structure.channels.roots(hidden.tokens[:2]).tolist()))
    assert cut.total(structure.macs) == 4 * 3 + 3 * 3
    assert cut.total(structure.parameters()) == 4 * 3 + 3 + 3 * 3 + 3
    assert cut.kept(hidden.tokens).tolist() == [2, 3, 4]
