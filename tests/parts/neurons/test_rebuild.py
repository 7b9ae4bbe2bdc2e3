"""A rebuilt model computes what the old one computes when nothing reads the removed channels."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from kspec.parts.neurons.groups import groups_of
from kspec.parts.neurons.walk import read
from tests.parts.neurons.reference import difference

LIMIT = 1e-5


def head(x, units=3):
    return layers.Dense(units, name="head")(layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x)


def squeeze_excite(x, keepdims):
    channels = x.shape[-1]
    y = layers.GlobalAveragePooling2D(keepdims=keepdims)(x)
    y = y if keepdims else layers.Reshape((1, 1, channels))(y)
    y = layers.Conv2D(2, 1, activation="relu")(y)
    y = layers.Conv2D(channels, 1, activation="sigmoid")(y)
    return layers.Multiply()([x, y])


def plain(x):
    x = layers.Conv2D(6, 3, activation="sigmoid")(x)
    x = layers.BatchNormalization()(x)
    return head(layers.Conv2D(5, 3, activation="softplus")(x))


def flattened(x):
    x = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="sigmoid")(x))
    return layers.Dense(3)(layers.Dense(7, activation="gelu")(layers.Flatten()(x)))


def residual(x):
    x = layers.Conv2D(6, 3, padding="same")(x)
    y = layers.Conv2D(5, 3, padding="same", activation="relu")(x)
    y = layers.Conv2D(6, 1)(y)
    return head(layers.ReLU()(layers.Add()([x, y])))


def added_by_operator(x):
    x = layers.Conv2D(6, 3, padding="same")(x)
    y = layers.Conv2D(6, 3, padding="same", activation="relu")(x)
    return head(ops.relu(x + 2.0 * y) - 0.5)


def concatenated(x):
    y, z = layers.Conv2D(4, 3)(x), layers.Conv2D(3, 3, activation="tanh")(x)
    y = layers.BatchNormalization()(layers.Concatenate()([y, z, y]))
    return head(layers.Conv2D(4, 1)(y))


def depthwise(x):
    x = layers.Conv2D(4, 3)(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu")(x)
    x = layers.SeparableConv2D(5, 3, depth_multiplier=2, padding="same")(x)
    return head(x)


def transposed(x):
    x = layers.Conv2DTranspose(5, 3, strides=2, activation="relu")(layers.Conv2D(4, 3)(x))
    return head(layers.Conv2DTranspose(4, 2)(x))


def gated(x):
    return head(squeeze_excite(layers.Conv2D(6, 3)(x), keepdims=True))


def gated_by_reshape(x):
    return head(squeeze_excite(layers.Conv2D(6, 3)(x), keepdims=False))


def shared(x):
    conv, norm, act = layers.Conv2D(5, 3, padding="same"), layers.BatchNormalization(), layers.PReLU(shared_axes=[1, 2])
    x = layers.Conv2D(5, 1)(x)
    return head(act(norm(conv(act(norm(conv(x)))))))


def shared_dense(x):
    dense = layers.Dense(6, activation="relu")
    x = dense(layers.Conv2D(4, 3)(x))
    y = dense(layers.Dense(4)(layers.GlobalMaxPooling2D()(x)))
    return layers.Dense(3)(layers.Add()([layers.GlobalAveragePooling2D()(x), y]))


def square(x):
    return layers.Reshape((8, 8))(layers.Dense(64)(layers.Flatten()(layers.Conv2D(4, 3)(x))))


def shared_along_another_axis(x):
    dense, x = layers.Dense(6, name="twice"), square(x)
    y = layers.Permute((2, 1))(layers.Dense(8, name="turned")(x))
    y = layers.Concatenate()([dense(layers.Dense(8, name="straight")(x)), dense(y)])
    return layers.Dense(3)(layers.Flatten()(y))


def nested_along_another_axis(x):
    inner_input = keras.Input((8, 8))
    inner = keras.Model(inner_input, layers.Dense(6)(layers.Dense(4)(inner_input)), name="inner")
    x = square(x)
    y = layers.Permute((2, 1))(layers.Dense(8)(x))
    return layers.Dense(3)(layers.Flatten()(layers.Concatenate()([inner(layers.Dense(8)(x)), inner(y)])))


def clipped_by_channel(x):
    x = ops.clip(layers.Conv2D(4, 3)(x), np.array([-1, -0.5, -2, 0], "float32"), 1.0)
    return head(ops.clip(layers.Conv2D(5, 3)(x), -1.0, 1.0))


def softmax_over_all(x):
    return head(ops.softmax(layers.Dense(6)(layers.GlobalAveragePooling2D()(layers.Conv2D(5, 3)(x))), axis=None))


def widened_with_zeros(x):
    """The identity shortcut of a ResNet for CIFAR: channels padded with zeros."""
    x = layers.Conv2D(4, 3, padding="same")(x)
    y = layers.Conv2D(7, 3, padding="same")(x)
    pad = layers.ZeroPadding2D(((0, 0), (1, 2)), data_format="channels_first")(x)
    return head(layers.Add()([y, pad]))


def grouped(x):
    x = layers.Conv2D(4, 3)(layers.Conv2D(4, 3)(x))
    return head(layers.Conv2D(6, 1)(layers.Conv2D(4, 3, groups=2)(x)))


def normalized_over_channels(x):
    x = layers.LayerNormalization()(layers.Conv2D(4, 3)(x))
    return head(layers.Conv2D(4, 1)(layers.Conv2D(6, 1, activation="gelu")(x)))


def softmax_between(x):
    x = layers.Conv2D(4, 3, activation="softmax")(x)
    x = layers.Conv2D(6, 1)(x)
    return head(layers.Softmax()(layers.Conv2D(5, 3)(x)))


def nested(x):
    inner_input = keras.Input((None, None, 5))
    y = layers.Conv2D(4, 1, activation="relu")(inner_input)
    inner = keras.Model(inner_input, layers.Conv2D(5, 1)(y), name="inner")
    x = layers.Conv2D(5, 3)(x)
    x = layers.Add()([inner(x), x])
    block = keras.Sequential([layers.Conv2D(6, 3, activation="relu"), layers.BatchNormalization()], name="block")
    return head(inner(layers.Conv2D(5, 1)(block(x))))


def broadcast(x):
    x = layers.Conv2D(5, 3)(x)
    gate = layers.Conv2D(1, 1, activation="sigmoid")(x)
    return head(layers.Conv2D(4, 1)(layers.Multiply()([x, gate])))


def permuted(x):
    x = layers.Permute((3, 1, 2))(layers.Conv2D(4, 3)(x))
    x = ops.mean(x, axis=(2, 3))
    return layers.Dense(3)(layers.RepeatVector(2)(x)[:, 0])


def per_pixel_slopes(x):
    return head(layers.PReLU()(layers.Conv2D(4, 3)(x)))


def upsampled(x):
    x = layers.UpSampling2D()(layers.Conv2D(4, 3)(x))
    return head(layers.Cropping2D(1)(layers.SpatialDropout2D(0.5)(x)))


def two_outputs(x):
    x = layers.Conv2D(6, 3, activation="relu")(x)
    return [head(x), layers.Conv2D(2, 1)(x)]


NETWORKS = [
    *(plain, flattened, residual, added_by_operator, concatenated, depthwise, transposed, gated, gated_by_reshape),
    *(shared, shared_dense, widened_with_zeros, grouped, normalized_over_channels, softmax_between, nested, broadcast),
    *(shared_along_another_axis, nested_along_another_axis, clipped_by_channel, softmax_over_all),
    *(permuted, per_pixel_slopes, upsampled, two_outputs),
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda one: one.__name__)
def test_exact(network):
    inputs = keras.Input((12, 12, 3))
    model = keras.Model(inputs, network(inputs))
    worst, _, cut, new = difference(model, seed=3)
    assert worst <= LIMIT
    assert cut.removed
    assert new.count_params() < model.count_params()


@pytest.mark.parametrize(
    ("network", "layer", "reason"),
    [
        (shared_along_another_axis, "straight", "twice is shared by inputs whose channels lie along different axes"),
        (shared_along_another_axis, "turned", "twice is shared by inputs whose channels lie along different axes"),
        (clipped_by_channel, "conv2d", "clip (Clip): it has bounds for each channel"),
        (softmax_over_all, "dense", "softmax (Softmax): a softmax over the channels"),
    ],
)
def test_why_neurons_stay(network, layer, reason):
    keras.utils.clear_session()
    inputs = keras.Input((12, 12, 3))
    frozen = groups_of(read(keras.Model(inputs, network(inputs)))).frozen
    assert [one.reason for one in frozen if layer in one.layers] == [reason]
