"""What differs between two complete specs, path by path."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kspec.commands.origin import Address
from kspec.errors import UsageError
from kspec.schema.find import find, keys
from kspec.spec.forms import Json


class _Absent:
    """The mark of a key that one of the two does not have: null is a value."""


ABSENT = _Absent()


@dataclass(frozen=True)
class Difference:
    """A path whose values differ; ABSENT where one side has none."""

    path: Address
    first: Any
    second: Any


def differences(first: Any, second: Any, path: Address = ()) -> list[Difference]:
    """Every difference, in the order of the spec. A component that another one replaces is one difference."""
    if isinstance(first, dict) and isinstance(second, dict) and not _replaced(first, second):
        return [
            found
            for key in dict.fromkeys([*first, *second])
            for found in differences(first.get(key, ABSENT), second.get(key, ABSENT), (*path, key))
        ]
    if isinstance(first, list) and isinstance(second, list) and _of_components([*first, *second]):
        return list(_in_lists(first, second, path))
    return [] if first == second and type(first) is type(second) else [Difference(path, first, second)]


def _replaced(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether both are a name with arguments, and the names differ."""
    return len(first) == len(second) == 1 and set(first) != set(second)


def _of_components(items: list[Any]) -> bool:
    return any(isinstance(item, dict) for item in items)


def _in_lists(first: list[Any], second: list[Any], path: Address) -> Iterator[Difference]:
    """Items of one name are compared with each other, the rest stand on one side only."""
    names = [[_name(item) for item in items] for items in (first, second)]
    matcher = difflib.SequenceMatcher(None, names[0], names[1], autojunk=False)
    for kind, start, end, other, other_end in matcher.get_opcodes():
        if kind == "equal":
            for one, two in zip(range(start, end), range(other, other_end), strict=True):
                yield from differences(first[one], second[two], (*path, two))
        else:
            yield from (Difference((*path, one), first[one], ABSENT) for one in range(start, end))
            yield from (Difference((*path, two), ABSENT, second[two]) for two in range(other, other_end))


def _name(item: Any) -> str:
    return next(iter(item)) if isinstance(item, dict) and len(item) == 1 else json.dumps(item, sort_keys=True)


def brief(path: Address, value: Any) -> Any:
    """A value without the arguments that have their default; a component without others is its name."""
    if not isinstance(value, dict):
        return [brief((*path, number), item) for number, item in enumerate(value)] if _is_list(value) else value
    known = _known(path)
    kept = {
        key: short
        for key, inner in value.items()
        if (short := brief((*path, key), inner)) != known.get(key, {}).get("default", ABSENT)
    }
    is_name = len(value) == 1 and list(value.values()) != [None] and list(kept.values()) == [{}]
    return next(iter(kept)) if is_name else kept


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and _of_components(value)


def _known(path: Address) -> dict[str, Json]:
    try:
        return keys(find(path).schema)
    except UsageError:  # arguments that the schema does not know, such as those of a data set
        return {}
