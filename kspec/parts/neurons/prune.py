"""Neuron pruning: the function that puts the steps together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras

from kspec.parts.neurons import choose
from kspec.parts.neurons.criteria import CRITERIA, Criterion, has_gamma, scores
from kspec.parts.neurons.groups import Group, Groups, groups_of
from kspec.parts.neurons.rebuild import rebuild
from kspec.parts.neurons.report import PruningReport, report
from kspec.parts.neurons.structure import Cut, Product, Structure
from kspec.parts.neurons.walk import read

SCOPES = ("internal", "all")


def prune_neurons(
    model: keras.Model,
    data: Any = None,
    *,
    ratio: float | Mapping[str, float] | None = None,
    macs: float | None = None,
    parameters: float | None = None,
    criterion: Criterion = "taylor",
    scope: Literal["internal", "all"] = "internal",
    round_to: int = 1,
    min_channels: int = 1,
    max_ratio: float = 0.9,
    exclude: str | Sequence[str] = (),
    loss: Any = None,
    batch_size: int = 32,
    seed: int = 0,
) -> tuple[keras.Model, PruningReport]:
    """A smaller model without the least important neurons of `model`, and a report of what went and what stayed.

    Neurons are channels of convolutions, units of dense, embedding and recurrent layers, heads of attention, and hidden
    units of KerasHub's TransformerEncoder. What an addition, a product, a concatenation, a depthwise convolution or a
    shared layer ties together goes together. The new model computes what the old one does with zeros in all weights
    that read a removed neuron. It is a stock Keras model, not compiled; `model` stays as it is. Then call
    `recalibrate`, and train it on.

    model: functional or sequential, with nested ones; KerasHub's BERT-like backbones and tasks too.
    data: for `taylor`: (x, y) arrays, or what `fit` takes; some hundreds of examples are enough.
    ratio, macs, parameters: one of them. ratio: the largest share of each group of neurons that goes, or shell patterns
        over layers with one each (`{"*/units": 0.5, "*/heads": 0.25}`: the first that fits; what fits none stays).
        macs, parameters: the share of the model's that is left at most; the least important neurons of all groups go.
    criterion: `taylor`, the change of the loss to first order (arXiv:1906.10771); `l1`, `l2`, the norms of a neuron's
        weights (arXiv:1608.08710, averaged over all it has a part of, arXiv:2301.12900); `bn_gamma`, the factor of its
        batch norm (arXiv:1708.06519); `random`, to compare with.
    scope: `internal` spares neurons that an addition ties to other layers (the streams of residual networks), which
        cost much more accuracy; `all` takes them too.
    round_to: what is left of a group is a multiple of it. min_channels: are left at least. max_ratio: of a group goes.
    exclude: shell patterns over layers (`block/conv1` in a nested model, `encoder/heads`) that keep all their neurons.
    loss, batch_size: for `taylor`; by default the compiled loss, with its `loss_weights`. seed: for `random`.

    Raises ValueError for arguments out of range, data without labels or end, a target or ratio that the limits do not
    allow, a pattern that fits nothing, a model without a graph, and a layer that cannot be rebuilt, with its name.

    Example:
        small, report = kspec.prune_neurons(model, (x_train[:512], y_train[:512]), macs=0.5)
        kspec.recalibrate(small, x_train[:1024])
    """
    limits = choose.Limits(round_to, min_channels, max_ratio)
    _check(data, ratio, macs, parameters, criterion, scope)
    structure = read(model, exclude)
    groups = groups_of(structure)
    kept = _left_alone(structure, groups, scope, criterion)
    taken = _taken(structure, groups, kept, ratio, limits)
    target = None if ratio is not None else _target(structure, taken, macs, parameters, limits)
    found = scores(structure, taken, criterion, data, loss, batch_size, seed)
    if target is None:
        removed = choose.share_of_each(taken, found, ratio if ratio is not None else 0.0, limits)
    else:
        removed = choose.until(structure, taken, found, *target, limits)[0]
    cut = Cut(structure.channels, removed)
    return rebuild(structure, cut), report(structure, groups, kept, cut)


def _taken(
    structure: Structure,
    groups: Groups,
    kept: Sequence[tuple[int, str]],
    ratio: float | Mapping[str, float] | None,
    limits: choose.Limits,
) -> tuple[Group, ...]:
    """The groups that may lose neurons, of which each pattern of `ratio` fits one, and one loses some."""
    taken = tuple(group for number, group in enumerate(groups.prunable) if number not in dict(kept))
    if not taken:
        reasons = sorted({one.reason for one in groups.frozen} | {reason for _, reason in kept})
        raise ValueError(f"the model '{structure.model.name}' has no neurons that could go: {'; '.join(reasons)}")
    choose.refuse_unfit(taken, ratio)
    if ratio is not None:
        choose.refuse_nothing(taken, ratio, limits)
    return taken


def _target(
    structure: Structure, taken: Sequence[Group], macs: float | None, parameters: float | None, limits: choose.Limits
) -> tuple[list[Product], float]:
    """What is counted, and the share of it that may be left."""
    if macs is not None and structure.uncounted:
        raise ValueError(
            f"the MACs of {', '.join(structure.uncounted[:3])} depend on a length that the model leaves open: give "
            "`parameters` or `ratio` instead of `macs`"
        )
    name, share = ("macs", macs) if macs is not None else ("parameters", parameters)
    products = structure.macs if macs is not None else structure.parameters()
    least = choose.smallest(structure, taken, products, limits)
    if share is None or least > share:
        raise ValueError(
            f"{name}={share} cannot be reached: with max_ratio={limits.max_ratio:g}, min_channels="
            f"{limits.min_channels}, round_to={limits.round_to} and the scope, {least:.4f} is the least"
        )
    return products, share


def _check(
    data: Any,
    ratio: float | Mapping[str, float] | None,
    macs: float | None,
    parameters: float | None,
    criterion: str,
    scope: str,
) -> None:
    targets = {"ratio": ratio, "macs": macs, "parameters": parameters}
    given = {name: value for name, value in targets.items() if value is not None}
    if len(given) != 1:
        names = " and ".join(given) if given else "none"
        raise ValueError(f"exactly one of ratio, macs and parameters says how much goes; given: {names}")
    if isinstance(ratio, Mapping) and not ratio:
        raise ValueError("ratio is a share, or at least one pattern over layers with its share, not {}")
    shares = [*ratio.values()] if isinstance(ratio, Mapping) else [*given.values()]
    for name, value in zip([*given] * len(shares), shares, strict=False):
        if not choose.is_share(value) or value == 1:
            raise ValueError(f"{name} is a share, more than 0 and less than 1, not {value!r}")
    if criterion not in CRITERIA:
        raise ValueError(f"criterion is one of {', '.join(CRITERIA)}, not {criterion!r}")
    if scope not in SCOPES:
        raise ValueError(f"scope is one of {', '.join(SCOPES)}, not {scope!r}")
    if criterion == "taylor" and data is None:
        raise ValueError("the criterion 'taylor' needs data: pass (x, y), or another criterion such as 'l2'")


def _left_alone(structure: Structure, groups: Groups, scope: str, criterion: str) -> list[tuple[int, str]]:
    """Numbers of the prunable groups that are not looked at, and why."""
    found = []
    for number, group in enumerate(groups.prunable):
        if group.joined and scope == "internal":
            found.append((number, "an addition ties them to other layers; pass scope='all' to take them too"))
        elif criterion == "bn_gamma" and not has_gamma(structure, group):
            found.append((number, "no batch normalization with a gamma follows (criterion='bn_gamma')"))
    return found
