"""Components as JSON Schema: every name of the catalogue, alone or with its arguments.

A kind is one definition, a component another, and every place that takes one refers to them. Aliases (`adam`, `mse`)
are accepted by pattern, so that an editor proposes each component once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kspec import catalog
from kspec.catalog.check import NAME
from kspec.catalog.index import Argument, Entry
from kspec.catalog.types import PLAIN
from kspec.spec.forms import NULL, ONE_KEY, Json

TYPES: dict[str, Json] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "string": {"type": "string"},
    "list": {"type": "array"},
    "null": NULL,
}
"""Plain type of the index -> JSON Schema."""
OF_THE_SECTION = "#/definitions/Training/properties/learning_rate"
"""What an optimizer's own rate may be: the spec moves it to `training.learning_rate`."""


def reference(name: str) -> Json:
    """A reference to a definition."""
    return {"$ref": f"#/definitions/{name}"}


def definition_of(kind: str, name: str) -> str:
    """The name of a component's definition."""
    return f"{kind}.{name}"


def place(kinds: list[str]) -> Json:
    """What may stand where a component of one of these kinds is expected."""
    return reference(kinds[0]) if len(kinds) == 1 else {"anyOf": [reference(kind) for kind in kinds]}


def definitions(also: Mapping[str, Json]) -> dict[str, Json]:
    """The definitions of all kinds and components. also: kind -> arguments that the spec adds to each component's."""
    found: dict[str, Json] = {}
    for kind in catalog.kinds():
        found[kind] = {"anyOf": [*bare([kind]), {"type": "object", **one_of([kind]), **ONE_KEY}]}
        found[f"{kind} name"] = {"anyOf": [{"enum": catalog.names(kind)}, *spelt(catalog.aliases(kind))]}
        for name in catalog.names(kind):
            found[definition_of(kind, name)] = component(catalog.entry(kind, name), also.get(kind, {}))
    return found


def bare(kinds: list[str]) -> list[Json]:
    """The names that may stand alone: of components without required arguments."""
    free = [entry for kind in kinds for name in catalog.names(kind) if is_free(entry := catalog.entry(kind, name))]
    other = [
        alias for kind in kinds for alias, name in catalog.aliases(kind).items() if is_free(catalog.entry(kind, name))
    ]
    listed: Json = {"enum": [entry.name for entry in free], "enumDescriptions": [entry.summary for entry in free]}
    return [*([listed] if free else []), *spelt(other)]


def one_of(kinds: list[str]) -> Json:
    """The keywords of a mapping from one name of these kinds to its arguments."""
    properties = {name: reference(definition_of(kind, name)) for kind in kinds for name in catalog.names(kind)}
    patterns = {
        f"^{re.escape(alias)}$": reference(definition_of(kind, name))
        for kind in kinds
        for alias, name in catalog.aliases(kind).items()
        if alias not in properties
    }
    return {"properties": properties, "patternProperties": patterns, "additionalProperties": False}


def spelt(words: Iterable[str]) -> list[Json]:
    """One of these words, none of which an editor proposes; [] where there are none."""
    pattern = "|".join(map(re.escape, words))
    return [{"type": "string", "pattern": f"^({pattern})$"}] if pattern else []


def is_free(entry: Entry) -> bool:
    """Whether the component needs no arguments."""
    return not any(one.required for one in entry.arguments.values())


def component(entry: Entry, also: Mapping[str, Json]) -> Json:
    """The arguments of a component."""
    schema: Json = {
        "type": ["object", "null"] if is_free(entry) else "object",
        "description": entry.summary,
        "properties": {key: described(entry.kind, one) for key, one in entry.arguments.items()} | dict(also),
        "additionalProperties": entry.open,
    }
    required = [key for key, one in entry.arguments.items() if one.required]
    return schema | ({"required": required} if required else {})


def described(kind: str, one: Argument) -> Json:
    """An argument: what it may be, what it means, its default."""
    schema = argument(one)
    if kind == "optimizer" and one.name == "learning_rate":
        schema = {"$ref": OF_THE_SECTION}
    if one.about:
        schema = schema | {"description": one.about}
    return schema if one.required or one.default is None else schema | {"default": one.default}


def argument(one: Argument) -> Json:
    """What the value of an argument may be: as `kspec.catalog.check` has it."""
    words = one.type.split("|")
    if "any" in words:
        return {}
    plain = [word for word in words if word in PLAIN]
    forms = [typed(one, word) for word in plain if word not in ("null", "bool") or len(plain) == 1]
    forms += [TYPES[word] for word in plain if word in ("null", "bool") and len(plain) > 1]
    forms += [form for word in words if word not in PLAIN for form in named(word)]
    return forms[0] if len(forms) == 1 else merged(forms)


def typed(one: Argument, word: str) -> Json:
    """A plain type, with the choices of a string and the numbers of a list that is known to hold numbers."""
    if word == "string" and one.name == "name":
        return {"type": "string", "pattern": f"^(?:{NAME.pattern})$"}
    if word == "string" and one.choices:
        return {"enum": list(one.choices)}
    numbers = isinstance(one.default, list) and one.default and all(_is_number(item) for item in one.default)
    return {"type": "array", "items": {"type": ["number", "array"]}} if word == "list" and numbers else TYPES[word]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def named(word: str) -> list[Json]:
    """The forms of `component:<kind>`, `components:<kind>` and `name:<kind>`."""
    form, kind = word.split(":")
    if form == "components":
        return [{"type": "array", "items": reference(kind)}]
    return [reference(kind if form == "component" else f"{kind} name")]


def merged(forms: list[Json]) -> Json:
    """Alternatives; plain types go into one list, which reads better in an editor."""
    plain = [form["type"] for form in forms if list(form) == ["type"]]
    rest = [form for form in forms if list(form) != ["type"]]
    if len(plain) > 1:
        rest.insert(0, {"type": plain})
    elif plain:
        rest.append({"type": plain[0]})
    return rest[0] if len(rest) == 1 else {"anyOf": rest}
