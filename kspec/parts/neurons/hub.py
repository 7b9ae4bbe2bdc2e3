"""KerasHub's backbones and tasks: classes whose constructors make the graph, kept where they can express the result."""

from __future__ import annotations

from typing import Any

import keras

from kspec.parts.neurons.encoder import is_encoder
from kspec.parts.neurons.transfer import Transfer


def as_hub_model(old: Any, new: Any, made: dict[int, Any], transfer: Transfer) -> Any:
    """The rebuilt functional model as an object of the old one's class, or as it is where that cannot be.

    A backbone can be one if it has the same layers but for dropped encoders, and its encoders are of one width; a task
    if its own backbone was rebuilt. made: id of an old layer or model -> the new one. transfer: is told where the
    weights go.
    """
    if not type(old).__module__.startswith("keras_hub.") and not hasattr(old, "backbone"):
        return new
    if getattr(old, "backbone", None) is not None and id(old.backbone) in made:
        config = {**_own_config(old), "backbone": made[id(old.backbone)], "preprocessor": old.preprocessor}
    else:
        config = _backbone_config(old, new)
    if not config:
        return new
    other = type(old).from_config(config)
    return _settled(new, other, transfer)


def _own_config(task: Any) -> dict[str, Any]:
    return {key: value for key, value in task.get_config().items() if key not in ("backbone", "preprocessor")}


def _backbone_config(old: Any, new: Any) -> dict[str, Any]:
    """The constructor's arguments for a backbone of the new sizes; empty where it has none for them."""
    config: dict[str, Any] = old.get_config()
    encoders = [layer for layer in new.layers if is_encoder(layer)]
    widths = {layer.intermediate_dim for layer in encoders}
    if len(widths) != 1 or not {"num_layers", "intermediate_dim"} <= set(config):
        return {}
    return {**config, "num_layers": len(encoders), "intermediate_dim": widths.pop()}


def _settled(new: Any, other: Any, transfer: Transfer) -> Any:
    """`other` if its layers are those of `new` one by one, and then the weights go to it."""
    ours, theirs = (
        [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)] for model in (new, other)
    )
    same = [type(layer) for layer in ours] == [type(layer) for layer in theirs]
    shapes = [[tuple(v.shape) for v in layer.variables] for layer in ours]
    if not same or shapes != [[tuple(v.shape) for v in layer.variables] for layer in theirs]:
        return new
    transfer.replace({id(one): two for one, two in zip(ours, theirs, strict=True)})
    return other
