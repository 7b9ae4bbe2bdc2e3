"""The types of the index in plain words.

A type is one or more of these words joined by "|": `bool`, `int`, `number`, `string`, `list`, `null`, `any`,
`component:<kind>` (a name, or a name with arguments), `components:<kind>` (a list of them) and `name:<kind>` (a name
alone, handed on as the string it is).
`int` is accepted where `number` stands; a boolean is no number.
"""

from __future__ import annotations

import math
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


_KINDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
}


def quoted(value: Any) -> str:
    """A value as a message quotes it: as YAML writes it, short, and with its type in the words of YAML.

    Example:
        quoted([1, True, None]) == "[1, true, null] (a list)"
    """
    if value is None:
        return "nothing"
    text = flow(value)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return f"{text} ({_KINDS[type(value)]})" if type(value) in _KINDS else text


def flow(value: Any) -> str:
    """A value in one line of YAML."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {flow(inner)}' for key, inner in value.items())}}}"
    return repr(value)
