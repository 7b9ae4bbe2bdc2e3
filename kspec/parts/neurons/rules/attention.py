"""Attention: heads that can be removed, in keras.layers.MultiHeadAttention and in KerasHub's TransformerEncoder."""

from __future__ import annotations

from typing import Any

from kspec.parts.neurons.channels import Flow, Tokens
from kspec.parts.neurons.rules.activation import is_pointwise, label
from kspec.parts.neurons.rules.call import Call


def multi_head_attention(call: Call) -> list[Flow]:
    """A head is a slice of the query, key and value kernels (width, heads, size) and of the output kernel."""
    layer, query, value = call.layer, call.argument("query", 0), call.argument("value", 1)
    key = call.argument("key", 2)
    key = value if key is None else key
    read = [call.flow(tensor) for tensor in (query, value, key)]
    call.freeze_inputs(f"{call.name}: a mask", but=read)
    if any(len(t.shape) != 3 for t in (query, value, key)) or len(layer._output_shape or (1,)) > 1:
        return call.frozen("only sequences (batch, steps, channels) are supported")
    q, v, k = (call.along(flow, 2, tensor.shape[2]) for flow, tensor in zip(read, (query, value, key), strict=True))
    heads = call.channels.fresh(layer.num_heads)
    if layer._output_shape:
        made = call.channels.fresh(layer._output_shape[0])
        call.edit(("output_shape", 0), made)
    else:
        made = q  # Keras makes as many outputs as the query has channels
    attention_slots(call, layer, (q, k, v), heads, made)
    call.edit(("num_heads",), heads)
    call.inner(query=q, key=k, value=v, heads=heads)
    if len(call.node.outputs) > 1:
        call.freeze(heads, "its attention scores are an output")
    return [Flow(2, made), *(Flow(1, heads) for _ in call.node.outputs[1:])]


def attention_slots(call: Call, layer: Any, read: tuple[Tokens, Tokens, Tokens], heads: Tokens, made: Tokens) -> None:
    """The slots of a MultiHeadAttention, which may be inside the call's layer."""
    q, k, v = read
    projections = [(layer._query_dense, q), (layer._key_dense, k), (layer._value_dense, v)]
    if getattr(layer, "_use_gate", False):
        projections.append((layer._gate_dense, q))
    for dense, tokens in projections:
        call.slot(dense.kernel, 0, tokens, "in")
        call.slot(dense.kernel, 1, heads, "out", "/heads")
        call.slot(dense.bias, 0, heads, "other")
    call.slot(layer._output_dense.kernel, 0, heads, "in")
    call.slot(layer._output_dense.kernel, 2, made, "out")
    call.slot(layer._output_dense.bias, 0, made, "other")


def attention_work(call: Call, outputs: list[Flow]) -> None:
    """Projections, scores and the weighted sum."""
    if id(call.layer) in call.structure.inner:
        target, source = call.shape[1], call.argument("value", 1).shape[1]
        tokens = {name: call.noted(name) for name in ("query", "key", "value", "heads")}
        _attention(call, call.layer, target, source, tokens, outputs[0].tokens)


def _attention(
    call: Call, layer: Any, target: int | None, source: int | None, tokens: dict[str, Tokens], made: Tokens
) -> None:
    heads, size, value_size = tokens["heads"], layer.key_dim, layer.value_dim
    call.macs([target], tokens["query"], heads, factor=size)
    call.macs([source], tokens["key"], heads, factor=size)
    call.macs([source], tokens["value"], heads, factor=value_size)
    call.macs([target, source], heads, factor=size + value_size)
    call.macs([target], heads, made, factor=value_size)
    if getattr(layer, "_use_gate", False):
        call.macs([target], tokens["query"], heads, factor=value_size)


def transformer_encoder(call: Call) -> list[Flow]:
    """KerasHub's TransformerEncoder: the units between its two dense layers, and its heads. Its width is frozen, as
    it normalises over it."""
    layer = call.layer
    width = call.inputs[0].tokens
    call.freeze_inputs(f"{call.name} (TransformerEncoder) normalises over the channels")
    attention, first, second = inside(layer)
    heads, units = call.channels.fresh(layer.num_heads), call.channels.fresh(layer.intermediate_dim)
    attention_slots(call, attention, (width, width, width), heads, width)
    call.slot(first.kernel, 0, width, "in")
    call.slot(first.kernel, 1, units, "out", "/units")
    call.slot(first.bias, 0, units, "other")
    call.slot(second.kernel, 0, units, "in")
    call.edit(("intermediate_dim",), units)
    call.edit(("num_heads",), heads)
    call.inner(heads=heads, units=units)
    if not is_pointwise(layer.activation):
        call.freeze(units, f"the activation {label(layer.activation)} may mix units")
    if len(call.node.outputs) > 1:
        call.freeze(heads, "its attention scores are an output")
    return [call.inputs[0], *(Flow(1, heads) for _ in call.node.outputs[1:])]


def encoder_work(call: Call, outputs: list[Flow]) -> None:
    """Attention of the sequence with itself, and two dense layers."""
    steps, width = call.shape[1], call.inputs[0].tokens
    heads, units = call.noted("heads"), call.noted("units")
    tokens = {"query": width, "key": width, "value": width, "heads": heads}
    _attention(call, inside(call.layer)[0], steps, steps, tokens, width)
    call.macs([steps], width, units, factor=2)


def inside(encoder: Any) -> tuple[Any, Any, Any]:
    """The attention and the two dense layers of a TransformerEncoder."""
    return (
        encoder._self_attention_layer,
        encoder._feedforward_intermediate_dense,
        encoder._feedforward_output_dense,
    )
