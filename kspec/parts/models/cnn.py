"""A plain convolutional network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras

from kspec.parts.layers.batch_normalization import FusedBatchNormalization
from kspec.parts.models.ends import predictions, standardized


def CNN(
    input_shape: Sequence[int],
    units: int,
    output_activation: str = "softmax",
    *,
    filters: Sequence[int] = (32, 64, 128),
    kernel_size: int = 3,
    convolutions: int = 1,
    activation: str = "relu",
    pooling: Literal["max", "average"] = "max",
    global_pooling: Literal["average", "max", "flatten"] = "average",
    dense: Sequence[int] = (),
    dropout: float = 0.0,
    batch_norm: bool = True,
    name: str = "cnn",
) -> keras.Model:
    """Stages of convolutions, each stage ended by a pooling that halves the image, then dense layers.

    Pixels are standardised per channel: call `adapt_model(model, images)` before training.

    input_shape: (height, width, channels), of any size. units: outputs. output_activation: softmax, sigmoid or linear.
    filters: channels of each stage. kernel_size: of every convolution. convolutions: how many a stage.
    activation: a Keras name. pooling: at the end of each stage. global_pooling: from the last stage to a vector.
    dense: units of the dense layers before the output. dropout: rate after each stage and dense layer.
    batch_norm: normalise before each activation.

    Example:
        model = CNN((28, 28, 1), 10, filters=[32, 64], dropout=0.2)
    """
    block = _Block(activation, batch_norm)
    inputs = keras.Input(tuple(input_shape), name="image")
    x = standardized(inputs)
    for stage, width in enumerate(filters, start=1):
        for number in range(1, convolutions + 1):
            tag = f"stage{stage}_{number}"
            convolution = keras.layers.Conv2D(
                width,
                kernel_size,
                padding="same",
                use_bias=not batch_norm,
                kernel_initializer="he_normal",
                name=f"{tag}_conv",
            )
            x = block.finish(convolution(x), tag)
        x = POOLING[pooling](2, padding="same", name=f"stage{stage}_pool")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"stage{stage}_dropout")(x)
    x = GLOBAL_POOLING[global_pooling](name="pool")(x)
    for number, width in enumerate(dense, start=1):
        tag = f"dense{number}"
        x = keras.layers.Dense(width, use_bias=not batch_norm, kernel_initializer="he_normal", name=tag)(x)
        x = block.finish(x, tag)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"{tag}_dropout")(x)
    return keras.Model(inputs, predictions(x, units, output_activation), name=name)


POOLING = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
GLOBAL_POOLING = {
    "average": keras.layers.GlobalAveragePooling2D,
    "max": keras.layers.GlobalMaxPooling2D,
    "flatten": keras.layers.Flatten,
}


class _Block:
    """What follows every linear layer: batch normalization if wanted, and the activation."""

    def __init__(self, activation: str, batch_norm: bool) -> None:
        self._activation, self._batch_norm = activation, batch_norm

    def finish(self, x: Any, tag: str) -> Any:
        if self._batch_norm:
            x = FusedBatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{tag}_norm")(x)
        return keras.layers.Activation(self._activation, name=f"{tag}_activation")(x)
