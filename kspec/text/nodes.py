"""A YAML value together with the place it was written at: what all steps of `kspec.text` pass on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from kspec.errors import Mark

Scalar: TypeAlias = str | int | float | bool | None
Path: TypeAlias = tuple[str | int, ...]

COMMAND_LINE = "<command line>"


@dataclass(frozen=True, slots=True)
class Node:
    """One value and its place. Nodes are shared (aliases, parents): no step changes one, it makes a new one.

    mark: the place of the value. key: the place of its key; None for list items and the root.
    """

    value: Scalar | dict[str, Node] | list[Node]
    mark: Mark
    key: Mark | None = None


def plain(node: Node) -> Any:
    """The value alone, as fresh dicts, lists and scalars."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every node under `node`, itself included, with its path; a parent comes before its children."""
    yield path, node
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from walk(child, (*path, key))
    elif isinstance(node.value, list):
        for index, item in enumerate(node.value):
            yield from walk(item, (*path, index))


def describe(node: Node) -> str:
    """The kind of a value in words, for `found:` lines."""
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return repr(node.value) if isinstance(node.value, str) else f"the number {node.value}"
