"""Which line, file or override set a value of the complete spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kspec.errors import Mark, dotted
from kspec.schema.find import component_of, find, stands_for
from kspec.spec.training import OWNED, Training
from kspec.text import Document
from kspec.text.nodes import COMMAND_LINE

Address = tuple[str | int, ...]
DEFAULT = "default"


@dataclass(frozen=True)
class Origin:
    """Where a value was set.

    text: `file:line:column`, `command line: training.epochs=3`, or `default` and what kind of default.
    written: the path where the file has it, which may be another one than in the complete spec; None for a default.
    """

    text: str
    written: Address | None

    @property
    def is_default(self) -> bool:
        """Whether nobody set it."""
        return self.written is None


def origin(path: Address, document: Document) -> Origin:
    """Where the value at a path of the complete spec comes from."""
    for place in written_at(path, document):
        mark = document.mark(place)
        if mark is not None:
            return Origin(shown(mark), place)
    if path == ("name",):
        return Origin("the file's name", None)
    owner = _component_above(path)
    if path in (("training", "learning_rate", "peak"), ("training", "weight_decay", "value")):
        name = _name(document.tree.get("training"), "optimizer") or Training.model_fields["optimizer"].default.name
        owner = f"optimizer {name}"
    return Origin(f"{DEFAULT} of {owner}" if owner else DEFAULT, None)


def shown(mark: Mark) -> str:
    """A place as one can click it, or the override as it was typed."""
    if mark.file == COMMAND_LINE:
        return f"command line: {mark.text}"
    return f"{mark.file}:{mark.line}:{mark.column}"


def written_at(path: Address, document: Document) -> Iterator[Address]:
    """The places in the file that may have set the value at a path of the complete spec, the likeliest first."""
    for place in (path, *_moved(path, document), *_folded(path)):
        if place in document.marks:
            yield place
        above, last = place[:-1], place[-1] if place else ""
        if place and above in document.marks:
            value = value_at(document.tree, above)
            alone = not isinstance(value, dict | list) and value is not None
            if alone and (value == last or stands_for(find(above).schema) == last or last == 0):
                yield above


def _moved(path: Address, document: Document) -> Iterator[Address]:
    """`training.learning_rate.peak` may stand as the optimizer's own argument."""
    if len(path) < 2 or path[0] != "training" or path[1] not in OWNED or path[:2] in document.marks:
        return
    name = _name(document.tree.get("training"), "optimizer")
    own = ("training", "optimizer", name, path[1])
    if name and own in document.marks:
        yield (*own, *path[2:])
        if not isinstance(value_at(document.tree, own), dict) and path[2:] in ((), ("peak",), ("value",)):
            yield own


def _folded(path: Address) -> Iterator[Address]:
    """A single item may stand for a list, and one regularizer for that of every kernel."""
    if path[:1] == ("model",) and path[2:3] == ("*/kernel",):
        yield path[:2] + path[3:]
    for place, step in enumerate(path):
        if step == 0:
            yield path[:place] + path[place + 1 :]


def _component_above(path: Address) -> str | None:
    """The component whose argument stands at a path."""
    for end in range(len(path) - 1, 0, -1):
        if found := component_of(find(path[:end]).schema):
            return found[1]
    return None


def _name(section: Any, key: str) -> str:
    """The name of the component that a section has at a key; "" where it has none."""
    value = section.get(key) if isinstance(section, dict) else None
    return next(iter(value), "") if isinstance(value, dict) else value if isinstance(value, str) else ""


def value_at(tree: Any, path: Address) -> Any:
    """The value at a path of a tree.

    Raises:
        KeyError: there is none.
    """
    for step in path:
        is_there = step in tree if isinstance(tree, dict) else isinstance(tree, list) and step in range(len(tree))
        if not is_there:
            raise KeyError(dotted(path))
        tree = tree[step]
    return tree


def nodes(tree: Any, path: Address = ()) -> Iterator[Address]:
    """The paths of everything in a tree; a parent comes before its children."""
    if path:
        yield path
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, value in inner:
        yield from nodes(value, (*path, step))


def leaves(tree: Any, path: Address = ()) -> Iterator[tuple[Address, Any]]:
    """The values of a tree with their paths; an empty mapping or list is a value, a list of plain values too."""
    if isinstance(tree, dict) and tree:
        for key, inner in tree.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(tree, list) and any(isinstance(item, dict) for item in tree):
        for number, item in enumerate(tree):
            yield from leaves(item, (*path, number))
    else:
        yield path, tree
