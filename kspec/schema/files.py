"""What holds for a file rather than for the experiment: `extends`, keys that remove, and what a child may leave out.

A file with `extends:` changes another one, so nothing in it is required. Where lists and components are concerned it
replaces, so within these everything stays required.
"""

from __future__ import annotations

from kspec.spec.forms import NULL, TEXT, Json

EXTENDS: Json = {
    "anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}],
    "description": "The file, or files, that this one builds on, relative to this one's folder: mappings merge, all "
    "else replaces, and a key `~name` removes one.",
    "examples": ["base.yaml"],
}
REMOVES: Json = {"^~": {**NULL, "description": "Removes this key of the file that is extended."}}
"""A key that begins with `~` takes away what the extended file says."""
_WHOLE = ("required", "oneOf", "not")
"""Keywords that a part of a section cannot fulfil."""


def of_files(schema: Json) -> Json:
    """The schema of a spec as that of a file."""
    definitions: dict[str, Json] = dict(schema["definitions"])
    root = {key: value for key, value in schema.items() if key != "definitions"}
    demands = _demands(root, definitions)
    softened = {**_softened(root, definitions), "definitions": definitions}
    properties = {"extends": EXTENDS, **softened["properties"]}
    return {**softened, "properties": properties, "if": {"required": ["extends"]}, "then": {}, "else": demands}


def _demands(schema: Json, definitions: dict[str, Json]) -> Json:
    """What a whole spec needs besides what its parts need: the `required` of sections, at their places."""
    if "$ref" in schema:
        return _demands(_target(schema, definitions), definitions)
    found = {key: schema[key] for key in _WHOLE if key in schema}
    inner = {key: demand for key, one in schema.get("properties", {}).items() if (demand := _demands(one, definitions))}
    for branch in schema.get("anyOf", ()):
        if "properties" in branch or "$ref" in branch:  # at most one branch is a section
            deeper = _demands(branch, definitions)
            inner |= deeper.pop("properties", {})
            found |= deeper
    return found | ({"properties": inner} if inner else {})


def _softened(schema: Json, definitions: dict[str, Json]) -> Json:
    """A section that needs nothing and whose keys can be removed; changes those of `definitions` that it reaches."""
    found = {key: value for key, value in schema.items() if key not in _WHOLE}
    if "anyOf" in found:
        found["anyOf"] = [_softened_branch(branch, definitions) for branch in found["anyOf"]]
    if "properties" in found:
        found["properties"] = {
            key: _softened_branch(one, definitions) if key != "extends" else one
            for key, one in found["properties"].items()
        }
        found["patternProperties"] = REMOVES | found.get("patternProperties", {})
    return found


def _softened_branch(schema: Json, definitions: dict[str, Json]) -> Json:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if not _is_section(name, definitions) or "^~" in str(definitions[name].get("patternProperties", "")):
            return schema
        definitions[name] = _softened(definitions[name], definitions)
        return schema
    return _softened(schema, definitions) if "properties" in schema or "anyOf" in schema else schema


def _target(schema: Json, definitions: dict[str, Json]) -> Json:
    name = schema["$ref"].rpartition("/")[2]
    return definitions[name] if _is_section(name, definitions) else {}


def _is_section(name: str, definitions: dict[str, Json]) -> bool:
    """Whether a definition is a section of the spec: components replace one another and are always whole."""
    return "." not in name and (name[:1].isupper() or name.startswith("kspec__")) and name in definitions
