"""From the address of a key to what the schema says about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kspec import catalog
from kspec.catalog.check import same_letters
from kspec.errors import UsageError, did_you_mean, dotted
from kspec.schema.build import schema
from kspec.spec.forms import Json

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Key:
    """One key of the spec.

    path: the keys that lead to it, in the spec's own spelling; lists are passed through (`data.clean.fill_missing`).
    schema: what may stand there, with the description and the default of this place.
    lists: the numbers of leading steps after which the rest of the path is in an item of a list.
    """

    path: Path
    schema: Json
    lists: tuple[int, ...] = ()


def find(path: Sequence[str | int]) -> Key:
    """The key at a path.

    Raises:
        UsageError: no such key; says the nearest.
    """
    key = Key((), schema())
    for step in path:
        key = _below(key, step)
    return key


def keys(one: Json) -> dict[str, Json]:
    """The keys that may stand below, with what the schema says of each; those of a list's items too."""
    found = own_keys(one)
    for branch in branches(one):
        if isinstance(branch.get("items"), dict):
            found = {**keys(branch["items"]), **found}
    return found


def own_keys(one: Json) -> dict[str, Json]:
    """As `keys`, without those of a list's items."""
    found: dict[str, Json] = {}
    for branch in branches(one):
        for name, inner in branch.get("properties", {}).items():
            found.setdefault(name, placed(inner))
    return found


def branches(one: Json, *, through: bool = True) -> Iterator[Json]:
    """The alternatives that a schema has, without those of alternatives. through: those of a kind of component too."""
    target = placed(one)
    if not through and (kind_of(one) or "$comment" in target):
        yield target
    elif "anyOf" in target:
        for branch in target["anyOf"]:
            yield from branches(branch, through=through)
    else:
        yield target


def placed(one: Json) -> Json:
    """A schema with its reference followed; what stands beside the reference counts more."""
    if "$ref" not in one:
        return one
    target: Json = schema()
    for part in one["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**placed(target), **{key: value for key, value in one.items() if key != "$ref"}, "of": one["$ref"]}


def required(path: Path) -> list[str]:
    """The keys that must be given in the section at a path, or in the component whose arguments stand there."""
    whole: Json = schema()["else"]  # what a spec needs that extends no other
    for step in path:
        whole = whole.get("properties", {}).get(step, {})
    found = list(branches(find(path).schema))
    items = [inner for one in found if isinstance(one.get("items"), dict) for inner in branches(one["items"])]
    own = [key for branch in (*found, *items) for key in branch.get("required", ())]
    return list(dict.fromkeys([*whole.get("required", ()), *own]))


def alternatives(path: Path) -> list[tuple[str, ...]]:
    """The groups of keys of which exactly one is given in the section at a path."""
    whole = branches(find(path).schema)
    items = [inner for one in whole if isinstance(one.get("items"), dict) for inner in branches(one["items"])]
    groups = [[one["required"][0] for one in branch["oneOf"]] for branch in (*branches(find(path).schema), *items)
              if all(len(one.get("required", ())) == 1 for one in branch.get("oneOf", ({},)))]  # fmt: skip
    return [tuple(group) for group in groups]


def stands_for(one: Json) -> str:
    """The key that a value alone stands for in a section; "" where there is none."""
    target = placed(one)
    if "short" in target:
        return str(target["short"])
    return next((found for branch in target.get("anyOf", ()) if (found := stands_for(branch))), "")


def kind_of(one: Json) -> str:
    """The kind of component that a schema takes; "" where it takes none."""
    name = str(one.get("$ref", one.get("of", ""))).rpartition("/")[2]
    return name if name in catalog.kinds() else ""


def component_of(one: Json) -> tuple[str, str] | None:
    """(kind, name) of the component whose arguments a schema is."""
    kind, dot, name = str(one.get("of", "")).rpartition("/")[2].partition(".")
    return (kind, name) if dot and kind in catalog.kinds() else None


def _below(key: Key, step: str | int) -> Key:
    known = keys(key.schema)
    path = (*key.path, step)
    if isinstance(step, int) or (step.isdecimal() and step not in known):
        for branch in branches(key.schema):
            if isinstance(items := branch.get("items"), dict):
                return Key((*key.path, int(step)), placed(items), key.lists)
        raise UsageError(f"{dotted(key.path)} is no list, so there is no {dotted(path)}")
    if step in known:
        item = () if step in own_keys(key.schema) else (len(key.path),)
        return Key(path, known[step], (*key.lists, *item))
    for branch in branches(key.schema):
        for pattern, inner in branch.get("patternProperties", {}).items():
            if pattern != "^~" and re.search(pattern, step):
                return Key(path, placed(inner), key.lists)
        if other := branch.get("additionalProperties"):
            return Key(path, placed(other) if isinstance(other, dict) else {}, key.lists)
    raise _unknown(key, step, list(known))


def _unknown(key: Key, step: str, known: list[str]) -> UsageError:
    address = dotted((*key.path, step))
    where = dotted(key.path) or "a spec"
    if not known:
        return UsageError(f"no key '{address}': {where} is a value and has no keys")
    near = same_letters(step, known) or did_you_mean(step, known)
    elsewhere = "" if near else _elsewhere(step)
    listed = ", ".join(known[:16]) + (f", ... ({len(known)} in all)" if len(known) > 16 else "")
    lines = [f"no key '{address}'", f"expected: in {where} one of {listed}"]
    hint = f"hint: {near or elsewhere}" if near or elsewhere else ""
    return UsageError("\n       ".join([*lines, *([hint] if hint else [])]))


def _elsewhere(word: str) -> str:
    """A hint at the address where the word is a key."""
    known = {str(path[-1]): path for path in reversed(list(addresses()))}
    if word not in known:
        known |= {name: path for path in reversed(list(components())) for name in [str(path[-1])]}
    near = word if word in known else did_you_mean(word, known).removeprefix("did you mean '").removesuffix("'?")
    return f"did you mean '{dotted(known[near])}'?" if near else ""


def components() -> Iterator[Path]:
    """The paths of all components and their arguments, at the first place that takes them."""
    for path in sorted([(), *addresses()], key=lambda path: path[:1] != ("training",)):  # likelier than model.layers
        one = find(path).schema
        for name, inner in keys(one).items():
            if component_of(inner):
                yield (*path, name)
                yield from ((*path, name, argument) for argument in keys(inner))


def addresses() -> Iterator[Path]:
    """The paths of all keys of all sections, without components and their arguments; a parent before its children."""
    pending: list[tuple[Path, Json]] = [((), schema())]
    while pending:
        path, one = pending.pop(0)
        for name, inner in keys(one).items() if not kind_of(one) else ():
            if component_of(inner) is None:
                yield (*path, name)
                pending.append(((*path, name), inner))
