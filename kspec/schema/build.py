"""The JSON Schema of a spec, from the typed spec and the catalogue: nothing of either is written down again here.

It is of draft-07, the newest draft that every YAML editor reads: the language server behind them takes 2020-12 in
part only. What draft-07 cannot say stays with `kspec check`: that two keys belong together, that exactly one network
is named.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from kspec.schema import components, shared
from kspec.schema.files import of_files
from kspec.spec import Spec
from kspec.spec.component import Component
from kspec.spec.component import as_tree as component_tree
from kspec.spec.duration import Span
from kspec.spec.duration import as_tree as span_tree
from kspec.spec.forms import Json

DRAFT = "http://json-schema.org/draft-07/schema#"


@functools.cache
def schema() -> Json:
    """The whole schema, as plain data. It is shared: do not change it."""
    also: dict[str, Json] = {}
    raw = Spec.model_json_schema(schema_generator=_Generator, ref_template="#/definitions/{model}")
    plain = _plain(raw, also)
    named = components.definitions(also)
    definitions = shared.pulled_out({**plain.pop("$defs"), **named})
    rest = of_files({**plain, "definitions": definitions})
    return {"$schema": DRAFT, "title": "A kspec experiment", **{key: rest[key] for key in rest if key != "title"}}


class _Generator(GenerateJsonSchema):
    """Pydantic's, with defaults as a person writes them."""

    def encode_default(self, dft: Any) -> Any:
        """The YAML value of a default."""
        return _written(dft)


def _written(value: Any) -> Any:
    if isinstance(value, Span):
        return span_tree(value)
    if isinstance(value, Component):
        return component_tree(value)
    if isinstance(value, BaseModel):
        tree = value.model_dump(mode="json")
        return next(iter(tree)) if list(tree.values()) == [{}] else tree  # a name without arguments
    return [_written(one) for one in value] if isinstance(value, tuple) else value


def _plain(value: Any, also: dict[str, Json]) -> Any:
    """A schema without kspec's own keywords and without what draft-07 does not know.

    also: collects by kind the arguments that the spec adds to those of every component.
    """
    if isinstance(value, list):
        return [_plain(item, also) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(one := value.get("arguments"), list):
        return components.reference(components.definition_of(*one))
    if isinstance(kinds := value.get("component"), list):
        if "also" in value:
            also[kinds[0]] = value["also"]
        form = {"anyOf": components.bare(kinds)} if "bare" in value else components.place(kinds)
        rest = {key: inner for key, inner in value.items() if key not in ("component", "also", "bare", "title")}
        return _proposed(_without_section_default(form | rest))
    found = {
        key: _plain(inner, also) for key, inner in value.items() if not (key == "title" and isinstance(inner, str))
    }
    if isinstance(found.get("names"), list):
        found = _with_names(found)
    if "prefixItems" in found:
        found["items"] = found.pop("prefixItems")
    return _proposed(_without_section_default(_counted(found)))


def _with_names(found: Json) -> Json:
    """A mapping with the names of some kinds among its keys."""
    names = components.one_of(found.pop("names"))
    return {
        **found,
        "properties": {**names["properties"], **found["properties"]},
        "patternProperties": names["patternProperties"],
    }


def _counted(found: Json) -> Json:
    """Pydantic writes the least length of a list that is made by a validator as that of a string."""
    least = found.get("minLength")
    branches = [found, *(found["anyOf"] if isinstance(found.get("anyOf"), list) else [])]
    lists = [one for one in branches if isinstance(one, Mapping) and one.get("type") == "array"]
    if not isinstance(least, int) or not lists:
        return found
    rest = {key: value for key, value in found.items() if key != "minLength"}
    if found.get("type") == "array":
        return {**rest, "minItems": least}
    return {**rest, "anyOf": [{**one, "minItems": least} if one in lists else one for one in rest["anyOf"]]}


def _proposed(found: Json) -> Json:
    """Editors propose the `examples` of a key as its values, but only plain ones; the others stay for `explain`."""
    examples = found.get("examples")
    if not isinstance(examples, list):
        return found
    whole = [one for one in examples if isinstance(one, dict | list)]
    plain = [one for one in examples if one not in whole]
    rest = {key: value for key, value in found.items() if key != "examples"}
    return rest | ({"examples": plain} if plain else {}) | ({"x-examples": whole} if whole else {})


def _without_section_default(found: Json) -> Json:
    """The default of a section is that of each of its keys."""
    is_section = isinstance(found.get("default"), dict) and "$ref" in found
    no_default = found.get("default", ...) is None
    return {key: value for key, value in found.items() if not (key == "default" and (is_section or no_default))}
