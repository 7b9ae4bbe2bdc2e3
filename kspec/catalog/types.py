"""The types of the index in plain words.

A type is one or more of these words joined by "|": `bool`, `int`, `number`, `string`, `list`, `null`, `any`,
`component:<kind>` (a name, or a name with arguments), `components:<kind>` (a list of them) and `name:<kind>` (a name
alone, handed on as the string it is).
`int` is accepted where `number` stands; a boolean is no number.
"""

from __future__ import annotations

from typing import Any

PLAIN: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "number": (int, float),
    "string": (str,),
    "list": (list, tuple),
    "null": (type(None),),
}

WORDS: dict[str, str] = {
    "bool": "true or false",
    "int": "an integer",
    "number": "a number",
    "string": "a string",
    "list": "a list",
    "null": "null",
}
"""Type -> how a message calls it."""


def quoted(value: Any) -> str:
    """A value as a message quotes it: short, with its type in the words of YAML."""
    if value is None:
        return "nothing"
    types = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "list",
        tuple: "list",
        dict: "mapping",
    }
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return f"{text} ({types[type(value)]})" if type(value) in types else text
