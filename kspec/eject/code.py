"""Python expressions as tidy text: what fits stands on one line, anything longer is opened up as Ruff and Black do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WIDTH = 120
INDENT = 4


@dataclass(frozen=True)
class Name:
    """Python source that stands for itself: a name, or a short expression."""

    text: str


@dataclass(frozen=True)
class Call:
    """A call: `function(*positional, **keywords)`; values are plain Python values, `Name`s or calls."""

    function: str
    positional: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


def statement(start: str, value: Any, indent: int = 0) -> str:
    """A line such as `optimizer = Adam(...)`, broken where it is longer than WIDTH.

    start: what stands before the value, e.g. "optimizer = ". indent: columns before it.

    Example:
        statement("optimizer = ", Call("keras.optimizers.SGD", (), {"momentum": 0.9}))
    """
    return " " * indent + start + render(value, indent, indent + len(start))


def render(value: Any, indent: int, used: int, after: int = 0) -> str:
    """A value as source text.

    indent: of the line it begins on. used: columns of that line before it. after: columns that follow its last one.
    """
    line = flat(value)
    if used + len(line) + after <= WIDTH:
        return line
    opening, closing, items = _opened(value)
    if not items:
        return line
    inner = indent + INDENT
    joined = ", ".join(prefix + flat(item) for prefix, item in items)
    if isinstance(value, Call) and inner + len(joined) <= WIDTH:  # the items of a list or a dictionary get a line each
        return f"{opening}\n{' ' * inner}{joined}\n{' ' * indent}{closing}"
    lines = [f"{' ' * inner}{prefix}{render(item, inner, inner + len(prefix), after=1)},\n" for prefix, item in items]
    return f"{opening}\n{''.join(lines)}{' ' * indent}{closing}"


def flat(value: Any) -> str:
    """A value on one line."""
    opening, closing, items = _opened(value)
    if not opening:
        return _plain(value)
    text = opening + ", ".join(prefix + flat(item) for prefix, item in items)
    return text + ("," if isinstance(value, tuple) and len(value) == 1 else "") + closing


def _opened(value: Any) -> tuple[str, str, list[tuple[str, Any]]]:
    """The opening bracket, the closing one, and the items between, each with what stands before it."""
    if isinstance(value, Call):
        named = [(f"{key}=", one) for key, one in value.keywords.items()]
        return f"{value.function}(", ")", [*[("", one) for one in value.positional], *named]
    if isinstance(value, Mapping):
        return "{", "}", [(f"{_plain(key)}: ", one) for key, one in value.items()]
    if isinstance(value, list):
        return "[", "]", [("", one) for one in value]
    if isinstance(value, tuple):
        return "(", ")", [("", one) for one in value]
    return "", "", []


def _plain(value: Any) -> str:
    if isinstance(value, Name):
        return value.text
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def quoted(text: str) -> str:
    """A string literal in double quotes, or in single ones where it holds more double quotes than single."""
    plain = repr(text)
    if not plain.startswith("'") or text.count('"') > text.count("'"):
        return plain
    inner = plain[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{inner}"'
