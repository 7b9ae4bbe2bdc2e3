"""The literal table: kind of layer or function -> what it does to channels. What is not in it is frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from kspec.parts.layers.batch_normalization import FusedBatchNormalization
from kspec.parts.layers.sequence_pooling import SequencePooling
from kspec.parts.layers.token_embedding import TokenEmbedding
from kspec.parts.layers.whitening import WhiteningConv2D
from kspec.parts.neurons.rules import activation, attention, masks, merging, passing, recurrent, shaping, weights
from kspec.parts.neurons.rules.call import Rule, is_layer

_K = keras.layers


def _all(rule: Rule, *kinds: type) -> dict[type, Rule]:
    return dict.fromkeys(kinds, rule)


LAYERS: Mapping[type, Rule] = {
    _K.Dense: Rule(weights.dense, weights.dense_work),
    **_all(Rule(weights.convolution, weights.convolution_work), _K.Conv1D, _K.Conv2D, _K.Conv3D),
    **_all(
        Rule(weights.transposed, weights.transposed_work), _K.Conv1DTranspose, _K.Conv2DTranspose, _K.Conv3DTranspose
    ),
    **_all(Rule(weights.depthwise, weights.depthwise_work), _K.DepthwiseConv1D, _K.DepthwiseConv2D),
    **_all(Rule(weights.separable, weights.separable_work), _K.SeparableConv1D, _K.SeparableConv2D),
    WhiteningConv2D: Rule(weights.whitening, weights.whitening_work),
    **_all(Rule(weights.embedding), _K.Embedding, TokenEmbedding),
    **_all(Rule(passing.batch_normalization), _K.BatchNormalization, FusedBatchNormalization),
    **_all(
        Rule(passing.normalization_over_channels),
        *(_K.LayerNormalization, _K.GroupNormalization, _K.RMSNormalization, _K.UnitNormalization),
    ),
    _K.Normalization: Rule(passing.statistics),
    _K.Rescaling: Rule(passing.rescaling),
    _K.Activation: Rule(activation.activation),
    _K.Softmax: Rule(activation.softmax),
    _K.PReLU: Rule(activation.prelu),
    **_all(
        Rule(passing.passing),
        *(_K.ReLU, _K.LeakyReLU, _K.ELU, _K.Dropout, _K.SpatialDropout1D, _K.SpatialDropout2D, _K.SpatialDropout3D),
        *(_K.AlphaDropout, _K.GaussianDropout, _K.GaussianNoise, _K.ActivityRegularization, _K.Identity),
    ),
    **_all(
        Rule(passing.spatial),
        *(_K.MaxPooling1D, _K.MaxPooling2D, _K.MaxPooling3D),
        *(_K.AveragePooling1D, _K.AveragePooling2D, _K.AveragePooling3D),
        *(_K.UpSampling2D, _K.UpSampling3D, _K.UpSampling1D, _K.Cropping1D, _K.Cropping2D, _K.Cropping3D),
        *(_K.Resizing, _K.CenterCrop),
    ),
    **_all(Rule(passing.padding), _K.ZeroPadding1D, _K.ZeroPadding2D, _K.ZeroPadding3D),
    **_all(
        Rule(passing.global_pooling),
        *(_K.GlobalAveragePooling1D, _K.GlobalAveragePooling2D, _K.GlobalAveragePooling3D),
        *(_K.GlobalMaxPooling1D, _K.GlobalMaxPooling2D, _K.GlobalMaxPooling3D),
    ),
    SequencePooling: Rule(passing.steps_to_one),
    _K.Flatten: Rule(shaping.flatten),
    _K.Reshape: Rule(shaping.reshape),
    _K.Permute: Rule(shaping.permute),
    _K.RepeatVector: Rule(shaping.repeat_vector),
    **_all(Rule(merging.adding), _K.Add, _K.Subtract, _K.Average, _K.Maximum, _K.Minimum),
    _K.Multiply: Rule(merging.multiplying),
    _K.Concatenate: Rule(merging.concatenation),
    **_all(Rule(recurrent.recurrent, recurrent.recurrent_work), *recurrent.GATES),
    _K.Bidirectional: Rule(recurrent.bidirectional, recurrent.bidirectional_work),
    _K.MultiHeadAttention: Rule(attention.multi_head_attention, attention.attention_work),
}
"""Exact classes: a subclass may compute something else."""

FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("Add", "Subtract", "Maximum", "Minimum"), merging.adding),
    **dict.fromkeys(("Multiply", "Divide", "TrueDivide", "LogicalOr"), merging.multiplying),
    "Concatenate": merging.concatenation,
    **dict.fromkeys(("Mean", "Max", "Min", "Sum", "Amax", "Amin"), passing.reduction),
    "GetItem": passing.get_item,
    **dict.fromkeys(("Softmax", "LogSoftmax"), activation.softmax),
    **dict.fromkeys(
        (
            *("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Celu", "Gelu", "Silu", "Sigmoid", "LogSigmoid"),
            *("HardSigmoid", "HardSilu", "HardTanh", "Softplus", "Softsign", "Tanh", "Exp", "Log", "Log1p", "Sqrt"),
            *("Rsqrt", "Square", "Negative", "Absolute", "Abs", "Cast", "Erf", "Sin", "Cos", "Sign"),
            *("Reciprocal", "StopGradient", "ZerosLike", "OnesLike"),
        ),
        passing.passing,
    ),
    "Clip": passing.clip,
    "Any": masks.any_of,
}
"""Functions of keras.ops in a graph (`x + y` is one), by the name of their class."""

HUB: Mapping[str, Rule] = {
    "TransformerEncoder": Rule(attention.transformer_encoder, attention.encoder_work),
}
"""KerasHub's layers, by name: KerasHub is not imported for models without it."""


def rule_for(operation: Any) -> Rule | None:
    """The rule for a layer or function; None if there is none."""
    kind = type(operation)
    if not is_layer(operation):
        own = kind.__module__.startswith("keras.src.ops.")
        return Rule(FUNCTIONS[kind.__name__]) if own and kind.__name__ in FUNCTIONS else None
    if kind in LAYERS:
        return LAYERS[kind]
    hub = kind.__module__.startswith("keras_hub.src.layers.") and kind.__name__ in HUB
    return HUB[kind.__name__] if hub else None
