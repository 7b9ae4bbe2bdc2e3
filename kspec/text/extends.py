"""`extends:`: a spec that builds on other files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from kspec.errors import Problem, SpecError, UsageError
from kspec.text.compose import compose, file_marks
from kspec.text.files import load
from kspec.text.merge import merge
from kspec.text.nodes import Node, describe

DEEPEST = 10
MOST_FILES = 50  # with lists of parents a few small files could otherwise ask for billions of reads

_EXPECTED = "a file name, or a list of file names"


@dataclass
class Family:
    """Reads files with all their parents. problems: what was wrong in any of them."""

    problems: list[Problem]
    read: int = field(default=0)

    def compose(self, text: str, file: str) -> Node | None:
        """The mapping that `text` holds, `extends:` not yet resolved; None with a new problem where there is none."""
        before = len(self.problems)
        text = text.removeprefix("\ufeff")
        locate = file_marks(text, file)
        node = compose(text, locate, self.problems)
        if node is not None and isinstance(node.value, dict):
            return node
        if len(self.problems) > before:
            return None
        if node is None or node.value is None:
            problem = Problem((), "the file is empty", expected="a mapping of sections (data:, model:, training:)")
        else:
            hint = ""
            if isinstance(node.value, str) and ":" in node.value:
                hint = "a space must follow the ':' behind a key"
            found = describe(node)[:80]
            if isinstance(
                node.value, str
            ):  # a file that is no spec may be anything: no more than its first line is shown
                found = repr(node.mark.text[node.mark.column - 1 :])[:80]
            problem = Problem((), "a spec is a mapping", "key: value", found, hint)
        self.problems.append(replace(problem, mark=node.mark if node else locate(0, 0, 0)))
        return None

    def resolve(self, node: Node, file: str, chain: tuple[str, ...] = ()) -> Node:
        """`node`, the content of `file`, laid over its parents. chain: the files that led here, first one first."""
        if not isinstance(node.value, dict) or "extends" not in node.value:
            return node
        entry = node.value["extends"]
        rest = replace(node, value={key: value for key, value in node.value.items() if key != "extends"})
        base: Node | None = None
        for name in entry.value if isinstance(entry.value, list) else [entry]:
            parent = self._parent(name, file, (*chain, file))
            if parent is None:
                return rest
            base = parent if base is None else merge(base, parent, self.problems)
        return rest if base is None else merge(base, rest, self.problems)

    def _parent(self, name: Node, file: str, chain: tuple[str, ...]) -> Node | None:
        if not isinstance(name.value, str) or not name.value:
            self._refuse(name, "names no file", expected=_EXPECTED, found=describe(name))
            return None
        parent = os.path.join(os.path.dirname(file), name.value)
        shown = " -> ".join((*chain, parent))
        if "\0" not in parent and os.path.realpath(parent) in map(os.path.realpath, chain):
            self._refuse(name, f"a file extends itself: {shown}")
            return None
        self.read += 1
        if len(chain) > DEEPEST or self.read > MOST_FILES:
            limit = f"at most {DEEPEST} files in a chain and {MOST_FILES} in all"
            self._refuse(name, "too many files extend each other", expected=limit, found=shown)
            return None
        try:
            text = load(parent)
        except UsageError as error:
            self._refuse(name, str(error))
            return None
        except SpecError as error:
            self.problems += error.problems
            return None
        node = self.compose(text, parent)
        before = len(self.problems)
        node = node and self.resolve(node, parent, chain)
        return node if len(self.problems) == before else None

    def _refuse(self, name: Node, message: str, *, expected: str = "", found: str = "") -> None:
        self.problems.append(Problem(("extends",), message, expected, found, mark=name.mark))
