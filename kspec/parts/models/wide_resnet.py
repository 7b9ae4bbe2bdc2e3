"""Wide residual networks."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from kspec.parts.models.ends import predictions, standardized
from kspec.parts.models.residual import Blocks, nearest_depths


def WideResNet(
    input_shape: Sequence[int],
    units: int,
    output_activation: str = "softmax",
    *,
    depth: int = 16,
    width: int = 4,
    dropout: float = 0.0,
    batch_norm: bool = True,
    name: str = "wide_resnet",
) -> keras.Model:
    """WRN-depth-width: a pre-activation ResNet with few layers of many channels (16, 32, 64 times `width`).

    Source: Zagoruyko and Komodakis, arXiv:1605.07146, table 1.
    Pixels are standardised per channel: call `adapt_model(model, images)` before training.

    input_shape: (height, width, channels), of any size. units: outputs. output_activation: softmax, sigmoid or linear.
    depth: 6n + 4 layers with weights. width: the factor k.
    dropout: rate between the convolutions of each block; the paper uses 0.3. batch_norm: without it each block starts
        as the identity.
    Raises ValueError for another depth.

    Example:
        model = WideResNet((32, 32, 3), 10, depth=16, width=4)
    """
    if depth < 10 or (depth - 4) % 6:
        raise ValueError(f"the depth of a WideResNet is 6n + 4, such as {nearest_depths(depth, 4)}, not {depth}")
    blocks = Blocks("projection", dropout, batch_norm)
    inputs = keras.Input(tuple(input_shape), name="image")
    x = blocks.convolution(standardized(inputs), 16, "stem_conv")
    for stage in range(3):
        for number in range((depth - 4) // 6):
            stride = 2 if stage and number == 0 else 1
            x = blocks.preactivated(x, 16 * 2**stage * width, stride, f"stage{stage + 1}_block{number + 1}")
    x = blocks.activated(x, "final", 1)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, predictions(x, units, output_activation), name=name)
