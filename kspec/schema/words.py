"""What a schema says, in words."""

from __future__ import annotations

from typing import Any

from kspec.catalog.check import with_article
from kspec.catalog.kinds import LABELS
from kspec.catalog.types import flow
from kspec.schema.find import branches, component_of, keys, kind_of, placed, stands_for
from kspec.spec.forms import Json

BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "maxLength": "at most {} characters",
}
PLAIN = {
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "null": "null",
    "object": "a mapping",
}


def type_of(one: Json) -> str:
    """The types that a value may have."""
    found = [_branch(branch) for branch in branches(one, through=False)]
    words = list(dict.fromkeys(word for word in found if word and word != "null"))
    last = [
        "a list of them" if words[1:] and word == f"a list, each item {' or '.join(words[:-1])}" else word
        for word in words[-1:]
    ]
    return ", or ".join([*words[:-1], *last, *(["null"] if "null" in found else [])]) or "any value"


def _branch(one: Json) -> str:
    if kind := kind_of(one):
        return f"{with_article(LABELS[kind])} (a name, or {{Name: {{argument: value}}}})"
    if component_of(one):
        return "a mapping of arguments"
    if "$comment" in one:
        return str(one["$comment"])
    if "enum" in one or "const" in one:
        return "one word of those below" if len(choices(one)) > 1 else flow_word(choices(one)[0])
    kinds = one.get("type", "")
    if isinstance(kinds, list):
        return " or ".join(_plain(one, kind) for kind in kinds)
    if kinds == "string" and "pattern" in one and one["pattern"].startswith("^("):
        return ""  # other spellings of names
    return _plain(one, kinds) if kinds else ""


def _plain(one: Json, kind: str) -> str:
    if kind == "array":
        items = one.get("items")
        if isinstance(items, list):
            return f"a list of {len(items)}: [{', '.join(type_of(item) for item in items)}]"
        return f"a list, each item {inner}" if items and (inner := type_of(items)) != "any value" else "a list"
    said = [form.format(_number(one[key])) for key, form in BOUNDS.items() if key in one and kind not in ("null",)]
    return f"{PLAIN[kind]} {' and '.join(said)}" if said else PLAIN[kind]


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and abs(value) < 1e15 else f"{value:g}"


def choices(one: Json) -> list[Any]:
    """The values among which a schema lets one choose, [] where it names none."""
    found: list[Any] = []
    for branch in branches(one, through=False):
        if not kind_of(branch):
            found += branch.get("enum", [branch["const"]] if "const" in branch else [])
        if isinstance(branch.get("items"), dict):
            found += choices(branch["items"])
    return list(dict.fromkeys(found))


def flow_word(value: Any) -> str:
    """A value as YAML writes it, texts without quotes."""
    return value if isinstance(value, str) else flow(value)


def example(one: Json) -> Any:
    """A value that may stand there: the first example of the schema, else its default, else the plainest value."""
    target = placed(one)
    for key in ("x-examples", "examples"):
        if target.get(key):
            return target[key][0]
    if target.get("default") not in (None, [], {}):
        return target["default"]
    return _plainest(target)


def _plainest(target: Json) -> Any:
    """The first choice, what a value alone stands for, true, the least number, or the first keys of a section."""
    if words := choices(target) or [word for branch in branches(target) for word in branch.get("enum", ())]:
        return words[0]
    if short := stands_for(target):
        return example(keys(target)[short])
    for branch in branches(target):
        if "properties" in branch:
            required = branch.get("required", []) or list(branch["properties"])[:1]
            return {key: example(keys(branch)[key]) for key in required}
        kinds = branch["type"] if isinstance(branch.get("type"), list) else [branch.get("type")]
        if "boolean" in kinds:
            return True
        if "integer" in kinds or "number" in kinds:
            return branch.get("minimum", 1)
        if "array" in kinds:
            items = branch.get("items")
            return [example(items)] if isinstance(items, dict) and items else [1, 1]
        if "string" in kinds and "$comment" not in branch:
            return "name"
    return None


def sentence(text: str) -> str:
    """The first sentence of a description, without its full stop."""
    return " ".join(text.split()).split(". ")[0].rstrip(".")
