"""Features of a network from the same forward pass that gives its output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from kspec.parts.distillation.losses import AttentionTransfer, FeatureDistillation

FeatureLoss = FeatureDistillation | AttentionTransfer


def with_features(model: keras.Model, layers: Sequence[str], whose: str) -> keras.Model:
    """The network with the outputs of some of its layers beside its own: [output, feature, ...]; it shares the weights.

    Raises:
        ValueError: the network is no graph of layers (subclassed), or has no layer of that name of its own.
    """
    if not getattr(model, "inputs", None):
        raise ValueError(f"the {whose} is no functional or sequential network: the outputs of its layers are not known")
    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    return keras.Model(inputs, [model.outputs[0], *(_output(model, name, whose) for name in layers)])


def _output(model: keras.Model, name: str, whose: str) -> Any:
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ValueError(f"the {whose} has no layer {name!r}; it has {', '.join(names)}")
    output = model.get_layer(name).output
    if not keras.backend.is_keras_tensor(output):
        raise ValueError(f"the layer {name!r} of the {whose} has several outputs")
    return output


def check_shapes(loss: FeatureLoss, teacher: Any, student: Any) -> None:
    """Raises ValueError unless features of these shapes, (batch, ..., channels), can be compared."""
    theirs, ours = tuple(teacher)[1:], tuple(student)[1:]
    name = type(loss).__name__
    pair = (
        f"{loss.teacher_layer_name!r} of the teacher gives {theirs}, {loss.student_layer_name!r} of the student {ours}"
    )
    if len(theirs) != len(ours) or not theirs:
        raise ValueError(f"{name}: {pair}: they need as many axes")
    if isinstance(loss, AttentionTransfer):
        if len(theirs) < 2 or None in theirs[:-1] + ours[:-1]:
            raise ValueError(f"{name}: {pair}: a map needs axes of positions, of known sizes")
        sizes = list(zip(theirs[:-1], ours[:-1], strict=True))
        if any(max(sizes_) % min(sizes_) for sizes_ in sizes) or not (
            all(a >= b for a, b in sizes) or all(a <= b for a, b in sizes)
        ):
            raise ValueError(f"{name}: {pair}: one map must be a whole number of times as large as the other")
    elif theirs[:-1] != ours[:-1]:
        raise ValueError(f"{name}: {pair}: positions must agree; AttentionTransfer can average them")
    elif theirs[-1] != ours[-1] and loss.projection is False:
        raise ValueError(f"{name}: {pair}: other widths need a projection")


def projection_for(loss: FeatureLoss, teacher: Any, student: Any, policy: Any) -> keras.layers.Layer | None:
    """The trained linear map from the student's width to the teacher's, built; None where none is needed.

    teacher, student: shapes (batch, ..., channels). policy: the dtype policy of the student.
    """
    if loss.projection is False or (loss.projection is None and teacher[-1] == student[-1]):
        return None
    layer = keras.layers.Dense(teacher[-1], dtype=policy, name=f"projection_of_{loss.student_layer_name}")
    layer.build(tuple(student))
    return layer
