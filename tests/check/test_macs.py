"""Counts worked out by hand, and published ones."""

import keras
import keras_hub
import pytest
import tensorflow as tf

from kspec.builders.model.freeze import layer_paths
from kspec.check import graph
from kspec.check.blocks import blocks
from kspec.check.macs import count
from kspec.parts.models.resnet import ResNet

L = keras.layers


def counted(model, features=None):
    features = features or tf.TensorSpec((1, *model.input_shape[1:]), model.inputs[0].dtype)
    return count(graph.forward(model, features), frozenset(dict(layer_paths(model))))


def of(layer, *shape, dtype="float32"):
    inputs = keras.Input(shape, dtype=dtype)
    return counted(keras.Model(inputs, layer(inputs)))


LAYERS = {
    # kernel height * width * channels in a group * filters * output places
    "Conv2D": (L.Conv2D(6, 3), (8, 8, 4), 3 * 3 * 4 * 6 * 6 * 6),
    "Conv2D same, stride 2": (L.Conv2D(6, 3, strides=2, padding="same"), (8, 8, 4), 3 * 3 * 4 * 6 * 4 * 4),
    "Conv2D in groups": (L.Conv2D(6, 3, groups=2), (8, 8, 4), 3 * 3 * 2 * 6 * 6 * 6),
    "Conv2D dilated": (L.Conv2D(6, 3, dilation_rate=2), (8, 8, 4), 3 * 3 * 4 * 6 * 4 * 4),
    "Conv1D": (L.Conv1D(5, 3), (10, 2), 3 * 2 * 5 * 8),
    "Conv3D": (L.Conv3D(2, 2), (3, 4, 5, 3), 2 * 2 * 2 * 3 * 2 * 2 * 3 * 4),
    "Conv2DTranspose": (L.Conv2DTranspose(3, 2, strides=2), (4, 4, 5), 4 * 4 * 5 * 2 * 2 * 3),
    "DepthwiseConv2D": (L.DepthwiseConv2D(3, depth_multiplier=2), (8, 8, 3), 3 * 3 * 6 * 6 * 6),
    "SeparableConv2D": (L.SeparableConv2D(5, 3), (8, 8, 4), 3 * 3 * 4 * 36 + 4 * 5 * 36),
    "Dense": (L.Dense(7), (5,), 5 * 7),
    "Dense on a sequence": (L.Dense(7), (3, 5), 3 * 5 * 7),
    "EinsumDense": (L.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3)), (4, 5), 4 * 5 * 2 * 3),
    "TimeDistributed": (L.TimeDistributed(L.Dense(7)), (3, 5), 3 * 5 * 7),
    # each step: gates * units * (inputs + units)
    "LSTM": (L.LSTM(6), (20, 8), 20 * 4 * 6 * (8 + 6)),
    "GRU": (L.GRU(6), (20, 8), 20 * 3 * 6 * (8 + 6)),
    "SimpleRNN": (L.SimpleRNN(6), (20, 8), 20 * 6 * (8 + 6)),
    "Bidirectional": (L.Bidirectional(L.LSTM(6)), (20, 8), 2 * 20 * 4 * 6 * (8 + 6)),
    "nothing is multiplied": (L.BatchNormalization(), (4, 4, 3), 0),
}


@pytest.mark.parametrize("case", LAYERS)
def test_layer(case):
    layer, shape, expected = LAYERS[case]
    found = of(layer, *shape)
    assert (found.total, found.uncounted) == (expected, set())


def test_embedding_is_a_look_up():
    assert of(L.Embedding(50, 8), 20, dtype="int32").total == 0


def test_attention():
    query, value = keras.Input((6, 5)), keras.Input((9, 5))
    model = keras.Model([query, value], L.MultiHeadAttention(2, 4, value_dim=3, name="attention")(query, value))
    found = counted(model, [tf.TensorSpec((1, 6, 5)), tf.TensorSpec((1, 9, 5))])
    projections = 6 * 5 * 2 * 4 + 9 * 5 * 2 * 4 + 9 * 5 * 2 * 3 + 6 * 2 * 3 * 5
    scores, mixture = 2 * 6 * 9 * 4, 2 * 6 * 9 * 3
    assert found.total == projections + scores + mixture
    assert all(path.startswith("attention") for path in found.by_layer if found.by_layer[path])


def test_a_model_in_a_model_and_a_layer_that_is_called_twice():
    inner = keras.Sequential([keras.Input((6,)), L.Dense(6, name="first"), L.Dense(6, name="second")], name="inner")
    inputs = keras.Input((6,))
    twice = L.Dense(6, name="twice")
    found = counted(keras.Model(inputs, inner(twice(twice(inputs)))))
    assert {path: number for path, number in found.by_layer.items() if number} == {
        "twice": 72,
        "inner/first": 36,
        "inner/second": 36,
    }


def test_keras_hub():
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=8, num_layers=2, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=10
    )
    features = {name: tf.TensorSpec((1, 10), "int32") for name in ("token_ids", "segment_ids", "padding_mask")}
    layer = 4 * 10 * 8 * 8 + 2 * 10 * 10 * 8 + 2 * 10 * 8 * 16
    pooled = 8 * 8
    assert counted(backbone, features).total == 2 * layer + pooled


def test_resnet_20():
    # He et al. 2015, identity shortcuts: stem, 6 convolutions at 32x32, a halving one and 5 at 16x16, the same at 8x8.
    stem, stage1 = 32 * 32 * 9 * 3 * 16, 6 * 32 * 32 * 9 * 16 * 16
    later = 16 * 16 * 9 * 16 * 32 + 5 * 16 * 16 * 9 * 32 * 32
    model = ResNet((32, 32, 3), 10, depth=20, version="v1", shortcut="identity")
    assert counted(model).total == stem + stage1 + 2 * later + 64 * 10 == 40_551_040


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("MobileNetV2", 300e6),  # Sandler et al. 2018, arXiv:1801.04381, table 4
        ("MobileNet", 569e6),  # Howard et al. 2017, arXiv:1704.04861, table 4
        ("EfficientNetB0", 0.39e9),  # Tan & Le 2019, arXiv:1905.11946, table 2
    ],
)
def test_applications(name, published):
    found = counted(getattr(keras.applications, name)(weights=None))
    assert found.total == pytest.approx(published, rel=0.015)
    assert found.uncounted == set()


class Opaque(L.Layer):
    def call(self, inputs):
        return tf.reshape(tf.py_function(lambda x: x @ x, [inputs], tf.float32), (1, 4))


class Endless(L.Layer):
    def call(self, inputs):
        matrix = tf.ones((4, 4))
        return tf.while_loop(lambda x: tf.reduce_sum(x) < 9, lambda x: x @ matrix, [inputs])[0]


def test_what_cannot_be_counted_is_said():
    assert of(Opaque(name="opaque"), 4).uncounted == {"opaque: EagerPyFunc"}
    assert of(Endless(name="endless"), 4).uncounted == {"endless: a loop of unknown length"}


def test_parameters_by_block_are_those_of_the_model():
    model = ResNet((32, 32, 3), 10, depth=20)
    found = blocks(model, counted(model).by_layer)
    assert sum(block.parameters for block in found) == model.count_params()
    assert "stage2_block3" in [block.name for block in found]
    assert len(found) <= 14
    model.get_layer("stem_conv").trainable = False
    frozen = {block.name: block.trainable for block in blocks(model, {})}
    assert frozen["stem_conv"] == 0


def test_a_recurrent_layer_is_one_row():
    inputs = keras.Input((20, 8))
    model = keras.Model(inputs, L.Bidirectional(L.LSTM(6, name="cell"), name="both")(inputs))
    found = blocks(model, counted(model).by_layer)
    assert [(block.parameters, block.macs) for block in found] == [(4 * 6 * (8 + 6 + 1), 20 * 4 * 6 * 14)] * 2
