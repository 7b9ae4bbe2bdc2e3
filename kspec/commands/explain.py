"""`kspec explain KEY [SPEC]`: what a key means, what it may be, and what set its value."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kspec import text
from kspec.catalog.types import flow
from kspec.commands.list import wrapped
from kspec.commands.load import load
from kspec.commands.origin import Address, Origin, leaves, nodes, origin, value_at
from kspec.errors import UsageError, dotted
from kspec.schema.find import Key, alternatives, component_of, find, keys, kind_of, required, stands_for
from kspec.schema.words import choices, example, flow_word, sentence, type_of
from kspec.spec import Spec
from kspec.spec.forms import Json
from kspec.spec.training import OWNED
from kspec.text.address import parse

MOST_LISTED = 50
"""The most names of a kind that are listed."""
LONGEST = 48
"""Characters of a value in a column."""


def explain(address: str | None, spec: str | None, overrides: Sequence[str]) -> None:
    """Prints what there is to know of a key, or of all keys.

    Raises:
        UsageError: no such key or file.
        SpecError: the spec is wrong.
    """
    if address and (address.endswith((".yaml", ".yml")) or Path(address).is_file()):
        print("\n".join(_set_by(*load(address, (*([spec] if spec else []), *overrides)))))
        return
    path = _path(address) if address else ()
    key = find(path)
    said = list(_meaning(key))
    if spec is not None:
        said += ["", *_values(key, *load(spec, overrides))]
    said += _listed(key)
    print("\n".join(said))


def _set_by(document: text.Document, spec: Spec) -> Iterator[str]:
    """Every value of a spec that is not a default, and what set it."""
    tree = spec.model_dump(mode="json")
    found = [(path, value, made) for path, value in leaves(tree) if not (made := origin(path, document)).is_default]
    for path in reversed(list(nodes(tree))):  # inner ones first: a name without arguments
        is_name = isinstance(value_at(tree, path), dict) and not any(
            other[: len(path)] == path for other, _, _ in found
        )
        if is_name and not (made := origin(path, document)).is_default:
            found.append((path, "", made))
    yield "Set in this spec; all else is a default."
    yield ""
    order = {path: number for number, path in enumerate(nodes(tree))}
    found.sort(key=lambda one: order[one[0]])
    yield from _sources([(dotted(path), value, made) for path, value, made in found])


def _path(address: str) -> Address:
    try:
        steps, end = parse(address)
        if end < len(address):
            raise ValueError("an address has no '='")
    except ValueError as error:
        raise UsageError(f"not the address of a key: {address!r}: {error}\n"
                         "       expected: keys with dots between them, such as training.learning_rate.warmup\n"
                         "       hint: `kspec explain` alone lists the sections") from None  # fmt: skip
    return tuple(step.name for step in steps)


def _meaning(key: Key) -> Iterator[str]:
    if not key.path:
        yield from paragraph("A spec has these sections; `kspec explain data.batch_size` explains a key, and with the "
                             "name of a spec behind it says what set its value.", "")  # fmt: skip
        return
    yield dotted(key.path)
    if about := key.schema.get("description"):
        yield from paragraph(_whole(about), "  ")
    yield ""
    yield from row("type", type_of(key.schema))
    words = [flow_word(word) for word in choices(key.schema)]
    if len(words) > 1 and len(words) <= MOST_LISTED:
        yield from row("one of", ", ".join(words))
    if (default := _default(key)) is not None:
        yield from row("default", default)
    if short := stands_for(key.schema):
        yield from row("short", f"a value alone stands for `{short}`")
    for name in OWNED:
        if key.path[:2] == ("training", "optimizer") and key.path[3:] == (name,):
            yield from row("note", f"kspec moves it to training.{name}, which owns it; set it here or there, not both")
    value = example(key.schema)
    if value is not None:
        yield from row("example", text.dump(nested(value, key)).rstrip())


def nested(value: Any, key: Key) -> dict[str, Any]:
    """A value at its place in a file, with the keys that must stand beside it."""
    tree = value
    for place, step in reversed(list(enumerate(key.path))):
        above = key.path[:place]
        names = [name for name in required(above) if place and name != step]
        if any(place > number for number in key.lists):  # nothing that it extends says the rest of a list's item
            names += [group[0] for group in alternatives(above) if step not in group]
        others = {name: example(find((*above, name)).schema) for name in names}
        tree = {**others, step: [tree] if place + 1 in key.lists else tree} if isinstance(step, str) else [tree]
    whole: dict[str, Any] = tree
    return whole


def _default(key: Key) -> str | None:
    """The default in words; None where there is nothing to say."""
    if "default" in key.schema:
        return flow_word(key.schema["default"]) if not isinstance(key.schema["default"], dict) else None
    return "none: it must be given" if key.path[-1] in required(key.path[:-1]) else None


def _values(key: Key, document: text.Document, spec: Spec) -> Iterator[str]:
    """The value of a key in a spec and what set it; several where the key stands in several items of a list."""
    tree = spec.model_dump(mode="json")
    found = False
    for path, value, source in occurrences(key.path, tree, document):
        found = True
        at = "value" if path == key.path else dotted(path)
        if isinstance(value, dict) and value:
            yield f"  {at}" + ("" if source.is_default else f"     {source.text}")
            below = [(inner, one, origin((*path, *inner), document)) for inner, one in leaves(value)]
            yield from (f"  {line}" for line in _sources([(dotted(inner), one, made) for inner, one, made in below]))
        else:
            yield from row(at, flow_word(value))
            yield from row("set by", source.text)
    if not found:
        yield from row("value", _absent(key.path, tree))


def _sources(rows: Sequence[tuple[str, Any, Origin]]) -> Iterator[str]:
    """Keys, their values and what set them, in columns."""
    texts = [(name, _short(flow_word(value)), source.text) for name, value, source in rows]
    first, second = (max((len(one[column]) for one in texts), default=0) for column in (0, 1))
    yield from (f"  {name:<{first}}  {value:<{second}}  {source}" for name, value, source in texts)


def _short(value: str) -> str:
    if len(value) <= LONGEST:
        return value
    return f"...{value[3 - LONGEST :]}" if value.startswith("/") else f"{value[: LONGEST - 3]}..."


def occurrences(path: Address, tree: Any, document: text.Document) -> Iterator[tuple[Address, Any, Origin]]:
    """Where a key stands in the complete spec, its value there, and what set it."""
    for place in dict.fromkeys([*_places(path, tree), *_owned(path, tree)]):
        yield place, value_at(tree, place), origin(place, document)


def _places(path: Address, tree: Any, above: Address = ()) -> Iterator[Address]:
    """The paths in a complete tree that an address means: a name also finds the items of a list that hold it."""
    if not path:
        yield above
        return
    step, *rest = path
    if isinstance(tree, list):
        numbers = [step] if isinstance(step, int) or str(step).isdecimal() else range(len(tree))
        for number in map(int, numbers):
            if number < len(tree):
                below = tuple(rest) if number == step or str(number) == step else path
                if below is path and tree[number] == step:
                    yield (*above, number)
                else:
                    yield from _places(below, tree[number], (*above, number))
    elif isinstance(tree, dict) and step in tree:
        yield from _places(tuple(rest), tree[step], (*above, step))
    elif isinstance(tree, dict) and above[:1] == ("model",) and "*/kernel" in tree:
        yield from _places(path, tree["*/kernel"], (*above, "*/kernel"))
    elif tree == step and not rest:
        yield above


def _owned(path: Address, tree: Any) -> Iterator[Address]:
    """Where an optimizer's own rate or decay has gone."""
    if path[:2] == ("training", "optimizer") and len(path) == 4 and path[3] in OWNED:
        optimizer = tree["training"]["optimizer"]
        is_used = path[2] == optimizer if isinstance(optimizer, str) else path[2] in optimizer
        if is_used and path[3] in tree["training"]:
            yield ("training", path[3])


def _absent(path: Address, tree: Any) -> str:
    """Why a spec has no value at a path."""
    for end in range(len(path) - 1, 0, -1):
        try:
            value = value_at(tree, path[:end])
        except KeyError:
            continue
        if isinstance(value, dict) and len(value) == 1 and kind_of(find(path[:end]).schema):
            return f"not used: {dotted(path[:end])} is {next(iter(value))}"
        if value in ({}, []):
            break
        return f"not set: {dotted(path[:end])} holds {_held(value)}"
    return "not set"


def _held(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, dict) else flow(value)


def _listed(key: Key) -> list[str]:
    """The keys below, each with its default and the first sentence about it; of a kind of component, the names."""
    known = keys(key.schema)
    components = [name for name, inner in known.items() if component_of(inner)]
    rest = {name: inner for name, inner in known.items() if name not in components}
    lines: list[str] = []
    if rest:
        lines += ["", *_table(rest)]
    if components:
        kinds: dict[str, list[str]] = {}
        for name in components:
            kinds.setdefault(found[0] if (found := component_of(known[name])) else "", []).append(name)
        for kind, of_kind in kinds.items():
            lines += ["", f"  {len(of_kind)} names (`kspec list {kind}` shows their arguments)"]
            lines += [wrapped(", ".join(of_kind), "    ")] if len(of_kind) <= MOST_LISTED else []
    return lines


def _table(known: dict[str, Json]) -> list[str]:
    width = max(map(len, known))
    lines = []
    for name, inner in known.items():
        about = sentence(inner.get("description") or type_of(inner))
        default = inner.get("default")
        if default not in (None, [], {}) and not isinstance(default, dict):
            about += f" (default {flow_word(default)})"
        lines += textwrap.wrap(
            about,
            _width(),
            initial_indent=f"  {name:<{width}}  ",
            subsequent_indent=" " * (width + 4),
            break_on_hyphens=False,
        )
    return lines


def row(label: str, value: str) -> Iterator[str]:
    """A label and its text, which may have lines of its own."""
    first, *rest = value.splitlines() or [""]
    # A path is longer than a line rather than in two pieces.
    wrap = textwrap.TextWrapper(_width() - 12, break_on_hyphens=False, break_long_words=False)
    lines = [first, *rest] if rest else wrap.wrap(first) or [""]
    yield f"  {label:<8}  {lines[0]}"
    yield from (f"  {'':<8}  {line}" for line in lines[1:])


def paragraph(words: str, indent: str) -> list[str]:
    """Text in lines of the terminal's width."""
    return textwrap.wrap(words, _width(), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _whole(about: str) -> str:
    words = re.sub(r"\s+", " ", about)
    return words if words.endswith((".", "...")) else f"{words}."


def _width() -> int:
    return min(shutil.get_terminal_size().columns, 110)
