"""From a spec and the values of a trial to the trial's own spec, with the places of the values in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kspec.errors import Mark, Problem, SpecError, dotted
from kspec.schema.find import find, stands_for
from kspec.spec import Spec
from kspec.spec.reader import read
from kspec.spec.training import OWNED
from kspec.text import Document
from kspec.text.merge import is_component
from kspec.text.nodes import Path
from kspec.tuning.space import Axis

Marks = dict[Path, tuple[Mark, Mark | None]]


def base(document: Document, spec: Spec, axes: Sequence[Axis]) -> Document:
    """The complete spec as a document, in which values can be placed.

    A rate or decay that the file does not state is left out, unless a key below it is searched: it is the default of
    the optimizer, whichever a trial has.
    """
    tree = spec.model_dump(mode="json")
    stated = document.tree.get("training") or {}
    for key in OWNED:
        is_searched = any(axis.path[:2] == ("training", key) and len(axis.path) > 2 for axis in axes)
        if key in tree["training"] and not _states(stated, key) and not is_searched:
            del tree["training"][key]
    marks = {path: mark for path, mark in document.marks.items() if path[:1] == ("tune",) or _holds(tree, path)}
    return Document(tree, marks)


def _states(training: Mapping[str, Any], key: str) -> bool:
    """Whether the section of a file says the rate or the decay, itself or as an argument of the optimizer."""
    optimizer = training.get("optimizer")
    inner = next(iter(optimizer.values()), None) if isinstance(optimizer, dict) else None
    return training.get(key) is not None or (isinstance(inner, dict) and key in inner)


def _holds(tree: Any, path: Path) -> bool:
    for step in path:
        is_there = step in tree if isinstance(tree, dict) else isinstance(tree, list) and step in range(len(tree))
        if not is_there:
            return False
        tree = tree[step]
    return True


def trial_spec(base: Document, axes: list[Axis], values: Mapping[str, Any]) -> Spec:
    """The spec of a trial: complete, and without `tune`.

    Raises:
        SpecError: a value does not fit; at its place in the space.
    """
    document = base
    chosen = {axis.key: axis for axis in axes if axis.key in values}
    for axis in sorted(chosen.values(), key=lambda one: len(one.path)):  # a component before its arguments
        document = placed(document, axis.path, values[axis.key], _source(axis, values[axis.key]))
    return read(without_tune(document))


def without_tune(document: Document) -> Document:
    """The document of a plain spec."""
    return Document({key: value for key, value in document.tree.items() if key != "tune"}, document.marks)


def _source(axis: Axis, value: Any) -> Path:
    """Where the file says that the axis can have this value."""
    places = [place for corner, place in axis.corners() if type(corner) is type(value) and corner == value]
    return places[0] if places else axis.source


def placed(document: Document, path: Path, value: Any, source: Path) -> Document:
    """The document with a value at a path, whose marks are those of the value at `source`.

    Raises:
        SpecError: nothing can stand at the path.
    """
    tree = _with(document.tree, path, value, (), source)
    marks: Marks = {one: mark for one, mark in document.marks.items() if one[: len(path)] != path}
    for one, mark in document.marks.items():
        if one[: len(source)] == source:
            marks[(*path, *one[len(source) :])] = mark
    of_axis = document.marks.get(source[:3])
    if of_axis is not None:
        value_mark = document.marks.get(source, of_axis)[0]
        marks[path] = (value_mark, of_axis[1])
    return Document(tree, marks)


def _with(node: Any, path: Path, value: Any, above: Path, source: Path) -> Any:
    """A copy of a tree with a value at a path; what stands there in a short form is opened."""
    if not path:
        return value
    step, *rest = path
    node = _opened(node, step, above, source)
    inner = _with(_child(node, step), tuple(rest), value, (*above, step), source)
    if isinstance(node, list):
        return [*node[: int(step)], inner, *node[int(step) + 1 :]]
    return {**node, step: inner}


def _child(node: Any, step: str | int) -> Any:
    return node.get(step) if isinstance(node, dict) else node[step]


def _opened(node: Any, step: str | int, above: Path, source: Path) -> Any:
    """What stands above a step as the mapping or list that the step goes into.

    Raises:
        SpecError: it is another component, a shorter list, or has no keys.
    """
    if isinstance(step, int):
        if isinstance(node, list) and step < len(node):
            return node
        message = f"'{dotted(above)}' has no item {step}"
        raise SpecError(
            Problem(
                source[:3], message, found=f"{len(node)} items" if isinstance(node, list) else "no list", on_key=True
            )
        )
    if isinstance(node, str) and (node == step or is_component(node)):
        node = {node: {}}
    if isinstance(node, dict):
        if len(node) == 1 and is_component(step) and is_component(other := next(iter(node))) and other != step:
            hint = f"make it depend on the component: when: {{{dotted(above)}: {step}}}"
            raise SpecError(
                Problem(source[:3], f"'{dotted(above)}' is {other} here, not {step}", hint=hint, on_key=True)
            )
        return node
    if node is None:
        return {}
    short = None if isinstance(node, list) else stands_for(find(above).schema)
    if not short:
        raise SpecError(Problem(source[:3], f"'{dotted(above)}' has no keys here", on_key=True))
    return {short: node}
