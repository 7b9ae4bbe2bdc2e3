"""YAML 1.2 core schema: which unquoted words are null, booleans and numbers; all others are strings.

Source: YAML 1.2.2, section 10.3.2 (tag resolution of the core schema). Unlike YAML 1.1, `no`, `on`, `12:30`,
`2026-01-01` and `1_000` are strings, `1e-3` is a float and `010` is ten.
"""

from __future__ import annotations

import math
import re

from kspec.text.nodes import Scalar

TAG = "tag:yaml.org,2002:"

_PATTERNS = {
    "null": re.compile(r"|~|null|Null|NULL"),
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    "float": re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
}
# Python refuses to convert longer decimal integers; far below it no setting makes sense.
_MOST_DIGITS = 1000


def kind_of(text: str) -> str:
    """What an unquoted `text` is: "null", "bool", "int", "float" or "str"."""
    for kind, pattern in _PATTERNS.items():
        if pattern.fullmatch(text):
            return kind
    return "str"


def convert(text: str, kind: str) -> Scalar:
    """`text` as a value of `kind`. Raises ValueError, in words for the user, where it is none or out of range."""
    if kind == "str":
        return text
    is_whole_float = kind == "float" and kind_of(text) == "int"
    if kind_of(text) != kind and not is_whole_float:
        raise ValueError(f"{_short(text)} is not of type {kind}")
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits is too long")
    return _integer(text) if kind == "int" else _float(text)


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text, base)


def _float(text: str) -> float:
    if text[-3:].lower() in ("inf", "nan"):
        return float(text.replace(".", ""))
    number = float(_integer(text) if text[:2] in ("0o", "0x") else text)
    if math.isinf(number):
        raise ValueError(f"{_short(text)} is too large for a float")
    return number


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
