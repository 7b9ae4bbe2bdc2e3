"""A small residual network that reaches its accuracy in few epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from kspec.parts.activations import gelu
from kspec.parts.initializers import PartialIdentity
from kspec.parts.layers.batch_normalization import FusedBatchNormalization
from kspec.parts.layers.whitening import WhiteningConv2D


def FastResNet(
    input_shape: Sequence[int],
    units: int,
    output_activation: str = "softmax",
    *,
    widths: Sequence[int] = (64, 256, 256),
    activation: str | Callable[[Any], Any] = "gelu",
    whitening: bool = True,
    batch_norm: bool = True,
    batch_norm_momentum: float = 0.6,
    dropout: float = 0.0,
    output_scale: float = 1 / 9,
    seed: int | None = None,
    name: str = "fast_resnet",
) -> keras.Model:
    """A residual image classifier made for short training: about ten epochs to 93 % on CIFAR-10.

    Pixels are standardised per channel, whitened by a fixed 2x2 convolution, and pass one group per width:
    conv 3x3, max-pool 2, batch norm, activation, conv 3x3, batch norm, plus the skip connection, activation. The
    largest value of each channel goes to a dense layer without bias. Before training call `adapt_model(model, images)`.

    Source: K. Jordan, arXiv:2404.00498 (the network of airbench94), with the identity skip of its larger variant.

    input_shape: (height, width, channels); raw pixels of any range, uint8 or float.
    units: the number of outputs. output_activation: "softmax", "sigmoid" or "linear", in float32.
    widths: channels of each group. activation: a Keras name or a function.
    whitening: begin with WhiteningConv2D. batch_norm: without it the convolutions have biases.
    batch_norm_momentum: 0.6, as the moving statistics must follow a short training.
    dropout: rate before the dense layer. output_scale: factor on the logits, before the output activation.
    seed: of the initial weights and dropout.
    Raises ValueError if the images are too small for this many groups.

    Example:
        model = FastResNet((32, 32, 3), 10)
        adapt_model(model, train_images[:5000])
    """
    needed = 2 ** len(widths) + int(whitening)
    if min(input_shape[:2]) < needed:
        message = f"{len(widths)} groups need images of at least {needed} pixels a side"
        raise ValueError(f"{message}, not {tuple(input_shape)}")
    act = gelu if activation == "gelu" else activation
    seeds = _Seeds(seed)
    inputs = keras.Input(tuple(input_shape), name="image")
    # float32: bfloat16 has 8 significant bits, too few for pixels that whitening then amplifies.
    x = keras.layers.Normalization(name="standardize", dtype="float32")(inputs)
    if whitening:
        x = WhiteningConv2D(name="whiten", dtype="float32")(x)
        x = keras.layers.Activation(act, name="whiten_activation")(x)
    for number, width in enumerate(widths, start=1):
        group = _Group(f"group{number}", width, act, batch_norm, batch_norm_momentum, seeds)
        x = group.residual(group.shrink(x))
    x = keras.layers.GlobalMaxPooling2D(name="pool")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, seed=seeds.next(), name="dropout")(x)
    head = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed=seeds.next())
    x = keras.layers.Dense(units, use_bias=False, kernel_initializer=head, dtype="float32", name="head")(x)
    x = keras.layers.Rescaling(output_scale, dtype="float32", name="logits")(x)
    outputs = keras.layers.Activation(output_activation, dtype="float32", name="predictions")(x)
    return keras.Model(inputs, outputs, name=name)


class _Seeds:
    """One seed after another: all None, or seed, seed + 1, ..."""

    def __init__(self, seed: int | None) -> None:
        self._seed = seed

    def next(self) -> int | None:
        if self._seed is None:
            return None
        self._seed += 1
        return self._seed


class _Group:
    """The two halves of one group of layers, all named after it."""

    def __init__(
        self, name: str, width: int, activation: Any, batch_norm: bool, momentum: float, seeds: _Seeds
    ) -> None:
        self._name, self._width, self._activation = name, width, activation
        self._batch_norm, self._momentum, self._seeds = batch_norm, momentum, seeds

    def shrink(self, x: Any) -> Any:
        x = self._convolution(1)(x)
        x = keras.layers.MaxPooling2D(2, name=f"{self._name}_pool")(x)
        return self._activate(1, self._normalize(1, x))

    def residual(self, x: Any) -> Any:
        y = self._normalize(2, self._convolution(2)(x))
        return self._activate(2, keras.layers.Add(name=f"{self._name}_skip")([y, x]))

    def _convolution(self, number: int) -> keras.layers.Layer:
        return keras.layers.Conv2D(
            self._width,
            3,
            padding="same",
            use_bias=not self._batch_norm,
            kernel_initializer=PartialIdentity(seed=self._seeds.next()),
            name=f"{self._name}_conv{number}",
        )

    def _normalize(self, number: int, x: Any) -> Any:
        if not self._batch_norm:
            return x
        return FusedBatchNormalization(
            momentum=self._momentum, epsilon=1e-5, scale=False, name=f"{self._name}_norm{number}"
        )(x)

    def _activate(self, number: int, x: Any) -> Any:
        return keras.layers.Activation(self._activation, name=f"{self._name}_activation{number}")(x)
