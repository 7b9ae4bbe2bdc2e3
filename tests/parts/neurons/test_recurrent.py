"""Units of recurrent layers."""

import keras
import numpy as np
import pytest
from keras import layers

from kspec import RNN, prune_neurons
from tests.parts.neurons.reference import difference, examples

LIMIT = 1e-5


@pytest.mark.parametrize(
    "layer",
    [
        layers.LSTM(6),
        layers.LSTM(6, return_sequences=True, go_backwards=True, use_bias=False),
        layers.GRU(6, return_sequences=True),
        layers.GRU(6, reset_after=False),
        layers.SimpleRNN(6),
        *(layers.Bidirectional(layers.LSTM(6), merge_mode=mode) for mode in ("concat", "sum", "mul", "ave")),
        layers.Bidirectional(layers.GRU(6, return_sequences=True)),
    ],
    ids=lambda layer: f"{layer.name}",
)
def test_exact(layer):
    inputs = keras.Input((5, 3))
    x = layer(layers.Dense(4)(inputs))
    x = layers.GlobalMaxPooling1D()(x) if len(x.shape) == 3 else x
    model = keras.Model(inputs, layers.Dense(2)(x))
    worst, _, _, new = difference(model)
    assert worst <= LIMIT
    assert type(new.layers[2]) is type(layer)
    small = new.layers[2]
    assert getattr(small, "forward_layer", small).units == 4  # of 6 a share of 0.4 goes: 2


def test_states_of_an_encoder_and_a_decoder_go_together():
    source, target = keras.Input((4, 3)), keras.Input((5, 2))
    _, *states = layers.LSTM(6, return_state=True, name="encoder")(source)
    x = layers.LSTM(6, return_sequences=True, name="decoder")(target, initial_state=states)
    model = keras.Model([source, target], layers.Dense(2)(x))
    worst, _, _, new = difference(model)
    assert worst <= LIMIT
    assert (new.get_layer("encoder").units, new.get_layer("decoder").units) == (4, 4)


def test_masked_text_model(tmp_path):
    model = RNN((8,), 2, "softmax", vocabulary_size=2, units_per_layer=[5, 4], embedding_dim=6, batch_norm=True)
    worst, _, _, new = difference(model)
    assert worst <= LIMIT
    assert new.get_layer("embedding").output_dim == 4
    new.save(tmp_path / "small.keras")
    again = keras.saving.load_model(tmp_path / "small.keras")
    x = examples(model)
    assert np.array_equal(again.predict_on_batch(x), new.predict_on_batch(x))


def test_a_state_between_batches_is_kept():
    inputs = keras.Input(batch_shape=(2, 5, 3))
    x = layers.LSTM(6, stateful=True, name="lstm")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.Dense(4, name="dense")(x)))
    small, report = prune_neurons(model, ratio=0.5, criterion="l2")
    assert [(group.name, group.after) for group in report.groups] == [("dense", 2)]
    assert ("lstm",) in [one.layers for one in report.frozen]
    x = np.ones((2, 5, 3), "float32")
    states = [[np.array(one) for one in net.get_layer("lstm")(x)] for net in (model, small)]
    np.testing.assert_allclose(states[0], states[1])


@pytest.mark.parametrize("axis", [-1, 1])
def test_masked_sequences_side_by_side(axis):
    """What Keras computes for the mask of a concatenation reads no channel."""
    tokens, values = keras.Input((5,), dtype="int32"), keras.Input((5, 3))
    words = layers.Embedding(2, 6, mask_zero=True, name="words")(tokens)
    states = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="states")(words)
    x = layers.Concatenate(axis=axis)([words, states, layers.Dense(6, name="values")(values)])
    model = keras.Model([tokens, values], layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))
    worst, _, _, new = difference(model)
    assert worst <= LIMIT
    assert new.get_layer("words").output_dim == new.get_layer("values").units == 4
    assert new.get_layer("states").forward_layer.units == 2


def test_any_of_channels_keeps_them():
    inputs = keras.Input((5, 3))
    x = layers.Dense(6, activation="relu", name="gate")(inputs)
    gated = layers.Multiply()([inputs, keras.ops.cast(keras.ops.any(x, axis=-1, keepdims=True), "float32")])
    model = keras.Model(inputs, layers.Dense(2)(layers.Dense(4)(gated)))
    _, report = prune_neurons(model, ratio=0.5, criterion="l2")
    [reason] = [one.reason for one in report.frozen if one.layers == ("gate",)]
    assert reason.endswith("(Any): any over a part of the tensor")
