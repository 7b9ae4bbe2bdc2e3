"""`training.optimizer` with its rate, weight decay and parameter groups."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kspec import catalog
from kspec.errors import Problem, SpecError
from kspec.parts.optimizers import grouped
from kspec.spec.training import Training, WeightDecay

PATH = ("training", "optimizer")
DEFAULT_EXCLUDE = WeightDecay.model_fields["exclude"].default
"""Patterns that are allowed to match nothing: not every network has biases or batch normalization."""


@dataclass(frozen=True)
class Setting:
    """How one weight is trained: a factor on the rate, and its weight decay."""

    learning_rate: float
    weight_decay: float


def build_optimizer(training: Training, rate: Any, model: keras.Model) -> keras.optimizers.Optimizer:
    """The optimizer, not built yet: Keras' own class, or with parameter groups or coupled decay its `grouped` subclass.

    rate: a number, a schedule, or None for the optimizer's own.

    Raises:
        SpecError: a pattern that matches no trainable weight, or an argument that the optimizer refuses.
    """
    name = catalog.entry("optimizer", training.optimizer.name).name
    arguments = dict(training.optimizer.arguments)
    if rate is not None:
        arguments["learning_rate"] = rate
    paths = [weight.path for weight in model.trainable_weights]
    settings = _settings(training, paths)
    decay = training.weight_decay
    if training.parameter_groups or (decay is not None and not decay.decoupled):
        return _grouped(training, arguments, settings)
    # Explicitly None: AdamW and Muon have a decay of their own, which the spec has moved to training.weight_decay.
    takes_decay = "weight_decay" in catalog.entry("optimizer", name).arguments
    if takes_decay:
        arguments["weight_decay"] = None if decay is None else decay.value
    elif decay is not None:
        raise SpecError(Problem(("training", "weight_decay"), f"{name} has no weight decay", "another optimizer", name))
    optimizer = catalog.instantiate("optimizer", name, arguments, PATH)
    if decay is not None:
        spared = [weight for weight in model.trainable_weights if not settings[weight.path].weight_decay]
        optimizer.exclude_from_weight_decay(var_list=spared)
    return optimizer


def _settings(training: Training, paths: Sequence[str]) -> dict[str, Setting]:
    """Weight path -> how it is trained.

    Raises:
        SpecError: every pattern that matches nothing.
    """
    decay, groups = training.weight_decay, training.parameter_groups
    exclude = () if decay is None else decay.exclude
    settings, used = {}, set()
    for path in paths:
        spared = decay is None or any(fnmatch.fnmatchcase(path, pattern) for pattern in exclude)
        value = 0.0 if spared or decay is None else decay.value
        number = next((n for n, group in enumerate(groups) if fnmatch.fnmatchcase(path, group.match)), None)
        if number is None:
            settings[path] = Setting(1.0, value)
            continue
        used.add(number)
        own = groups[number].weight_decay
        settings[path] = Setting(groups[number].learning_rate, value if own is None else own)
    wrong = [
        *_unused([group.match for group in groups], used, paths),
        *_unmatched([pattern for pattern in exclude if pattern not in DEFAULT_EXCLUDE], exclude, paths),
    ]
    if wrong:
        raise SpecError(wrong)
    return settings


def _unused(patterns: Sequence[str], used: set[int], paths: Sequence[str]) -> Iterator[Problem]:
    for number, pattern in enumerate(patterns):
        if number not in used:
            earlier = any(fnmatch.fnmatchcase(path, pattern) for path in paths)
            why = "matches only weights that an earlier group takes" if earlier else "matches no trainable weight"
            path = ("training", "parameter_groups", number, "match")
            yield Problem(path, f"the pattern {why}", _examples(paths), pattern)


def _unmatched(patterns: Sequence[str], exclude: Sequence[str], paths: Sequence[str]) -> Iterator[Problem]:
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(path, pattern) for path in paths):
            where = ("training", "weight_decay", "exclude", list(exclude).index(pattern))
            yield Problem(where, "the pattern matches no trainable weight", _examples(paths), pattern)


def _examples(paths: Sequence[str]) -> str:
    """Weight paths as a message lists them."""
    shown = ", ".join(paths[:8])
    return f"a pattern over the weights: {shown}" + (f", ... ({len(paths)} in all)" if len(paths) > 8 else "")


def _grouped(training: Training, arguments: dict[str, Any], settings: dict[str, Setting]) -> keras.optimizers.Optimizer:
    """The optimizer's subclass with one group per setting that differs from the optimizer's own."""
    target = catalog.resolve("optimizer", training.optimizer.name, PATH)
    decoupled = training.weight_decay is None or training.weight_decay.decoupled
    # Exact paths: what an exclusion and a group share is no pattern.
    kind = {"decoupled": True} if decoupled else {}
    groups = [
        {"match": glob.escape(path), "learning_rate": one.learning_rate, "weight_decay": one.weight_decay, **kind}
        for path, one in settings.items()
        if one != Setting(1.0, 0.0)
    ]
    known = catalog.entry("optimizer", training.optimizer.name).arguments
    if "weight_decay" in known and known["weight_decay"].default is not None:
        arguments = {**arguments, "weight_decay": 0.0}  # the groups decay instead
    try:
        return grouped(target)(**arguments, groups=groups)
    except (TypeError, ValueError) as error:
        message = str(error).strip().splitlines()[0]
        raise SpecError(Problem((*PATH, training.optimizer.name), message)) from error
