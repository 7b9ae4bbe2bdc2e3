"""What the JSON Schema says where a validator of kspec accepts more, or other, than pydantic can see.

Each of these stands beside the validator that it describes. A schema may hold these keywords of kspec's own, which
`kspec.schema` replaces by plain JSON Schema with the names and arguments of the catalogue:

    {"component": [kinds]}       a name of these kinds, or a name with arguments; `also`: further arguments;
                                 `bare`: only a name
    {"arguments": [kind, name]}  the arguments of one component
    {"names": [kinds]}           in a mapping: each name of these kinds is a key whose value are its arguments

and two that stay for `kspec explain`: `short`, the key of a section that a value alone stands for, and `$comment`,
a form in words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import WithJsonSchema

Json = dict[str, Any]
TEXT: Json = {"type": "string", "minLength": 1}
NULL: Json = {"type": "null"}
ONE_KEY: Json = {"allOf": [{"minProperties": 1, "maxProperties": 1}]}
"""Exactly one key. In `allOf`, since yaml-language-server proposes no key on an empty line beside `maxProperties`."""


@dataclass(frozen=True)
class Form:
    """Changes the schema of what it annotates."""

    change: Callable[[Json], Json]

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> Json:
        """Pydantic's hook."""
        return self.change(handler(core))


OR_ONE = Form(lambda schema: {"anyOf": [schema["items"], schema]})
"""A list, or one item that stands for a list of one."""


def written(*forms: Json, **said: Any) -> WithJsonSchema:
    """Takes the place of the schema: one of these forms. said: `description`, `examples`."""
    return WithJsonSchema({**(forms[0] if len(forms) == 1 else {"anyOf": list(forms)}), **said}, mode="validation")


def component(kinds: str | tuple[str, ...], **also: Json) -> Json:
    """A component of one of these kinds. also: arguments that it takes besides its own."""
    schema: Json = {"component": [kinds] if isinstance(kinds, str) else list(kinds)}
    return schema | ({"also": also} if also else {})


def or_value(key: str, *forms: Json) -> Callable[[Json], None]:
    """For `json_schema_extra` of a section: a value of these forms stands for the section with this key alone."""

    def change(schema: Json) -> None:
        whole = dict(schema)
        description = whole["description"]
        schema.clear()
        schema.update({"anyOf": [*forms, whole], "description": description, "short": key})

    return change


def exactly_one(keys: tuple[str, ...]) -> Callable[[Json], None]:
    """For `json_schema_extra` of a section: one of these keys is there, and is not null."""

    def change(schema: Json) -> None:
        schema["oneOf"] = [{"required": [key], "properties": {key: {"not": NULL}}} for key in keys]

    return change


def or_name(schema: Json, section: Any) -> None:
    """For `json_schema_extra` of a `OneOf`: exactly one key, or the bare name of one that needs no arguments."""
    inner = {key: next(one for one in field.annotation.__args__ if one is not type(None))
             for key, field in section.model_fields.items()}  # fmt: skip
    bare = [key for key, one in inner.items() if not any(field.is_required() for field in one.model_fields.values())]
    about = [section.model_fields[key].description for key in bare]
    whole = {**schema, **ONE_KEY}
    description = whole["description"]
    schema.clear()
    names: list[Json] = [{"enum": bare, "enumDescriptions": about}] if bare else []
    schema.update({"anyOf": [*names, whole], "description": description})
