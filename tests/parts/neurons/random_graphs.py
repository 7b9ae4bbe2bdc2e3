"""Random networks: directed graphs of convolutions, sums, products, concatenations, shared layers, nested models."""

import keras
from hypothesis import strategies as st
from keras import layers, ops

POINTWISE = ("relu", "sigmoid", "gelu", "tanh", "softplus", "linear")


def random_model(draw):
    """A model for images (8, 8, 2) of 2 to 10 operations, each on a tensor made before.

    draw: of `st.data()`; inside a strategy Keras may not touch Python's random numbers, from which it takes seeds.
    """
    inputs = keras.Input((8, 8, 2))
    made = [layers.Conv2D(draw(st.integers(2, 6)), 3, padding="same")(inputs)]
    reused = []
    for _ in range(draw(st.integers(2, 10))):
        step = draw(st.sampled_from(STEPS))
        made.append(step(draw, draw(st.sampled_from(made)), made, reused))
    return keras.Model(inputs, draw(st.sampled_from(ENDS))(draw, made))


def convolution(draw, x, made, reused):
    kind = draw(st.sampled_from([layers.Conv2D, layers.SeparableConv2D, layers.Conv2DTranspose]))
    activation = draw(st.sampled_from(POINTWISE))
    layer = kind(
        draw(st.integers(1, 6)),
        draw(st.integers(1, 3)),
        padding="same",
        activation=activation,
        use_bias=draw(st.booleans()),
    )
    reused.append((layer, x.shape[-1]))
    return layer(x)


def shared(draw, x, made, reused):
    """A layer that is already in the graph, if one fits the channels."""
    fitting = [layer for layer, channels in reused if channels == x.shape[-1]]
    return draw(st.sampled_from(fitting))(x) if fitting else layers.Activation("tanh")(x)


def depthwise(draw, x, made, reused):
    layer = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=draw(st.integers(1, 2)))
    reused.append((layer, x.shape[-1]))
    return layer(x)


def normalization(draw, x, made, reused):
    layer = layers.BatchNormalization(scale=draw(st.booleans()), center=draw(st.booleans()))
    reused.append((layer, x.shape[-1]))
    return layer(x)


def pointwise(draw, x, made, reused):
    return draw(st.sampled_from([layers.Activation("sigmoid"), layers.LeakyReLU(), layers.Dropout(0.5), ops.silu]))(x)


def pooling(draw, x, made, reused):
    kind = draw(st.sampled_from([layers.MaxPooling2D, layers.AveragePooling2D]))
    return kind(3, strides=1, padding="same")(x)


def merged(draw, x, made, reused):
    others = [one for one in made if one.shape == x.shape]
    kind = draw(st.sampled_from([layers.Add, layers.Multiply, layers.Maximum, layers.Average]))
    return kind()([x, draw(st.sampled_from(others))])


def operators(draw, x, made, reused):
    other = draw(st.sampled_from([one for one in made if one.shape == x.shape or one.shape[-1] == 1]))
    return draw(st.sampled_from([lambda a, b: a + b, lambda a, b: a - 0.5 * b, lambda a, b: a * b]))(x, other)


def concatenated(draw, x, made, reused):
    return layers.Concatenate()([x, *draw(st.lists(st.sampled_from(made), min_size=1, max_size=2))])


def side_by_side(draw, x, made, reused):
    """Concatenated along the height, and cut back to size."""
    others = [one for one in made if one.shape == x.shape]
    return layers.Concatenate(axis=1)([x, draw(st.sampled_from(others))])[:, 4:12]


def gate(draw, x, made, reused):
    y = layers.GlobalAveragePooling2D()(x)
    y = layers.Dense(x.shape[-1], activation="sigmoid")(layers.Dense(3, activation="relu")(y))
    return layers.Multiply()([x, layers.Reshape((1, 1, x.shape[-1]))(y)])


def nested(draw, x, made, reused):
    source = keras.Input(x.shape[1:])
    inside = layers.Conv2D(draw(st.integers(2, 4)), 1, activation="relu")(source)
    model = keras.Model(source, layers.Conv2D(draw(st.integers(2, 5)), 1)(inside))
    reused.append((model, x.shape[-1]))
    return model(x)


def frozen(draw, x, made, reused):
    """What mixes channels in a way that only freezing keeps right."""
    kinds = [layers.LayerNormalization, lambda: layers.GroupNormalization(1)]
    kinds += [layers.Softmax] if x.shape[-1] > 1 else []  # Keras warns of a softmax of one value
    return draw(st.sampled_from(kinds))()(x)


STEPS = [
    *(convolution, convolution, convolution, shared, depthwise, normalization, pointwise, pooling, merged, operators),
    *(concatenated, side_by_side, gate, nested, frozen),
]


def pooled_end(draw, made):
    x = layers.GlobalMaxPooling2D()(made[-1])
    return layers.Dense(3)(layers.Dense(4, activation="relu")(x))


def flat_end(draw, made):
    return layers.Dense(3)(layers.Flatten()(made[-1]))


def several_ends(draw, made):
    return [made[-1], layers.Dense(2)(layers.GlobalAveragePooling2D()(draw(st.sampled_from(made))))]


ENDS = [pooled_end, pooled_end, flat_end, several_ends]
