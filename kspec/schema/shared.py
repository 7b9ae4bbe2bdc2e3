"""Arguments that many components have alike (`kernel_initializer`, `dtype`) are written once."""

from __future__ import annotations

import json
from collections import Counter

from kspec.spec.forms import Json

SHORTEST, LEAST = 80, 3
"""A schema of at least so many characters that stands at least so many times becomes a definition."""


def pulled_out(definitions: dict[str, Json]) -> dict[str, Json]:
    """The definitions, with what their properties share made definitions of their own."""
    texts = Counter(
        (key, _text(one)) for schema in definitions.values() for key, one in schema.get("properties", {}).items()
    )
    names: dict[tuple[str, str], str] = {}
    taken: Counter[str] = Counter()
    for key, text in (pair for pair, count in texts.items() if count >= LEAST and len(pair[1]) >= SHORTEST):
        taken[key] += 1
        names[key, text] = f"argument.{key}" if taken[key] == 1 else f"argument.{key}.{taken[key]}"
    changed = {name: _referring(schema, names) for name, schema in definitions.items()}
    return changed | {name: json.loads(text) for (_, text), name in names.items()}


def _text(schema: Json) -> str:
    return json.dumps(schema)


def _referring(schema: Json, names: dict[tuple[str, str], str]) -> Json:
    if "properties" not in schema:
        return schema
    properties = {
        key: {"$ref": f"#/definitions/{names[key, text]}"} if (key, text := _text(one)) in names else one
        for key, one in schema["properties"].items()
    }
    return {**schema, "properties": properties}
