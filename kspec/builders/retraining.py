"""The experiment of a stage that trains: the spec's own, with the stage's training in the place of `training`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from kspec.builders.experiment import Experiment, assemble
from kspec.builders.from_scratch import renew
from kspec.builders.model.freeze import refreeze
from kspec.errors import Problem, SpecError, dotted
from kspec.spec.model import Model
from kspec.spec.prune_weights import PruneWeights
from kspec.spec.retraining import Retraining
from kspec.spec.train import Train

Address = tuple[str | int, ...]


def build_retraining(
    base: Experiment, section: Retraining, path: Address, network: Any, seed: int, folder: Path, *, smoke: bool = False
) -> Experiment:
    """The experiment of a stage, compiled with a new optimizer.

    base: the experiment of the spec, for its data. section: at `path` of the spec.
    network: to train on, loaded; a new one is built where the section has a `model`, and with `from_scratch` its
        weights become new ones.

    Raises:
        SpecError: what does not fit, at its place in the section, or in `training` where the section inherits it.
    """
    training = section.training(base.spec.training)
    if isinstance(section, PruneWeights):
        training = training.model_copy(update={"pruning": section.pruning})
    new = section.model if isinstance(section, Train) else None
    if new is None and section.freeze is not None:
        with _placed(section, path):
            refreeze(network, section.freeze, base.spec.model)
    if isinstance(section, Train) and section.from_scratch:
        renew(network, seed, (*path, "from_scratch"))
    model = base.spec.model if new is None else Model(network=new, freeze=section.freeze or ())
    spec = base.spec.model_copy(update={"training": training, "seed": seed, "model": model})
    with _placed(section, path):
        return assemble(spec, base.datasets, smoke=smoke, folder=folder, network=network if new is None else None)


@contextmanager
def _placed(section: Retraining, path: Address) -> Iterator[None]:
    """Problems of what is inside are those of the stage."""
    try:
        yield
    except SpecError as error:
        raise type(error)(list(placed(error.problems, section, path))) from error


def placed(problems: tuple[Problem, ...], section: Retraining, path: Address) -> Iterator[Problem]:
    """Problems of `training` and `model` at the keys of the stage that they come from."""
    given = section.model_fields_set
    for problem in problems:
        top, *rest = problem.path or ("",)
        if top == "model" and rest[:1] == ["freeze"] and "freeze" in given:
            yield replace(problem, path=(*path, *rest))
        elif top == "model" and "model" in given:
            yield replace(problem, path=(*path, "model", *rest))
        elif top == "training" and rest[:1] == ["pruning"]:
            inner = ["sparsity"] if rest[1:2] == ["schedule"] and "sparsity" in given else rest[1:]
            yield replace(problem, path=(*path, *inner))
        elif top == "training" and rest and rest[0] in given:
            yield replace(problem, path=(*path, *rest))
        else:
            yield replace(problem, message=f"{problem.message} (in {dotted(path)}, which has it from here)")
