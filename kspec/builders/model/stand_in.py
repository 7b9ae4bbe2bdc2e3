"""A small random network in the place of a KerasHub preset that is not at hand: for smoke runs alone."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import keras_hub

from kspec.parts.layers.byte_inputs import ByteInputs
from kspec.spec.data import Text

BYTES = 256
"""Tokens: the bytes of a text. Byte 0, which stands in no text, is padding."""
SMALL: dict[str, int] = {
    "vocabulary_size": BYTES,
    "num_layers": 2,
    **dict.fromkeys(("num_heads", "num_query_heads", "num_key_value_heads", "num_attention_heads"), 2),
    **dict.fromkeys(("head_dim", "head_size"), 8),
    "hidden_dim": 16,
    "embedding_dim": 16,
    "intermediate_dim": 32,
}
"""What the backbones of text call their sizes -> a small one."""
READ = frozenset(("token_ids", "padding_mask", "segment_ids"))


def small_random(task: Any, presets: Sequence[str], text: Text, arguments: dict[str, Any]) -> tuple[Any, str] | None:
    """A task of the same architecture, small and random, and a sentence that says so; None where there is none.

    The architecture is that of the first preset whose name KerasHub knows, or the task's own. What the preset of a
    folder or of a handle holds cannot be known without it: a task that takes any backbone gets BERT's then.

    task: a class of KerasHub's text classifiers. presets: as in the spec. arguments: of `task.from_preset`.
    """
    backbone, sure = _architecture(task, presets)
    made, maker = _small(backbone, text), _maker(task, backbone)
    if made is None or maker is None:
        return None
    given = {key: value for key, value in arguments.items() if key not in ("load_weights", "dtype", "image_shape")}
    model = maker(backbone=made, preprocessor=ByteInputs(sorted(made.input), text.sequence_length), **given)
    why = "" if sure else "; the preset's own architecture is not known without it"
    which = f"{presets[0]} is" if len(presets) == 1 else f"none of {', '.join(presets)} is"
    return model, f"{which} not at hand: a small random {backbone.__name__} takes its place{why}"


def _architecture(task: Any, presets: Sequence[str]) -> tuple[Any, bool]:
    """The class of the backbone, and whether it is the preset's own."""
    if task.backbone_cls is not None:
        return task.backbone_cls, True
    backbones = [one for one in vars(keras_hub.models).values() if _is_backbone(one)]
    for preset in presets:
        # A class has the presets of its subclasses too: Llama those of Llama 3.
        found = [one for one in backbones if preset in one.presets]
        if found:
            return max(found, key=lambda one: len(one.__mro__)), True
    return keras_hub.models.BertBackbone, False


def _maker(task: Any, backbone: Any) -> Any:
    """The class to construct: for KerasHub's TextClassifier, which stands for all, the one of this backbone."""
    if task is not keras_hub.models.TextClassifier:
        return task
    known = vars(keras_hub.models).values()
    tasks: list[Any] = [one for one in known if inspect.isclass(one) and issubclass(one, task)]
    return next((one for one in tasks if one.backbone_cls is backbone), None)


def _is_backbone(one: Any) -> bool:
    return inspect.isclass(one) and issubclass(one, keras_hub.models.Backbone) and one is not keras_hub.models.Backbone


def _small(backbone: Any, text: Text) -> Any:
    """A small backbone with random weights; None for one that has other sizes or reads something else than texts."""
    takes = inspect.signature(backbone).parameters
    required = [name for name, one in takes.items() if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    if not set(required) <= SMALL.keys():
        return None
    length = {"max_sequence_length": text.sequence_length} if "max_sequence_length" in takes else {}
    made = backbone(**{name: SMALL[name] for name in required}, **length)
    return made if isinstance(made.input, dict) and made.input.keys() <= READ else None
