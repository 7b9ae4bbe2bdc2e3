"""The residual networks for small images of He et al."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import keras

from kspec.parts.models.ends import predictions, standardized
from kspec.parts.models.residual import Blocks, nearest_depths


def ResNet(
    input_shape: Sequence[int],
    units: int,
    output_activation: str = "softmax",
    *,
    depth: int = 20,
    version: Literal["v1", "v2"] = "v1",
    width: int = 16,
    shortcut: Literal["identity", "projection"] = "identity",
    dropout: float = 0.0,
    batch_norm: bool = True,
    name: str = "resnet",
) -> keras.Model:
    """The ResNet for CIFAR: three stages of n blocks of two 3x3 convolutions, at full, half and quarter size.

    Sources: arXiv:1512.03385, section 4.2 (v1: ResNet-20, 32, 44, 56, 110); arXiv:1603.05027 (v2: pre-activation).
    Pixels are standardised per channel: call `adapt_model(model, images)` before training.

    input_shape: (height, width, channels), of any size. units: outputs. output_activation: softmax, sigmoid or linear.
    depth: 6n + 2 layers with weights. version: activation after (v1) or before (v2) the convolutions.
    width: channels of the first stage, doubled at each of the next two.
    shortcut: `identity` (zero-padded, option A of the paper) or `projection` (1x1 convolution, option B).
    dropout: rate between the convolutions of each block. batch_norm: without it each block starts as the identity.
    Raises ValueError for another depth.

    Example:
        model = ResNet((32, 32, 3), 10, depth=20)
    """
    if depth < 8 or (depth - 2) % 6:
        raise ValueError(f"the depth of a ResNet is 6n + 2, such as {nearest_depths(depth, 2)}, not {depth}")
    blocks = Blocks(shortcut, dropout, batch_norm)
    block = blocks.original if version == "v1" else blocks.preactivated
    inputs = keras.Input(tuple(input_shape), name="image")
    x = blocks.convolution(standardized(inputs), width, "stem_conv")
    if version == "v1":
        x = blocks.activated(x, "stem", 1)
    for stage in range(3):
        for number in range((depth - 2) // 6):
            stride = 2 if stage and number == 0 else 1
            x = block(x, width * 2**stage, stride, f"stage{stage + 1}_block{number + 1}")
    if version == "v2":
        x = blocks.activated(x, "final", 1)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, predictions(x, units, output_activation), name=name)
