"""A spec file as a plain tree that still knows where each value was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kspec.errors import Mark, Problem, SpecError
from kspec.text import overrides as override
from kspec.text.compose import file_marks
from kspec.text.extends import Family
from kspec.text.files import load
from kspec.text.nodes import Node, Path, plain, walk

if TYPE_CHECKING:
    from pathlib import Path as FilePath


@dataclass(frozen=True)
class Document:
    """A spec before it is typed.

    tree: dicts, lists, str, int, float, bool and None; `extends` is resolved and gone.
    marks: for each path the place of its value and, in mappings, of its key.
    """

    tree: dict[str, Any]
    marks: Mapping[Path, tuple[Mark, Mark | None]]

    def mark(self, path: Path, *, on_key: bool = False) -> Mark | None:
        """The place of the value at `path`, or of its key.

        For a path that is not there, the place of the nearest ancestor: of its key, so that a key that lacks
        something is shown by its own line. The root is line 1. None only for a document without marks.
        """
        for length in range(len(path), -1, -1):
            if found := self.marks.get(path[:length]):
                value, key = found
                return key if key and (on_key or length < len(path)) else value
        return None

    def locate(self, problem: Problem) -> Problem:
        """`problem` with its mark filled in; one that has a mark stays as it is.

        A path that goes on below a plain value ends there: the file says `optimizer: Adma`, and what is wrong in the
        typed spec is the name of a component. A key that the file leaves out around a list is left out here: it says
        `drop_layers: [a, b]`, and what is wrong is an item of `layers`.
        """
        if problem.mark:
            return problem
        path = next(path for end in range(len(problem.path), -1, -1) if (path := problem.path[:end]) in self.marks)
        if path != problem.path and not isinstance(self._value(path), dict | list):
            return replace(problem, path=path, on_key=False, mark=self.mark(path))
        item = (*path, *problem.path[len(path) + 1 :])
        if item != path and item in self.marks:
            return replace(problem, path=item, mark=self.mark(item, on_key=problem.on_key))
        return replace(problem, mark=self.mark(problem.path, on_key=problem.on_key))

    def _value(self, path: Path) -> Any:
        value: Any = self.tree
        for part in path:
            value = value[part]
        return value


def read(path: str | FilePath, overrides: Sequence[str] = ()) -> Document:
    """The spec in the file `path`, over the files it extends, after `overrides` (`key.path=value`, `~key.path`).

    Raises UsageError where there is no such (readable, regular) file; SpecError with every problem found otherwise.
    """
    file = str(path)
    return read_text(load(file), file, overrides)


def read_text(text: str, file: str = "<text>", overrides: Sequence[str] = ()) -> Document:
    """As `read`, for a text at hand. file: its name in marks; `extends` is relative to the folder of that name.

    Raises SpecError with every problem found.
    """
    problems: list[Problem] = []
    family = Family(problems)
    node = family.compose(text, file)
    if node is not None:
        before = len(problems)
        node = family.resolve(node, file)
        if len(problems) == before:  # what an override refers to may be in a parent that could not be read
            node = override.apply(node, overrides, problems)
    if node is None or problems:
        raise SpecError(problems)
    return _document(node, file_marks(text.removeprefix("\ufeff"), file)(0, 0, 0))


def _document(node: Node, root: Mark) -> Document:
    marks: dict[Path, tuple[Mark, Mark | None]] = {path: (node.mark, node.key) for path, node in walk(node)}
    marks[()] = (root, None)
    return Document(plain(node), marks)
