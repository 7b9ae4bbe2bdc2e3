"""What a YAML syntax error means, in plain words: PyYAML's phrases are about its parser, not about the file."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from kspec.errors import Mark, Problem

# (phrase of libyaml or of PyYAML's own parser, what it means, hint, whether to point at where the construct began)
_MEANINGS = (
    (
        "could not find expected ':'",
        "this line is neither 'key: value' nor a list item",
        "put ': ' behind the key",
        True,
    ),
    (
        "sequence entries are not allowed",
        "a list item '- ' cannot begin here",
        "begin the list on the next line",
        False,
    ),
    (
        r"expected ',' or '\]'",
        "the list that begins here with '[' has no end, or lacks a ','",
        "close it with ']'",
        True,
    ),
    (
        "expected ',' or '}'",
        "the mapping that begins here with '{' has no end, or lacks a ','",
        "close it with '}'",
        True,
    ),
    ("unexpected end of stream", "the quote that begins here is not closed", "close it", True),
    ("document separator", "the quote that begins here is not closed", "close it", True),
    ("unknown escape character", "double quotes do not know this escape", "use single quotes, or write '\\\\'", False),
    ("expected escape sequence", "this escape lacks digits", "use single quotes, or write '\\\\'", False),
    ("escape", "this escape is no character", "use single quotes, or write '\\\\'", False),
    ("cannot start any token", "a text without quotes cannot begin with this character", "put it in quotes", False),
    ("alphabetic or numeric", "'*' and '&' begin an alias or an anchor, and no name follows", "put it in quotes", True),
    ("undefined tag handle", "this tag is not known", "remove it; a text that begins with '!' needs quotes", True),
    ("tag", "this tag is not complete", "remove it; a text that begins with '!' needs quotes", True),
    ("incompatible YAML", "this is not YAML 1", "remove the %YAML line", False),
    ("duplicate %", "a directive stands twice", "remove one of the two", False),
    ("directive", "this directive is not known", "a line that begins with '%' needs quotes or '#'", True),
    (
        "block scalar",
        "the text behind '|' or '>' does not begin correctly",
        "begin it, indented, on the next line",
        True,
    ),
    ("node content", "a value was expected here", "put the text in quotes, or check the brackets and commas", False),
    ("document start", "text stands behind the end of the value", "check the indentation and the quotes", False),
    (
        r"block collection",
        "this line should be the next list item",
        "begin it with '- ', or check the indentation",
        False,
    ),
)


def in_words(error: yaml.MarkedYAMLError, text: str, locate: Callable[[int, int, int], Mark]) -> Problem:
    """The problem that `error` reports for `text`."""
    place = error.problem_mark or error.context_mark
    if place is None:
        return Problem((), f"YAML syntax: {error.problem}")
    indent = re.compile(r"[ \t]*").match(text, place.index - place.column)
    begin = indent.start() if indent else place.index
    before = text[begin : place.index]
    if indent and "\t" in indent[0]:
        column = indent[0].index("\t")
        mark = locate(place.line, column, begin + column)
        return Problem((), "a tab stands in the indentation", hint="YAML indents with spaces only", mark=mark)
    here = locate(place.line, place.column, place.index)
    if "mapping values are not allowed" in (error.problem or ""):
        return _second_colon(before, here, locate(place.line, len(indent[0]) if indent else 0, begin))
    phrase = f"{error.context or ''} | {error.problem or ''}"
    for pattern, message, hint, at_begin in _MEANINGS:
        if re.search(pattern, phrase):
            began = error.context_mark if at_begin else None
            mark = locate(began.line, began.column, began.index) if began else here
            return Problem((), message, hint=hint, mark=mark)
    if before.strip():
        hint = "put the whole value in quotes; inside of quotes, write a quote twice"
        return Problem((), "text stands behind the end of the value", hint=hint, mark=here)
    hint = "keys of one mapping stand at the same column"
    return Problem((), "the indentation does not match the lines above", hint=hint, mark=here)


def _second_colon(before: str, here: Mark, at_indent: Mark) -> Problem:
    if ": " in before:
        hint = "put the value in quotes, or put one key on each line"
        return Problem((), "a second ': ' stands in this line", hint=hint, mark=here)
    hint = "keys of one mapping stand at the same column; the line above may lack a ':' at its end"
    return Problem((), "this line is indented deeper than the lines above allow", hint=hint, mark=at_indent)
