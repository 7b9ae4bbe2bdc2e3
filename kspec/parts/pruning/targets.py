"""Which weights of a model are pruned, how far, and which of them share one threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

import keras

from kspec.parts.pruning import schedules
from kspec.parts.pruning.engines import Pattern
from kspec.parts.pruning.schedules import Schedule

AUTO = ("*kernel", "*embeddings")
"""Weights that TF-MOT's registry prunes: kernels of dense, convolution and recurrent layers, and embeddings."""
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
"""Layers whose kernels TF-MOT leaves, as it leaves the `depthwise_kernel` of separable convolutions."""
LISTED = 8
"""The most weights that a message lists."""

Scope = Literal["layer", "global"]


class PatternError(ValueError):
    """A pattern or a weight that does not fit, or several of them.

    argument: of `PruneLowMagnitude` to blame, with the pattern where there are several. pattern, known: the pattern
    that matches nothing, and the paths that there are. each: every single one; the other attributes are the first's.
    """

    def __init__(self, message: str, *argument: str, pattern: str = "", known: Sequence[str] = ()) -> None:
        there = f"; there are {_listed(known)}" if known else ""
        super().__init__(f"{message}{there}")
        self.message, self.argument, self.pattern, self.known = message, argument, pattern, tuple(known)
        self.each: tuple[PatternError, ...] = (self,)

    @classmethod
    def of(cls, each: Sequence[PatternError]) -> PatternError:
        """One error that says what each of these says."""
        first = each[0]
        if len(each) == 1:
            return first
        found = cls(first.message, *first.argument, pattern=first.pattern, known=first.known)
        found.args, found.each = ("; ".join(map(str, each)),), tuple(each)
        return found


@dataclass(frozen=True)
class Group:
    """Weights that share a threshold: one weight, or with the scope `global` many. weights: Keras variables."""

    weights: tuple[Any, ...]
    schedule: Schedule


@dataclass(frozen=True)
class Choice:
    """What is pruned.

    match: patterns over weight paths, or "auto"; exclude: patterns of weights that stay dense.
    layers: pattern -> final sparsity of the weights that it matches; 0 leaves them dense. The first one counts.
    scope: "layer" gives every weight the schedule's sparsity; "global" the weights together, so that a weight with
        larger magnitudes keeps more; those that `layers` names stay out of it.
    """

    match: str | Sequence[str] = "auto"
    exclude: Sequence[str] = ()
    layers: Mapping[str, float] | None = None
    scope: Scope = "layer"


def groups(model: keras.Model, schedule: Schedule, choice: Choice, pattern: Pattern) -> tuple[Group, ...]:
    """The groups of a built model, in the order of its weights.

    Raises:
        PatternError: patterns that match no trainable weight, no weight at all, or weights that the pattern of zeros
            does not fit, all of a kind at once.
    """
    spared = _depthwise(model) if choice.match == "auto" else set()
    chosen = [(weight, _own(weight, choice)) for weight in _chosen(choice, model.trainable_variables, spared)]
    pruned = [(weight, own) for weight, own in chosen if own != 0]
    _check_fits([weight for weight, _ in pruned], pattern)
    found: list[Group] = []
    together: list[Any] = []
    for weight, own in pruned:
        if own is not None:
            found.append(Group((weight,), _to(schedule, own)))
        elif choice.scope == "global":
            together.append(weight)
        else:
            found.append(Group((weight,), schedule))
    if together:
        found.append(Group(tuple(together), schedule))
    if not found:
        raise PatternError("nothing is left to prune", "layers")
    return tuple(found)


def _own(weight: Any, choice: Choice) -> float | None:
    """The sparsity that `layers` gives a weight."""
    return next((share for one, share in (choice.layers or {}).items() if fnmatchcase(weight.path, one)), None)


def _depthwise(model: keras.Model) -> set[int]:
    """Depthwise kernels, by their identity: the weights of two nested models may have the same paths."""
    own = {id(layer.kernel) for layer in model._flatten_layers() if isinstance(layer, DEPTHWISE) and layer.built}
    return own | {id(variable) for variable in model.trainable_variables if variable.name == "depthwise_kernel"}


def _chosen(choice: Choice, variables: Sequence[Any], spared: set[int]) -> list[Any]:
    """The weights that are pruned, each pattern having matched. spared: what "auto" leaves, by identity."""
    if isinstance(choice.match, str):
        wanted: Sequence[str] = AUTO if choice.match == "auto" else (choice.match,)
    else:
        wanted = choice.match
    paths = _paths(variables)
    wrong = [] if choice.match == "auto" else _unmatched(wanted, paths, paths, "match")
    matched = [one for one in variables if _any(one.path, wanted) and id(one) not in spared]
    if not matched and not wrong:
        raise PatternError("the model has no kernel or embedding that trains", "match", known=paths)
    # Where a pattern of `match` is wrong, what else it would match is not known.
    wrong += _unmatched(choice.exclude, paths if wrong else _paths(matched), paths, "exclude")
    left = [one for one in matched if not _any(one.path, choice.exclude)]
    candidates = paths if wrong else _paths(left)
    for pattern in choice.layers or {}:
        wrong += _unmatched((pattern,), candidates, paths, "layers", pattern)
    if wrong:
        raise PatternError.of(wrong)
    if not left:
        raise PatternError("nothing is left to prune: every weight is excluded", "exclude")
    return left


def _paths(variables: Sequence[Any]) -> list[str]:
    """Their paths, each once."""
    return list(dict.fromkeys(one.path for one in variables))


def _any(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _unmatched(patterns: Sequence[str], candidates: list[str], paths: list[str], *argument: str) -> list[PatternError]:
    """An error for each pattern that matches none of the candidates. paths: of all weights that train."""
    found = []
    for pattern in patterns:
        if not _any_of(candidates, pattern):
            where = "weight that is pruned" if _any_of(paths, pattern) else "trainable weight"
            message = f"'{pattern}' matches no {where}"
            found.append(PatternError(message, *argument, pattern=pattern, known=candidates))
    return found


def _any_of(paths: list[str], pattern: str) -> bool:
    return any(fnmatchcase(path, pattern) for path in paths)


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths[:LISTED]) + (f", ... ({len(paths)} in all)" if len(paths) > LISTED else "")


def _to(schedule: Schedule, sparsity: float) -> Schedule:
    found = schedules.known(schedule)
    if found is None:
        raise PatternError("a schedule of your own cannot be given another sparsity: leave out `layers`", "layers")
    return found.with_final(sparsity)


def _check_fits(variables: Sequence[Any], pattern: Pattern) -> None:
    """Refuses shapes at which TF-MOT itself ends in an error of TensorFlow."""
    said = [f"{one.path} has shape {_shape(one)}: {why}" for one in variables if (why := _misfit(one, pattern))]
    more = f"; ... ({len(said)} in all)" if len(said) > LISTED else ""
    if said:
        argument = "sparsity_m_by_n" if pattern.sparsity_m_by_n else "block_size"
        raise PatternError("; ".join(said[:LISTED]) + more, argument)


def _shape(variable: Any) -> tuple[int, ...]:
    return tuple(int(length) for length in variable.shape)


def _misfit(variable: Any, pattern: Pattern) -> str:
    """Why the pattern does not fit a weight; empty where it does."""
    shape = _shape(variable)
    if pattern.sparsity_m_by_n:
        return "" if len(shape) in (2, 4) else "m of n is for matrices and 2D convolutions (exclude it)"
    if pattern.block_size == (1, 1):
        return ""
    if len(shape) != 2:
        return "blocks are for matrices (exclude it)"
    if any(-(-length // block) < 2 for length, block in zip(shape, pattern.block_size, strict=True)):
        return f"less than two blocks of {pattern.block_size} along a side (exclude it, or take smaller ones)"
    return ""
