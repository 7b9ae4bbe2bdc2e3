"""Dotted addresses, `training.optimizer.SGD` and `data.augment[0]`: reading them, and removing what they name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from kspec.errors import Mark, Problem, did_you_mean, dotted
from kspec.text.nodes import Node, Path, describe

LONGEST = 50  # steps; deeper than any spec, and it bounds the recursion below

GRAMMAR = "key.path=value, key.list[0]=value, or ~key.path to remove; quotes around a key that contains a dot"

_STEP = re.compile(
    r"""(?P<dot>\.)?(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<name>[^.\[\]"'=~][^.\[\]"'=]*))|\[(?P<index>\d+)\]"""
)


class Step(NamedTuple):
    """One part of an address: a key (text) or a list index (int), and the 0-based column it stands at."""

    name: str | int
    column: int


def parse(text: str, start: int = 0) -> tuple[list[Step], int]:
    """The steps of the address that begins at `start`, and the index behind it.

    Raises ValueError, in words for the user, where there is no address or it goes on wrongly.
    """
    steps: list[Step] = []
    end = start
    while match := _STEP.match(text, end):
        step = _step(match)
        is_joined = isinstance(step.name, int) or bool(match["dot"])
        if (step.name == "" and match["name"]) or is_joined == (not steps):
            break
        steps.append(step)
        end = match.end()
    if not steps:
        raise ValueError("there is no key")
    if len(steps) > LONGEST:
        raise ValueError(f"the address has more than {LONGEST} keys")
    if end < len(text) and text[end] != "=":
        raise ValueError(f"the address is wrong from {text[end : end + 20]!r} on")
    return steps, end


def _step(match: re.Match[str]) -> Step:
    if match["index"]:
        return Step(int(match["index"][:9]), match.start())
    column = match.start() + len(match["dot"] or "")
    if match["name"]:
        return Step(match["name"].strip(), column)
    return Step(match["double"] if match["double"] is not None else match["single"], column)


def as_index(step: Step) -> int | None:
    """The list index that a step means; `a.0` is `a[0]` where `a` is a list."""
    if isinstance(step.name, int):
        return step.name
    return int(step.name) if re.fullmatch("[0-9]{1,9}", step.name) else None


def missing(node: Node, step: Step, path: Path, mark: Mark) -> Problem:
    """Why `node`, which stands at `path`, has nothing at `step`."""
    where = f"'{dotted(path)}'" if path else "the spec"
    if isinstance(node.value, dict):
        known = ", ".join(node.value) or "no keys"
        near = did_you_mean(str(step.name), node.value)
        return Problem((*path, step.name), f"there is no such key in {where}", known, hint=near, mark=mark, on_key=True)
    if isinstance(node.value, list):
        expected = f"0 to {len(node.value) - 1}" if node.value else "the list is empty"
        return Problem(path, f"the list has no item {step.name}", expected, mark=mark, on_key=True)
    message = f"{where} is {describe(node)} and has no keys"
    return Problem(path, message, hint=f"set the whole value: {dotted(path)}=...", mark=mark, on_key=True)


def remove(node: Node, steps: list[Step], marks: list[Mark], problems: list[Problem], path: Path = ()) -> Node:
    """`node` without what `steps` names; where it is absent, `node` itself and a problem at that step's mark."""
    step, *rest = steps
    inner = child(node, step)
    if inner is None:
        problems.append(missing(node, step, path, marks[0]))
        return node
    key, below = inner
    new = remove(below, rest, marks[1:], problems, (*path, key)) if rest else None
    return with_child(node, key, new)


def child(node: Node, step: Step) -> tuple[str | int, Node] | None:
    """The key (or index) that `step` means in `node`, and what stands there."""
    if isinstance(node.value, list):
        index = as_index(step)
        return None if index is None or index >= len(node.value) else (index, node.value[index])
    if isinstance(node.value, dict) and isinstance(step.name, str) and step.name in node.value:
        return step.name, node.value[step.name]
    return None


def with_child(node: Node, key: str | int, new: Node | None) -> Node:
    """`node` with `new` at `key`, or without `key` where `new` is None."""
    if isinstance(node.value, list) and isinstance(key, int):
        return replace(node, value=node.value[:key] + ([new] if new else []) + node.value[key + 1 :])
    value = dict(node.value) if isinstance(node.value, dict) else {}
    if new:
        value[str(key)] = new
    else:
        value.pop(str(key), None)
    return replace(node, value=value)
