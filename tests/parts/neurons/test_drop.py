"""Layers left out of a network."""

import keras
import keras_hub
import numpy as np
import pytest
from keras import layers

from kspec import drop_layers
from tests.parts.neurons.bert import bert, output
from tests.parts.neurons.reference import examples


def test_a_backbone_with_fewer_layers():
    model = bert()
    small = drop_layers(model, ["transformer_layer_[02]"])
    assert type(small) is keras_hub.models.BertBackbone
    assert small.num_layers == 1
    x = examples(model)
    inside = keras.Model(model.input, model.get_layer("embeddings_dropout").output)(x)
    expected = model.get_layer("transformer_layer_1")(inside, padding_mask=x["padding_mask"])
    np.testing.assert_allclose(output(small, x), expected, atol=1e-6)


def test_in_a_nested_backbone():
    task = keras_hub.models.BertTextClassifier(backbone=bert(), num_classes=2)
    small = drop_layers(task, ["*/transformer_layer_1"])
    assert type(small) is keras_hub.models.BertTextClassifier
    assert small.backbone.num_layers == 2


def test_a_sequential_model_stays_one():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="a"), layers.Dense(4, name="b")])
    small = drop_layers(model, ["b"])
    assert type(small) is keras.Sequential
    x = np.ones((2, 4), "float32")
    np.testing.assert_allclose(small(x), model.layers[0](x), rtol=1e-6)


def test_one_pattern_needs_no_list():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="abc"), layers.Dense(4, name="abd")])
    assert [layer.name for layer in drop_layers(model, "abd").layers] == ["abc"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("token_embedding", "the layer 'token_embedding' cannot be left out: it makes"),
        ("transformer_leyer_1", r"no layer of the model .* fits 'transformer_leyer_1' \(nearest: transformer_layer_1"),
    ],
)
def test_refused(pattern, message):
    with pytest.raises(ValueError, match=message):
        drop_layers(bert(), [pattern])
