"""From a tree with marks to a typed spec, or to every problem in it, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kspec import text
from kspec.errors import Problem, SpecError, did_you_mean
from kspec.spec import Spec
from kspec.spec.component import show


def load_spec(path: str | Path, overrides: Sequence[str] = ()) -> Spec:
    """The spec in a YAML file, every default filled in.

    Args:
        path: the file.
        overrides: `key.path=value` sets, `~key.path` removes, in order.

    Raises:
        UsageError: no such file, or not a readable file.
        SpecError: the file is wrong; holds every problem with file, line and column.

    Example:
        spec = load_spec("specs/quickstart.yaml", ["training.epochs=3"])
    """
    return read(text.read(path, overrides))


def read(document: text.Document) -> Spec:
    """The typed spec of a document.

    Raises:
        SpecError: every problem, in the order of the file.
    """
    tree = document.tree
    if "name" not in tree:
        tree = {"name": _name(document), **tree}
    try:
        return Spec.model_validate(tree)
    except ValidationError as error:
        problems = [document.locate(found) for found in merged(map(problem, error.errors(include_url=False)))]
    raise SpecError(sorted(problems, key=_place))


def merged(problems: Iterable[Problem]) -> list[Problem]:
    """One problem a place: each branch of a union complains by itself."""
    by_place: dict[tuple[Any, ...], Problem] = {}
    for found in problems:
        place = (found.path, found.message) if found.message not in (WRONG_TYPE, WRONG_VALUE) else (found.path,)
        if place not in by_place:
            by_place[place] = found
        elif found.expected not in by_place[place].expected:
            first = by_place[place]
            expected = f"{first.expected}, or {found.expected.removeprefix('one of ')}"
            by_place[place] = replace(first, expected=expected, hint=first.hint or found.hint)
    return list(by_place.values())


def _name(document: text.Document) -> str:
    mark = document.mark(())
    stem = Path(mark.file).stem if mark else "experiment"
    return (
        "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in stem).lstrip("._-")[:80]
        or "experiment"
    )


def _place(problem: Problem) -> tuple[str, int, int]:
    return (problem.mark.file, problem.mark.line, problem.mark.column) if problem.mark else ("", 0, 0)


def problem(details: ErrorDetails) -> Problem:
    """One of pydantic's errors in kspec's words."""
    path = tuple(part for part in details["loc"] if not _is_branch(part))
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "kspec":
        stated: Problem = context["problem"]
        return replace(stated, path=path)
    if kind == "extra_forbidden":
        known = _keys(path[:-1])
        return Problem(path, "unknown key", ", ".join(known), "", did_you_mean(str(path[-1]), known), on_key=True)
    if kind == "missing":
        return Problem(path, "required key is missing", "", "", _HINTS.get(path, ""))
    expected = (
        _EXPECTED[kind].format(**context) if kind in _EXPECTED else details["msg"].removeprefix("Input should be ")
    )
    return Problem(
        path, WRONG_VALUE if kind in _RANGES else WRONG_TYPE, expected, show(value), _typed_hint(kind, value, context)
    )


def _is_branch(part: str | int) -> bool:
    """Whether pydantic put the name of a branch of a union into the location, rather than a key."""
    return isinstance(part, str) and (part.endswith("]") or part in _BRANCHES)


def _typed_hint(kind: str, value: Any, context: dict[str, Any]) -> str:
    if kind == "literal_error" and isinstance(value, str):
        return did_you_mean(value, [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")])
    if kind == "tuple_type" and isinstance(value, str):
        return f"write it as a list: [{value}]"
    if kind in ("int_type", "float_type") and isinstance(value, str):
        return "write the number without quotes" if _is_number(value) else ""
    return ""


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys of the section at a path."""
    section: Any = Spec
    for part in path:
        field = section.model_fields.get(part) if isinstance(part, str) else None
        section = _section_in(field.annotation) if field is not None else section
    return [key for key in section.model_fields if key != "network"]


def _section_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [_section_in(part) for part in getattr(annotation, "__args__", ())]
    return next((section for section in inner if section is not None), None)


WRONG_TYPE, WRONG_VALUE = "wrong type", "wrong value"
# `network` is how the typed spec holds the key that is the network's own name.
_BRANCHES = {
    "network",
    "str",
    "int",
    "float",
    "bool",
    "list",
    "dict",
    "constrained-str",
    "constrained-float",
    "constrained-int",
}
_HINTS: dict[tuple[str | int, ...], str] = {
    ("data",): "say where the examples come from, e.g. `data: {sklearn: digits}`",
    ("model",): "say what is trained, e.g. `model: MLP`",
}
_RANGES = {
    "greater_than", "greater_than_equal", "less_than", "less_than_equal", "literal_error", "string_pattern_mismatch",
    "string_too_long", "string_too_short", "too_short", "finite_number",
}  # fmt: skip
_EXPECTED = {
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a string",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "literal_error": "one of {expected}",
    "string_pattern_mismatch": "letters, digits, `.`, `_` and `-`, the first one a letter or digit",
    "string_too_short": "some text",
    "too_short": "at least {min_length} entry",
    "finite_number": "a finite number",
}
