"""YAML text to a tree of `Node`s, from the parser's events.

The events are used rather than `yaml.compose`: libyaml's composer recurses in C (a deep file would end the
process), keeps one of two duplicate keys, and says nothing of limits. Here nothing recurses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import yaml

from kspec.errors import Mark, Problem
from kspec.text.nodes import Node, Path, Scalar
from kspec.text.scalars import TAG, convert, kind_of
from kspec.text.syntax import in_words

MOST_NODES = 10_000  # after aliases are written out: ends a "billion laughs" at once
DEEPEST = 50
MOST_PROBLEMS = 50  # a person mends a few, then looks again

LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is 10 times faster, with the same marks

_LONGEST_SHOWN = 200
_SCALAR_KINDS = ("str", "int", "float", "bool", "null")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what libyaml counts as the end of a line

Locate = Callable[[int, int, int], Mark]  # 0-based line, column and index in the text -> the mark


class _Stop(Exception):
    """A limit was passed: the rest of the text is not read."""


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun and not ended."""

    value: dict[str, Node] | list[Node]
    mark: Mark
    path: Path
    anchor: str | None
    key: str | None = None
    key_mark: Mark | None = None
    skip: bool = False  # the value that follows belongs to a key that was refused
    size: int = 1
    height: int = 1


def file_marks(text: str, file: str) -> Locate:
    """How a position in `text` becomes a `Mark` of `file`. Very long lines are cut: a mark is shown to a person."""
    lines = _BREAK.split(text)

    def locate(line: int, column: int, index: int) -> Mark:
        if line >= len(lines):  # libyaml ends the last line by itself where the file does not
            line, column = len(lines) - 1, len(lines[-1])
        shown = lines[line]
        if len(shown) > _LONGEST_SHOWN:  # cut first: a file can be one line of 1 MB with thousands of marks
            shown = shown[:_LONGEST_SHOWN] + "..." if column < _LONGEST_SHOWN else ""
        return Mark(file, line + 1, column + 1, printable(shown))

    return locate


def printable(text: str) -> str:
    """`text` in one line, of the same length, safe to print on a terminal."""
    return _FORBIDDEN.sub("\ufffd", _BREAK.sub(lambda match: " " * len(match[0]), text))


def compose(text: str, locate: Locate, problems: list[Problem]) -> Node | None:
    """The value written in `text`; None where there is none, or where `problems` has gained what prevents it."""
    bad = _FORBIDDEN.search(text)
    if bad:
        before = _BREAK.split(text[: bad.start()])
        mark = locate(len(before) - 1, len(before[-1]), bad.start())
        hint = "write it as an escape in double quotes, or remove it"
        problems.append(Problem((), f"the character U+{ord(bad[0]):04X} cannot stand in YAML", hint=hint, mark=mark))
        return None
    composer = _Composer(locate, problems)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            composer.feed(event)
    except _Stop:
        return None
    except yaml.MarkedYAMLError as error:
        problems.append(in_words(error, text, locate))
        return None
    return composer.root


class _Composer:
    """Takes the events of one text one by one; `root` is what they built."""

    def __init__(self, locate: Locate, problems: list[Problem]) -> None:
        self.root: Node | None = None
        self._locate = locate
        self._problems = problems
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}  # node, size, height; None while it is open
        self._nodes = 0
        self._documents = 0

    def feed(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                hint = "keep what stands before '---', or make two files"
                self._refuse(event, "a second document begins here", hint=hint, expected="one document in a file")
                raise _Stop

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        mark = self._mark(event)
        self._count(event, 1)
        if self._awaits_key():
            self._check_tag(event, _SCALAR_KINDS)
            self._key(event, event.value, mark)
            return
        node = Node(self._value(event), mark)
        if event.anchor:
            self._anchors[event.anchor] = (node, 1, 1)
        self._add(node, 1, 1)

    def _value(self, event: yaml.ScalarEvent) -> Scalar:
        kind = self._check_tag(event, _SCALAR_KINDS)
        text: str = event.value
        try:
            return convert(text, kind or (kind_of(text) if event.implicit[0] else "str"))
        except ValueError as error:
            self._refuse(event, str(error), hint="put it in quotes if it is a text" if not kind else "")
            return None

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._count(event, 1)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._check_tag(event, ("map",) if is_mapping else ("seq",))
        self._check_depth(event, 1)
        if self._awaits_key():
            kind = "mapping" if is_mapping else "list"
            hint = "put the text in quotes" if event.flow_style else ""
            self._refuse(event, f"a {kind} cannot be a key", expected="a text as key", hint=hint)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open({} if is_mapping else [], self._mark(event), self._path(), event.anchor))

    def _end(self) -> None:
        done = self._open.pop()
        node = Node(done.value, done.mark)
        if done.anchor:
            self._anchors[done.anchor] = (node, done.size, done.height)
        if self._awaits_key():  # refused where it began
            self._open[-1].key, self._open[-1].skip = "", True
            return
        self._add(node, done.size, done.height)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = str(event.anchor)
        known = self._anchors.get(name)
        if known is None:
            message = f"'*{name}' stands inside of its own '&{name}'" if name in self._anchors else ""
            hint = "" if message else f"begin a text with '*' only in quotes, or define '&{name}' above this line"
            self._refuse(event, message or f"'*{name}' refers to nothing", hint=hint)
            known = (Node(None, self._mark(event)), 1, 1)
        node, size, height = known
        self._count(event, size)
        self._check_depth(event, height)
        if not self._awaits_key():
            self._add(node, size, height)
        elif isinstance(node.value, str):
            self._key(event, node.value, self._mark(event))
        else:
            self._refuse(event, f"'*{name}' cannot be a key", expected="a text as key")
            self._open[-1].key, self._open[-1].skip = "", True

    def _add(self, node: Node, size: int, height: int) -> None:
        if not self._open:
            self.root = node
            return
        into = self._open[-1]
        into.size += size
        into.height = max(into.height, height + 1)
        if isinstance(into.value, list):
            into.value.append(node)
            return
        if not into.skip and into.key is not None:
            into.value[into.key] = replace(node, key=into.key_mark)
        into.key, into.skip = None, False

    def _key(self, event: yaml.Event, key: str, mark: Mark) -> None:
        into = self._open[-1]
        into.size += 1
        is_plain = isinstance(event, yaml.ScalarEvent) and event.implicit[0]
        first = into.value.get(key) if isinstance(into.value, dict) else None
        into.key, into.key_mark, into.skip = key, mark, True
        if is_plain and key == "<<":
            hint = "a whole file can build on another one with 'extends: other.yaml'"
            self._refuse(event, "merge keys '<<' are not part of YAML 1.2", hint=hint, on_key=True)
        elif is_plain and key == "":
            self._refuse(event, "there is no key before ':'", expected="key: value", on_key=True)
        elif first is not None and first.key is not None:
            hint = f"it stands first in line {first.key.line}; keep one of the two"
            self._refuse(event, f"the key '{key}' stands here a second time", hint=hint, on_key=True)
        else:
            into.skip = False

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _check_tag(self, event: yaml.NodeEvent, allowed: tuple[str, ...]) -> str | None:
        """The kind an explicit tag asks for; None where there is no tag (or a refused one)."""
        tag: str | None = getattr(event, "tag", None)
        if tag is None:
            return None
        kind = tag.removeprefix(TAG)
        if tag.startswith(TAG) and kind in allowed:
            return kind
        shown = "!!" + kind if tag.startswith(TAG) else tag
        expected = "no tag, or " + ", ".join(f"!!{kind}" for kind in allowed)
        hint = "a spec is data: it can name components, and cannot make Python objects" if "python" in tag else ""
        self._refuse(event, f"the tag '{shown}' is not allowed here", expected=expected, hint=hint)
        return "str" if "str" in allowed else None

    def _check_depth(self, event: yaml.Event, height: int) -> None:
        if len(self._open) + height > DEEPEST:
            self._refuse(event, "lists and mappings stand too deep in each other", expected=f"at most {DEEPEST} levels")
            raise _Stop

    def _count(self, event: yaml.Event, size: int) -> None:
        self._nodes += size
        if self._nodes > MOST_NODES:
            cause = " once its aliases are written out" if isinstance(event, yaml.AliasEvent) else ""
            self._refuse(event, f"the text is too large{cause}", expected=f"at most {MOST_NODES} keys and values")
            raise _Stop

    def _path(self) -> Path:
        if not self._open:
            return ()
        last = self._open[-1]
        if isinstance(last.value, list):
            return (*last.path, len(last.value))
        return last.path if last.key is None else (*last.path, last.key)

    def _mark(self, event: yaml.Event) -> Mark:
        start = event.start_mark
        return self._locate(start.line, start.column, start.index) if start else self._locate(0, 0, 0)

    def _refuse(
        self, event: yaml.Event, message: str, *, expected: str = "", hint: str = "", on_key: bool = False
    ) -> None:
        mark = self._mark(event)
        shown = message if len(message) <= _LONGEST_SHOWN else message[:_LONGEST_SHOWN] + "..."
        self._problems.append(Problem(self._path(), shown, expected, hint=hint, mark=mark, on_key=on_key))
        if len(self._problems) >= MOST_PROBLEMS:
            message = f"there are more problems than the {MOST_PROBLEMS} shown here"
            self._problems.append(Problem((), message, mark=mark))
            raise _Stop
