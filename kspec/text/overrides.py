"""`key.path=value` and `~key.path` from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kspec.errors import Mark, Problem, dotted
from kspec.text.address import GRAMMAR, Step, child, missing, parse, remove, with_child
from kspec.text.compose import compose, printable
from kspec.text.merge import is_component, merge, opened, survivors
from kspec.text.nodes import COMMAND_LINE, Node, Path, describe


@dataclass(frozen=True)
class _Setting:
    """One override, read: where (steps and their marks) and what (None: remove)."""

    steps: list[Step]
    marks: list[Mark]
    value: Node | None


def apply(node: Node, overrides: Sequence[str], problems: list[Problem]) -> Node:
    """`node` after all `overrides`, in their order. What cannot be done is added to `problems` and left out."""
    for text in overrides:
        setting = _parse(text, problems)
        if setting is None:
            continue
        if setting.value is None:
            node = remove(node, setting.steps, setting.marks, problems)
        else:
            node = _put(node, setting, 0, problems, ())
    return node


def _parse(text: str, problems: list[Problem]) -> _Setting | None:
    shown = printable(text)

    def mark(column: int) -> Mark:
        return Mark(COMMAND_LINE, 1, column + 1, shown)

    is_removal = text.startswith("~")
    try:
        steps, end = parse(text, int(is_removal))
        if is_removal and end < len(text):
            raise ValueError("'~' removes a key and takes no value")
        if not is_removal and end == len(text):
            raise ValueError("there is no '='")
        if steps[0].name == "extends":
            raise ValueError("'extends' works in a file only")
    except ValueError as error:
        problems.append(Problem((), f"override {shown!r}: {error}", GRAMMAR, mark=mark(0)))
        return None
    marks = [mark(step.column) for step in steps]
    return _Setting(steps, marks, None) if is_removal else _with_value(text, end + 1, steps, marks, problems)


def _with_value(
    text: str, start: int, steps: list[Step], marks: list[Mark], problems: list[Problem]
) -> _Setting | None:
    found: list[Problem] = []
    begin = replace(marks[0], column=start + 1)
    value = compose(text[start:], lambda line, column, index: replace(begin, column=start + index + 1), found)
    path = tuple(step.name for step in steps)
    problems += [replace(problem, path=(*path, *problem.path)) for problem in found]
    return None if found else _Setting(steps, marks, value or Node(None, begin))


def _put(node: Node | None, setting: _Setting, depth: int, problems: list[Problem], path: Path) -> Node:
    """`node` (which stands at `path`) with the setting laid over it, from its step `depth` on."""
    mark = setting.marks[min(depth, len(setting.marks) - 1)]
    if depth == len(setting.steps):
        value = setting.value or Node(None, mark)
        return replace(merge(node, value, problems, path), key=mark)
    step = setting.steps[depth]
    node = opened(node, path)
    if node is None or node.value is None:
        node = Node({}, mark, setting.marks[depth - 1])
    if (
        isinstance(node.value, str)
        and isinstance(step.name, str)
        and is_component(node.value)
        and is_component(step.name)
    ):
        node = replace(node, value={})
    found = child(node, step)
    if found is None and not (isinstance(node.value, dict) and isinstance(step.name, str)):
        problems.append(_refused(node, step, path, mark))
        return node
    key, below = found or (step.name, None)
    new = _put(below, setting, depth + 1, problems, (*path, key))
    if isinstance(node.value, dict):
        node = replace(node, value=survivors(node.value, {str(key): new}, path))
    return with_child(node, key, new)


def _refused(node: Node, step: Step, path: Path, mark: Mark) -> Problem:
    if isinstance(node.value, dict):
        message = "is a mapping, not a list" if node.value else "there is no list here"
        return Problem(path, message, found=f"[{step.name}]", mark=mark, on_key=True)
    if isinstance(node.value, list):
        return missing(node, step, path, mark)
    hint = f"set the whole value: {dotted(path)}={{{step.name}: ...}}"
    return Problem(path, f"is {describe(node)} and has no keys", hint=hint, mark=mark, on_key=True)
