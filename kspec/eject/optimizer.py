"""`training.optimizer` with weight decay and parameter groups."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Mapping
from typing import Any

from kspec import catalog
from kspec.eject.code import Call, Name, quoted, statement
from kspec.eject.component import call, function_of
from kspec.eject.known import Known
from kspec.parts.optimizers import ParameterGroup, assign_groups


def optimizer(known: Known, rate: Any) -> list[str]:
    """The lines that make `optimizer`. rate: its learning rate; None for its own."""
    training = known.spec.training
    one = catalog.entry("optimizer", training.optimizer.name)
    made = call("optimizer", training.optimizer.name, training.optimizer.arguments)
    assert isinstance(made, Call)  # noqa: S101
    arguments: dict[str, Any] = {} if rate is None else {"learning_rate": rate}
    arguments |= made.keywords
    decay = training.weight_decay
    own = one.arguments["weight_decay"].default if "weight_decay" in one.arguments else None
    if hasattr(known.experiment.plan.optimizer, "groups"):
        if own is not None:
            arguments["weight_decay"] = 0.0
        arguments["groups"] = Name("groups")
        return [
            "# The first pattern that fits a weight's path says how it is trained.",
            statement("groups = ", _groups(known)),
            statement("optimizer = ", Call(f"grouped({function_of(one)})", (), arguments)),
        ]
    if decay is not None:
        arguments["weight_decay"] = decay.value
    elif own is not None:
        arguments["weight_decay"] = None
    lines = [statement("optimizer = ", Call(made.function, (), arguments))]
    lines += _spared(known) if decay is not None else []
    return lines


def _spared(known: Known) -> list[str]:
    """Lines that leave some weights out of the decay."""
    decay = known.spec.training.weight_decay
    patterns = () if decay is None else decay.exclude
    paths = [weight.path for weight in known.model.trainable_weights]
    used = [one for one in patterns if any(fnmatch.fnmatchcase(path, one) for path in paths)]
    if not used:
        return []
    if len(used) == 1:
        test = f"fnmatch.fnmatchcase(weight.path, {quoted(used[0])})"
        spared = [f"spared = [weight for weight in model.trainable_weights if {test}]"]
    else:
        test = "any(fnmatch.fnmatchcase(w.path, pattern) for pattern in without_decay)"
        spared = [
            statement("without_decay = ", used),
            f"spared = [w for w in model.trainable_weights if {test}]",
        ]
    return [*spared, "optimizer.exclude_from_weight_decay(var_list=spared)"]


def _groups(known: Known) -> list[dict[str, Any]]:
    """The groups by pattern; by path where patterns could not tell the weights apart."""
    training, paths = known.spec.training, [weight.path for weight in known.model.trainable_weights]
    exact = dict(zip(paths, assign_groups(known.experiment.plan.optimizer.groups, paths), strict=True))
    decay = training.weight_decay
    kind = {"decoupled": True} if decay is None or decay.decoupled else {}
    found: list[dict[str, Any]] = []
    for group in training.parameter_groups:
        value = group.weight_decay if group.weight_decay is not None else (0.0 if decay is None else decay.value)
        found.append({"match": group.match, "learning_rate": group.learning_rate, "weight_decay": value, **kind})
    if decay is not None:
        found += [{"match": pattern, "weight_decay": 0.0, **kind} for pattern in decay.exclude]
        found.append({"match": "*", "weight_decay": decay.value, **kind})
    found = [_short(group) for group in _used(found, paths)]
    if _agree(found, exact):
        return found
    listed = {path: group for path, group in exact.items() if group.match != "*" or group.weight_decay}
    return [
        _short(
            {"match": glob.escape(path), "learning_rate": one.learning_rate, "weight_decay": one.weight_decay, **kind}
        )
        for path, one in listed.items()
    ]


def _used(groups: list[dict[str, Any]], paths: list[str]) -> list[dict[str, Any]]:
    """The groups that are the first to fit some weight."""
    first = [
        next((n for n, one in enumerate(groups) if fnmatch.fnmatchcase(path, one["match"])), None) for path in paths
    ]
    return [group for number, group in enumerate(groups) if number in first]


def _short(group: dict[str, Any]) -> dict[str, Any]:
    """Without what changes nothing."""
    same = {"learning_rate": 1.0, "weight_decay": 0.0}
    return {key: value for key, value in group.items() if key not in same or value != same[key]}


def _agree(groups: list[dict[str, Any]], exact: Mapping[str, ParameterGroup]) -> bool:
    found = assign_groups([ParameterGroup(**group) for group in groups], list(exact))
    return all(
        (a.learning_rate, a.weight_decay) == (b.learning_rate, b.weight_decay)
        for a, b in zip(found, exact.values(), strict=True)
    )
