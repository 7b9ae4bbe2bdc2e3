"""Neuron pruning: the function that puts the steps together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras

from kspec.parts.neurons import choose
from kspec.parts.neurons.criteria import CRITERIA, Criterion, has_gamma, scores
from kspec.parts.neurons.groups import Groups, groups_of
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
    exclude: Sequence[str] = (),
    loss: Any = None,
    batch_size: int = 32,
    seed: int = 0,
) -> tuple[keras.Model, PruningReport]:
    """A smaller model without the least important neurons of `model`, and a report.

    Neurons are channels of convolutions, units of dense, embedding, LSTM, GRU and SimpleRNN layers, heads of attention,
    and the hidden units of KerasHub's TransformerEncoder. Those that a sum, a product, a concatenation, a depthwise
    convolution or a shared layer ties together go together. The new model computes exactly what the old one would with
    zeros in all weights that read a removed neuron. It is a stock Keras model, not compiled; `model` stays as it is.
    Then call `recalibrate` and train it on.

    model: functional or sequential, nested ones included; KerasHub's BERT-like backbones and tasks too.
    data: for the criterion `taylor`: (x, y) arrays or what `fit` takes; some hundreds of examples are enough.
    One of:
    ratio: the share of each group of neurons that goes, at most; or shell patterns over names of layers with a share
        for each (`{"*/units": 0.5, "*/heads": 0.25}`; the first that fits wins, what fits none stays).
    macs, parameters: the share of the model's MACs or parameters that is left, at most: the least important neurons of
        all groups go, one step after another, until it is reached.
    criterion: `taylor`, the change of the loss to first order (Molchanov et al. 2019, arXiv:1906.10771); `l1`, `l2`,
        the norms of a neuron's weights (Li et al. 2017, arXiv:1608.08710; averaged over all layers that hold a part of
        it, Fang et al. 2023, arXiv:2301.12900); `bn_gamma`, the factor of its batch norm (Liu et al. 2017,
        arXiv:1708.06519); `random`, to compare with.
    scope: `internal` leaves alone the neurons that an addition ties to those of other layers (the streams of residual
        networks), which cost much more accuracy; `all` takes them too.
    round_to: what is left of a group is a multiple of it, which suits hardware. min_channels: are left at least.
    max_ratio: the largest share of one group that may go.
    exclude: shell patterns over names of layers (`block/conv1` in a nested model, `encoder/heads`) whose neurons all
        stay.
    loss: for `taylor`; that of the compiled model by default. batch_size: for `taylor`, with arrays.
    seed: for `random`.

    Raises ValueError for arguments out of range, a target that the limits do not allow, a pattern that fits no layer, a
    model without a graph, and a layer that cannot be rebuilt, with its name.

    Example:
        small, report = kspec.prune_neurons(model, (x_train[:512], y_train[:512]), macs=0.5)
        kspec.recalibrate(small, x_train[:1024])
    """
    limits = choose.Limits(round_to, min_channels, max_ratio)
    _check(data, ratio, macs, parameters, criterion, scope)
    structure = read(model, exclude)
    groups = groups_of(structure)
    kept = _left_alone(structure, groups, scope, criterion)
    taken = tuple(group for number, group in enumerate(groups.prunable) if number not in dict(kept))
    if not taken:
        reasons = sorted({one.reason for one in groups.frozen} | {reason for _, reason in kept})
        raise ValueError(f"the model '{model.name}' has no neurons that could go: {'; '.join(reasons)}")
    products = _products(structure, macs is not None)
    share = macs if macs is not None else parameters
    if share is not None and (least := choose.smallest(structure, taken, products, limits)) > share:
        what = "macs" if macs is not None else "parameters"
        raise ValueError(
            f"{what}={share:g} cannot be reached: with scope={scope!r}, max_ratio={max_ratio:g}, min_channels="
            f"{min_channels} and round_to={round_to}, {least:.4f} is the least"
        )
    found = scores(structure, taken, criterion, data, loss, batch_size, seed)
    if ratio is not None:
        removed = choose.share_of_each(taken, found, ratio, limits)
    else:
        removed, _ = choose.until(structure, taken, found, products, share or 0.0, limits)
    cut = Cut(structure.channels, removed)
    return rebuild(structure, cut), report(structure, groups, kept, cut)


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
    shares = [*ratio.values()] if isinstance(ratio, Mapping) else [*given.values()]
    for name, value in zip([*given] * len(shares), shares, strict=False):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
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
            found.append((number, "an addition ties them to other layers (scope='internal')"))
        elif criterion == "bn_gamma" and not has_gamma(structure, group):
            found.append((number, "no batch normalization with a gamma follows (criterion='bn_gamma')"))
    return found


def _products(structure: Structure, macs: bool) -> list[Product]:
    if macs and structure.uncounted:
        raise ValueError(
            f"the MACs of {', '.join(structure.uncounted[:3])} depend on a length that the model leaves open: give a "
            "share of the parameters, or a ratio"
        )
    if macs:
        return structure.macs
    return structure.parameters()
