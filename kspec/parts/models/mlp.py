"""A multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from kspec.parts.models.ends import predictions, standardized


def MLP(
    input_shape: Sequence[int],
    units: int,
    output_activation: str = "softmax",
    *,
    hidden: Sequence[int] = (256, 128),
    activation: str = "relu",
    dropout: float = 0.0,
    batch_norm: bool = False,
    name: str = "mlp",
) -> keras.Model:
    """Fully connected layers, each followed by batch normalization, activation and dropout.

    input_shape: of one example; (features,) is taken as it is, images (height, width, channels) are standardised per
        channel (call `adapt_model` before training), and more than one axis is flattened.
    units: outputs. output_activation: softmax, sigmoid or linear.
    hidden: units of each hidden layer; with an empty list the model is linear.
    activation: a Keras name. dropout: rate after each hidden layer. batch_norm: normalise before each activation.

    Example:
        model = MLP((64,), 10, hidden=[128], dropout=0.2)
    """
    inputs = keras.Input(tuple(input_shape), name="features")
    x = standardized(inputs) if len(input_shape) == 3 else inputs
    if len(input_shape) != 1:
        x = keras.layers.Flatten(name="flatten")(x)
    for number, width in enumerate(hidden, start=1):
        x = keras.layers.Dense(width, use_bias=not batch_norm, kernel_initializer="he_normal", name=f"dense{number}")(x)
        if batch_norm:
            x = keras.layers.BatchNormalization(name=f"norm{number}")(x)
        x = keras.layers.Activation(activation, name=f"activation{number}")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
    return keras.Model(inputs, predictions(x, units, output_activation), name=name)
