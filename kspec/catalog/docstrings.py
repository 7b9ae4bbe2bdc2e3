"""What each argument means, from docstrings, for the index: Keras' `Args:` sections and kspec's own `name: text.`"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

LONGEST = 240
"""The most characters that the index keeps of a description."""

_SECTION = re.compile(r"^(?:Args|Arguments|Constructor Args|Call arguments):[ \t]*$", re.MULTILINE)
_ARGUMENT = re.compile(r"^ *\*{0,2}`?(\w+)`?(?: *\([^)\n]*\))?: *(.*)$")
_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<=[A-Za-z0-9)`\"'\]>%])\.(?:\s+(?=[A-Z`(\"])|$)")
_ONLY_A_TYPE = re.compile(
    r"(?i)(?:\W|\b(?:optional|an?|positive|int|integer|float|str|string|bool|boolean|list|tuple|or|of|none|dict"
    r"|default|defaults|to|true|false|[0-9.]+|between|and|in|floating|point|value|number|scalar)\b)*"
)


def arguments(target: Callable[..., Any], names: Iterable[str]) -> dict[str, str]:
    """Argument -> what it is, in a sentence, for those of `names` that the docstrings of a class or function describe;
    the docstrings of a class's parents count too.

    Example:
        arguments(keras.callbacks.EarlyStopping, ["monitor"]) == {"monitor": "Quantity to be monitored"}
    """
    wanted = tuple(names)
    found: dict[str, str] = {}
    for one in target.__mro__[:-1] if inspect.isclass(target) else (target,):
        constructor = one.__dict__.get("__init__") if inspect.isclass(one) else None
        for docstring in (one.__doc__, constructor.__doc__ if constructor is not None else None):
            text = inspect.cleandoc(docstring or "")
            lines = in_sections(text) if _SECTION.search(text) else in_paragraphs(text, wanted)
            found = {**{name: said for name, rest in lines.items() if (said := sentence(rest))}, **found}
    return {name: found[name] for name in wanted if name in found}


def in_sections(text: str) -> dict[str, str]:
    """The arguments of a docstring in Keras' form, each with the whole text about it."""
    lines: dict[str, list[str]] = {}
    for section in _SECTION.finditer(text):
        name, indent = "", None
        for line in text[section.end() :].lstrip("\n").splitlines():
            depth = len(line) - len(line.lstrip())
            matched = _ARGUMENT.match(line)
            if matched and (indent is None or depth == indent):
                name, indent = matched[1], depth
                lines[name] = [matched[2]]
            elif line.strip() and (indent is None or depth < indent):
                break  # the next section
            elif name:
                lines[name].append(line.strip())
    return {name: " ".join(rest) for name, rest in lines.items()}


def in_paragraphs(text: str, names: tuple[str, ...]) -> dict[str, str]:
    """The arguments of a docstring in kspec's form: `name: what it is.` at the start of a line or of a sentence."""
    if not names:
        return {}
    start = re.compile(rf"(?:^ *|(?<=\. ))({'|'.join(map(re.escape, names))}): ", re.MULTILINE)
    end = re.compile(r"\n\s*\n|^(?:Raises|Example|Source|[A-Z]\w+ )|(?<=\. )(?:\w+): |^ *\w+: ", re.MULTILINE)
    found = {}
    for one in start.finditer(text):
        stop = end.search(text, one.end())
        found[one[1]] = text[one.end() : stop.start() if stop else len(text)]
    return found


def sentence(text: str) -> str:
    """The first sentence that says more than a type, in one line and without its full stop; "" where there is none."""
    parts = [part.strip() for part in _SENTENCE_END.split(" ".join(text.split())) if part.strip()]
    said = next((part for part in parts if not _ONLY_A_TYPE.fullmatch(part)), "")
    said = re.sub(r"^(?:\(Optional\) |(?:Boolean|bool|Integer|int|Float|String|str|Optional)[,:;] )+", "", said)
    first = said.split(" ")[0]
    said = said[:1].upper() + said[1:] if first.isalpha() and (len(first) > 1 or first == "a") else said  # no symbols
    return said if len(said) <= LONGEST else said[: LONGEST - 3].rsplit(" ", 1)[0] + "..."
