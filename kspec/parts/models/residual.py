"""The residual blocks that ResNet and WideResNet are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import keras

from kspec.parts.layers.batch_normalization import FusedBatchNormalization


@dataclass(frozen=True)
class Blocks:
    """How every block of a network is made; its methods add layers to a tensor (batch, height, width, channels).

    shortcut: `identity` subsamples and pads with zero channels (option A of arXiv:1512.03385, no weights),
        `projection` is a 1x1 convolution wherever the shape changes (option B).
    dropout: rate between the two convolutions of a block (arXiv:1605.07146, section 2.4).
    batch_norm: without it convolutions have biases and the last one of each block starts at zero, so that the block
        starts as the identity and the signal does not grow from block to block (De & Smith 2020, arXiv:2002.10444).
    """

    shortcut: Literal["identity", "projection"]
    dropout: float
    batch_norm: bool

    def convolution(self, x: Any, filters: int, name: str, stride: int = 1, kernel: int = 3, last: bool = False) -> Any:
        """A convolution with He initialisation (arXiv:1502.01852)."""
        start = "zeros" if last and not self.batch_norm else "he_normal"
        return keras.layers.Conv2D(
            filters,
            kernel,
            strides=stride,
            padding="same",
            use_bias=not self.batch_norm,
            kernel_initializer=start,
            name=name,
        )(x)

    def normalized(self, x: Any, name: str) -> Any:
        """Batch normalization, if there is any."""
        return FusedBatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x) if self.batch_norm else x

    def activated(self, x: Any, tag: str, number: int) -> Any:
        """Batch normalization and ReLU."""
        x = self.normalized(x, f"{tag}_norm{number}")
        return keras.layers.Activation("relu", name=f"{tag}_relu{number}")(x)

    def original(self, x: Any, filters: int, stride: int, tag: str) -> Any:
        """conv, norm, ReLU, conv, norm, add, ReLU (arXiv:1512.03385, figure 2)."""
        y = self.activated(self.convolution(x, filters, f"{tag}_conv1", stride), tag, 1)
        y = self.normalized(self.convolution(self._dropped(y, tag), filters, f"{tag}_conv2", last=True), f"{tag}_norm2")
        skip = x
        if self._changes(x, filters, stride):
            skip = self._skip(x, filters, stride, tag)
            skip = self.normalized(skip, f"{tag}_skip_norm") if self.shortcut == "projection" else skip
        y = keras.layers.Add(name=f"{tag}_add")([y, skip])
        return keras.layers.Activation("relu", name=f"{tag}_relu2")(y)

    def preactivated(self, x: Any, filters: int, stride: int, tag: str) -> Any:
        """norm, ReLU, conv, norm, ReLU, conv, add (arXiv:1603.05027, figure 4e)."""
        before = self.activated(x, tag, 1)
        y = self.activated(self.convolution(before, filters, f"{tag}_conv1", stride), tag, 2)
        y = self.convolution(self._dropped(y, tag), filters, f"{tag}_conv2", last=True)
        skip = x
        if self._changes(x, filters, stride):
            skip = self._skip(before if self.shortcut == "projection" else x, filters, stride, tag)
        return keras.layers.Add(name=f"{tag}_add")([y, skip])

    def _dropped(self, x: Any, tag: str) -> Any:
        return keras.layers.Dropout(self.dropout, name=f"{tag}_dropout")(x) if self.dropout else x

    @staticmethod
    def _changes(x: Any, filters: int, stride: int) -> bool:
        return bool(stride != 1 or x.shape[-1] != filters)

    def _skip(self, x: Any, filters: int, stride: int, tag: str) -> Any:
        if self.shortcut == "projection":
            return self.convolution(x, filters, f"{tag}_skip", stride, kernel=1)
        if stride != 1:
            x = keras.layers.MaxPooling2D(1, strides=stride, name=f"{tag}_subsample")(x)
        missing = filters - x.shape[-1]
        # Read as channels first, the last two axes are (width, channels): the padding goes to the channels.
        pad = keras.layers.ZeroPadding2D(
            ((0, 0), (missing // 2, missing - missing // 2)), data_format="channels_first", name=f"{tag}_widen"
        )
        return pad(x)


def nearest_depths(depth: int, offset: int) -> str:
    """The two depths 6n + offset next to `depth`, for an error message: "20 or 26"."""
    lower = max((depth - offset) // 6, 1) * 6 + offset
    return f"{lower} or {lower + 6}"
