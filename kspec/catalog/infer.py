"""Which type an argument has, as far as its annotation, its name or its default surely tell."""

from __future__ import annotations

import ast
import inspect
from typing import Any

NAMES_BY_TYPE: dict[str, str] = {
    "component:activation|component:layer": "activation recurrent_activation",
    "component:layer": "layer backward_layer cell",
    "components:layer": "layers cells",
    "component:optimizer": "inner_optimizer",
    "number|component:schedule": "learning_rate after",
    "int": """
        units filters input_dim output_dim groups depth_multiplier num_heads key_dim value_dim head_dim num_query_heads
        num_key_value_heads num_classes classes patience cooldown start_from_epoch ema_overwrite_frequency
        gradient_accumulation_steps lora_rank seed num_thresholds top_k k class_id num_ops num_chains chain_depth bins
        ignore_class max_tokens output_sequence_length num_oov_indices num_bins height width power_iterations ns_steps
        n_class num_words num_mel_bins num_speculative_tokens
        """,
    "int|list": """
        kernel_size pool_size strides dilation_rate output_padding output_size size cropping padding axis axes
        shared_axes attention_axes
        """,
    "list": """
        target_shape dims boundaries values value_range target_class_ids input_shape image_shape bin_boundaries
        tile_grid_size vocabulary idf_weights
        """,
    "number": """
        rate momentum rho beta_1 beta_2 epsilon l1 l2 decay_rate decay_steps initial_learning_rate first_decay_steps
        stddev weight_decay clipnorm clipvalue global_clipnorm loss_scale_factor baseline min_delta min_lr
        initial_value_threshold precision recall sensitivity specificity warmup_target lora_alpha max_value
        """,
    "number|list": """
        factor height_factor width_factor x_factor y_factor brightness_factor contrast_factor saturation_factor
        hue_factor fill_value sigma offset scale thresholds alpha mean variance
        """,
    "string": """
        backup_dir bias_axes classifier_activation directory dtype equation filename filepath monitor name
        """,
    "string|list": "preset",
    "int|string": "save_freq update_freq",
    "int|bool": "verbose",
    "any": """
        weights standardize split ngrams oov_token mask_token profile_batch output_mode output_shape
        input_tensor pooling use_cudnn flash_attention bounding_box_format salt distribution
        """,
}
"""Type -> the argument names that have it wherever Keras uses them. Where a name has two meanings with two types
(`scale` of BatchNormalization is a boolean), a boolean default decides."""

ARGUMENT_TYPES: dict[str, str] = {name: found for found, names in NAMES_BY_TYPE.items() for name in names.split()}

SUFFIX_TYPES: dict[str, str] = {
    "_initializer": "component:initializer",
    "_regularizer": "component:regularizer",
    "_constraint": "component:constraint",
}

CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("layer", "data_format"): ("channels_last", "channels_first"),
    ("augmentation", "data_format"): ("channels_last", "channels_first"),
    ("callback", "mode"): ("auto", "min", "max"),
    ("metric", "average"): ("micro", "macro", "weighted"),
    ("loss", "reduction"): ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none"),
    ("layer", "padding"): ("valid", "same"),
    ("application", "pooling"): ("avg", "max"),
}
"""(kind, argument) -> the strings it takes."""

CHOICES_OF: dict[tuple[str, str], tuple[str, ...]] = {
    ("Conv1D", "padding"): ("valid", "same", "causal"),
    ("RandomFlip", "mode"): ("horizontal", "vertical", "horizontal_and_vertical"),
    ("Bidirectional", "merge_mode"): ("sum", "mul", "concat", "ave"),
    ("AUC", "curve"): ("ROC", "PR"),
    ("AUC", "summation_method"): ("interpolation", "minoring", "majoring"),
}
"""(name, argument) -> the strings it takes, where that is no matter of the kind."""


ANNOTATIONS: dict[str, str] = {
    "bool": "bool",
    "int": "int",
    "float": "number",
    "str": "string",
    "None": "null",
    "Sequence": "list",
    "list": "list",
    "tuple": "list",
    "Iterable": "list",
    "Callable": "",
    "Layer": "component:layer",
    "Initializer": "component:initializer",
    "Regularizer": "component:regularizer",
    "Constraint": "component:constraint",
    "Loss": "component:loss",
    "Optimizer": "component:optimizer",
    "LearningRateSchedule": "component:schedule",
}
"""Annotation without its brackets and its module -> type; "" for what a spec cannot hold."""


NULLABLE = ("name", "dtype", "reduction", "merge_mode", "window", "scaling")
"""Arguments that may be null though their default is not."""


def type_of(kind: str, name: str, parameter: inspect.Parameter) -> tuple[str, tuple[str, ...]]:
    """The type of an argument and the strings it may be (none: any string); "any" where nothing is surely known.

    The annotation goes first, then the tables, then the default. Where the tables know a component and the annotation
    says `str`, the argument takes the component's name.
    """
    argument, default = parameter.name, parameter.default
    choices, found = from_annotation(parameter.annotation)
    table = table_type(argument)
    if found and not choices and table.startswith("component"):
        names = table.split("|")[0].replace("component:", "name:")
        found = "|".join(names if word == "string" else word for word in found.split("|"))
    elif not found:
        choices = () if not_text(default) else CHOICES_OF.get((name, argument), CHOICES.get((kind, argument), ()))
        found = "string" if choices else from_default(default) if isinstance(default, bool) else table
        found = found or from_default(default)
    is_required = default is inspect.Parameter.empty
    nullable = default is None or argument in NULLABLE or (found.startswith("component") and not is_required)
    if nullable and found != "any" and "null" not in found.split("|"):
        found += "|null"
    return found, choices


def not_text(default: Any) -> bool:
    """Whether the default is a value that no string argument has."""
    return default is not None and default is not inspect.Parameter.empty and not isinstance(default, str)


def table_type(argument: str) -> str:
    """The type by the argument's name, "" where the tables do not know it."""
    for suffix, kind in SUFFIX_TYPES.items():
        if argument.endswith(suffix):
            return kind
    return ARGUMENT_TYPES.get(argument, "")


def from_default(default: Any) -> str:
    """The type that a default shows; "any" for None, a sequence or no default."""
    if isinstance(default, bool):
        return "bool"
    if isinstance(default, int | float):
        return "number"
    return "string" if isinstance(default, str) else "any"


def from_annotation(annotation: Any) -> tuple[tuple[str, ...], str]:
    """The choices and the type that an annotation says; "" where it says anything unknown.

    Example:
        from_annotation("float | Sequence[float] | None") == ((), "number|list|null")
        from_annotation(typing.Optional[int]) == ((), "int|null")
    """
    choices: list[str] = []
    words: list[str] = []
    try:
        pending = [ast.parse(in_source(annotation), mode="eval").body]
    except SyntaxError:  # an annotation can be any text or object
        return (), ""
    while pending:
        node = pending.pop(0)
        if inner := alternatives(node):
            pending[:0] = inner
            continue
        text = unqualified(node)
        if text.startswith("Literal["):
            values = ast.literal_eval(text.removeprefix("Literal").replace("(", "").replace(")", ""))
            choices += [value for value in values if isinstance(value, str)]
            words.append("string" if len(choices) == len(values) else "any")
        else:
            words.append(ANNOTATIONS.get(text.split("[")[0], "any"))
    unique = list(dict.fromkeys(words))
    return tuple(choices), "" if "any" in unique else "|".join(word for word in unique if word)


def in_source(annotation: Any) -> str:
    """An annotation as it is written in source; it is an object where a module has no `from __future__` import."""
    if isinstance(annotation, str):
        return annotation
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation.__name__ if type(annotation) is type else str(annotation)


def alternatives(node: ast.expr) -> list[ast.expr]:
    """The members of a union; [] for any other node."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [node.left, node.right]
    if isinstance(node, ast.Subscript) and unqualified(node.value) in ("Optional", "Union"):
        members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [*members, *([ast.Constant(None)] if unqualified(node.value) == "Optional" else [])]
    return []


def unqualified(node: ast.expr) -> str:
    """The source of a node, without the module in front of its name: `Sequence[int]` of `typing.Sequence[int]`."""
    if isinstance(node, ast.Subscript):
        return f"{unqualified(node.value)}[{ast.unparse(node.slice)}]"
    return node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)
