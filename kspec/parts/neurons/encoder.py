"""KerasHub's TransformerEncoder, written out in Keras' own layers: with these it can have fewer heads.

The class derives the size of a head from the width and the number of heads, so it cannot lose one.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kspec.parts.neurons.rules.attention import inside


def is_encoder(layer: Any) -> bool:
    """Whether a layer is KerasHub's TransformerEncoder itself."""
    kind = type(layer)
    return kind.__module__.startswith("keras_hub.src.layers.") and kind.__name__ == "TransformerEncoder"


class Unrolled:
    """The layers of an encoder with another number of heads and units. Calling it adds them to the graph.

    pairs: the old and the new layers, for their weights.
    """

    def __init__(self, encoder: Any, heads: int, units: int) -> None:
        attention, first, second = inside(encoder)
        self._normalize_first = encoder.normalize_first
        self._attention = _copy(encoder, attention, num_heads=heads)
        self._first, self._second = _copy(encoder, first, units=units), _copy(encoder, second)
        self._attention_norm = _copy(encoder, encoder._self_attention_layer_norm)
        self._norm = _copy(encoder, encoder._feedforward_layer_norm)
        self._attention_dropout = _copy(encoder, encoder._self_attention_dropout)
        self._dropout = _copy(encoder, encoder._feedforward_dropout)
        add = {"dtype": encoder.dtype_policy}
        self._adds = [keras.layers.Add(name=f"{encoder.name}_{tag}_add", **add) for tag in ("attention", "feedforward")]
        self.pairs: list[tuple[Any, Any]] = [
            (attention, self._attention),
            (first, self._first),
            (second, self._second),
            (encoder._self_attention_layer_norm, self._attention_norm),
            (encoder._feedforward_layer_norm, self._norm),
            (encoder._self_attention_dropout, self._attention_dropout),
            (encoder._feedforward_dropout, self._dropout),
        ]

    def __call__(self, inputs: Any, padding_mask: Any = None, attention_mask: Any = None, **kwargs: Any) -> Any:
        """The encoder's outputs, as its own `call` computes them."""
        mask = None if padding_mask is None else ops.expand_dims(ops.cast(padding_mask, "bool"), 1)
        if attention_mask is not None:
            given = ops.cast(attention_mask, "bool")
            mask = given if mask is None else ops.logical_and(mask, given)
        x = self._attention_norm(inputs) if self._normalize_first else inputs
        x = self._attention_dropout(self._attention(x, x, attention_mask=mask, **kwargs))
        x = residual = self._after(self._adds[0]([x, inputs]), self._attention_norm)
        x = self._norm(x) if self._normalize_first else x
        x = self._dropout(self._second(self._first(x)))
        return self._after(self._adds[1]([x, residual]), self._norm)

    def _after(self, x: Any, norm: Any) -> Any:
        return x if self._normalize_first else norm(x)


def _copy(encoder: Any, layer: Any, **changes: Any) -> Any:
    config = {**layer.get_config(), "name": f"{encoder.name}_{layer.name}", **changes}
    return type(layer).from_config(config)
