"""Functions that act on every value alone, and so leave channels as they are."""

from __future__ import annotations

from typing import Any

import keras

from kspec.parts.activations import gelu
from kspec.parts.neurons.channels import Flow
from kspec.parts.neurons.rules.call import Call, axes_of

MIXING = ("softmax", "log_softmax", "sparsemax", "glu", "get", "serialize", "deserialize")
"""Names in keras.activations that are no functions of one value."""

POINTWISE = frozenset(
    [getattr(keras.activations, name) for name in dir(keras.activations) if name not in MIXING and name[0] != "_"]
    + [gelu]
)

POINTWISE_LAYERS = (keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.ELU)


def is_pointwise(function: Any) -> bool:
    """Whether an activation (a function, a layer, or None) is known to act on every value alone."""
    if function is None:
        return True
    if isinstance(function, POINTWISE_LAYERS):
        return True
    name = getattr(function, "__name__", "")
    # KerasHub's own name for the approximate GELU.
    return function in POINTWISE or (name == "gelu_approximate" and function.__module__.startswith("keras_hub."))


def after(call: Call, tokens: Any) -> None:
    """Freezes the outputs of a layer whose `activation` may mix channels."""
    function = getattr(call.layer, "activation", None)
    if not is_pointwise(function):
        call.freeze(tokens, f"the activation {label(function)} may mix channels")


def activation(call: Call) -> list[Flow]:
    """keras.layers.Activation."""
    flow = call.inputs[0]
    after(call, flow.tokens)
    return [flow]


def softmax(call: Call) -> list[Flow]:
    """A softmax over the channels freezes them; over another axis it lets them pass."""
    flow = call.inputs[0]
    if flow.axis is not None and flow.axis in axes_of(call.layer.axis, len(call.shape)):
        call.freeze(flow.tokens, "a softmax over the channels")
    call.freeze_inputs(f"{call.name}: a mask", but=[flow])
    return [flow]


def prelu(call: Call) -> list[Flow]:
    """PReLU has a slope for each channel, unless that axis is shared."""
    flow, alpha = call.inputs[0], call.layer.alpha
    if flow.axis is not None and alpha.shape[flow.axis - 1] == len(flow.tokens) > 1:
        call.slot(alpha, flow.axis - 1, flow.tokens, "other")
    elif flow.axis is not None and alpha.shape[flow.axis - 1] != 1:
        call.freeze(flow.tokens, "its slopes lie along another axis")
    return [flow]


def label(function: Any) -> str:
    """How a message calls an activation."""
    return str(getattr(function, "__name__", type(function).__name__))
