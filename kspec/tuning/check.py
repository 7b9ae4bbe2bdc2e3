"""Whether every value of a search space is valid where it is placed: all problems, with their places in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from kspec.errors import Problem, SpecError
from kspec.spec import Spec
from kspec.spec.dimension import listed, meets
from kspec.spec.tune import Tune
from kspec.text import Document
from kspec.tuning.parts import part_spec, parts
from kspec.tuning.place import base, trial_spec
from kspec.tuning.space import Axis, axes, sample

DRAWS = 64
"""Trials by chance that are read besides the ends of each axis: what only fits together in some combinations."""


def check(document: Document, spec: Spec) -> tuple[Tune, list[Axis], Document]:
    """The search of a spec, ready to be run: what it is, its axes, and the document that trials are made from.

    Raises:
        SpecError: no `tune`; a key of the space that does not exist; a value that is not valid for its key.
    """
    if spec.tune is None:
        hint = "name at least `objective`, `trials` and `space`; `kspec explain tune` shows the keys"
        problem = Problem(
            (), "the spec has no section `tune`", "tune: {objective: ..., trials: ..., space: ...}", hint=hint
        )
        raise SpecError(document.locate(problem))
    if spec.base is not None:
        message = "a trial is the training of the base, and here it is trained already"
        raise SpecError(document.locate(Problem(("base",), message, "no `base`", on_key=True)))
    try:
        found = axes(spec.tune.space)
    except SpecError as error:
        raise SpecError([document.locate(problem) for problem in error.problems]) from None
    ready = base(document, spec, found)
    problems = _problems(ready, found, spec)
    if problems:
        raise SpecError(sorted(problems, key=_place))
    return spec.tune, found, ready


def _problems(ready: Document, found: Sequence[Axis], spec: Spec) -> list[Problem]:
    """What is wrong at the ends of the axes; where nothing is, what is wrong in trials by chance."""
    return _of(ready, found, spec, _corners(found)) or _of(ready, found, spec, _draws(found))


def _of(ready: Document, found: Sequence[Axis], spec: Spec, trials: Iterator[dict[str, Any]]) -> list[Problem]:
    problems: dict[tuple[Any, ...], Problem] = {}
    for values in trials:
        try:
            trial = trial_spec(ready, list(found), values)
            if spec.tune is not None:
                part_spec(trial, parts(trial, spec.tune)[0])
        except SpecError as error:
            for problem in map(ready.locate, error.problems):
                problems.setdefault((problem.mark, problem.message), problem)
    return list(problems.values())


def _corners(found: Sequence[Axis]) -> Iterator[dict[str, Any]]:
    """The ends of each axis alone, with what its conditions need."""
    by_key = {axis.key: axis for axis in found}
    for axis in found:
        context = _context(axis, by_key)
        for value, _ in axis.corners():
            yield {**context, axis.key: value}


def _draws(found: Sequence[Axis]) -> Iterator[dict[str, Any]]:
    random = Random(0)
    for _ in range(DRAWS):
        yield sample(list(found), random)


def _context(axis: Axis, by_key: dict[str, Axis]) -> dict[str, Any]:
    """Values under which the conditions of an axis are met."""
    values: dict[str, Any] = {}
    for parent, wanted in axis.dimension.when.items():
        above = by_key[parent]
        values |= _context(above, by_key)
        first = listed(wanted)[0]
        choices = above.dimension.choice
        values[parent] = first if choices is None else next(one for one in choices if meets(one, first))
    return values


def _place(problem: Problem) -> tuple[str, int, int]:
    return (problem.mark.file, problem.mark.line, problem.mark.column) if problem.mark else ("", 0, 0)
