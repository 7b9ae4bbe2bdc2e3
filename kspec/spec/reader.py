"""From a tree with marks to a typed spec, or to every problem in it, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kspec import text
from kspec.catalog.types import quoted
from kspec.errors import Problem, SpecError, did_you_mean
from kspec.spec import Spec


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
        stated = [problem(details, _path(details["loc"], document)) for details in error.errors(include_url=False)]
        problems = [document.locate(found) for found in merged(stated)]
    raise SpecError(shortened(sorted(problems, key=_place)))


def shortened(problems: list[Problem]) -> list[Problem]:
    """The first of very many problems, and how many more there are: a person mends a few, then looks again."""
    if len(problems) <= text.MOST_PROBLEMS:
        return problems
    shown, first = problems[: text.MOST_PROBLEMS], problems[text.MOST_PROBLEMS]
    count = len(problems) - len(shown)
    return [
        *shown,
        replace(first, path=(), message=f"{count} more problems begin here", expected="", found="", hint=""),
    ]


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
    # Where a branch of a union fits so far that what is wrong lies deeper, the other branches have nothing to say.
    deeper = {found.path[:end] for found in by_place.values() for end in range(len(found.path))}
    return [one for one in by_place.values() if one.message not in (WRONG_TYPE, WRONG_VALUE) or one.path not in deeper]


def _name(document: text.Document) -> str:
    mark = document.mark(())
    stem = Path(mark.file).stem if mark else "experiment"
    return (
        "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in stem).lstrip("._-")[:80]
        or "experiment"
    )


def _place(problem: Problem) -> tuple[str, int, int]:
    return (problem.mark.file, problem.mark.line, problem.mark.column) if problem.mark else ("", 0, 0)


def _path(location: tuple[str | int, ...], document: text.Document) -> tuple[str | int, ...]:
    """The keys of the file in a location of pydantic, without the names of branches of unions."""
    path: tuple[str | int, ...] = ()
    for part in location:
        if not _is_branch(part) or (*path, part) in document.marks:
            path = (*path, part)
    return path


def problem(details: ErrorDetails, path: tuple[str | int, ...]) -> Problem:
    """One of pydantic's errors, at a path of the file, in kspec's words."""
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "kspec":
        stated: Problem = context["problem"]
        return replace(stated, path=path)
    if kind == "extra_forbidden":
        known = _keys(path[:-1])
        return Problem(path, "unknown key", ", ".join(known), "", did_you_mean(str(path[-1]), known), on_key=True)
    if kind == "missing":
        return Problem(
            path[:-1], f"the required key '{path[-1]}' is missing", "", "", _HINTS.get(path, ""), on_key=True
        )
    expected = _expected(kind, context, details["msg"])
    return Problem(
        path, WRONG_VALUE if kind in _RANGES else WRONG_TYPE, expected, quoted(value), _typed_hint(kind, value, context)
    )


def _expected(kind: str, context: dict[str, Any], message: str) -> str:
    if kind in ("model_type", "model_attributes_type"):
        return _SHORT_FORMS.get(context.get("class_name", ""), "a mapping")
    if kind == "literal_error":
        words = str(context["expected"])
        return f"one of {words}" if "," in words else words
    plain = {key: int(value) if value == int(value) else value for key, value in context.items() if _is_real(value)}
    return _EXPECTED[kind].format(**context | plain) if kind in _EXPECTED else message.removeprefix("Input should be ")


def _is_real(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_branch(part: str | int) -> bool:
    """Whether pydantic put the name of a branch of a union into the location, rather than a key."""
    return isinstance(part, str) and (part.endswith("]") or part in _BRANCHES)


def _typed_hint(kind: str, value: Any, context: dict[str, Any]) -> str:
    if kind == "literal_error" and isinstance(value, str):
        words = context["expected"].replace(" or ", ", ").split(", ")
        if value in words:  # the others are in quotes
            return "write the number without quotes"
        return did_you_mean(value, [word.strip("'") for word in words])
    if kind in ("model_type", "model_attributes_type") and context.get("class_name") in ("LearningRate", "WeightDecay"):
        return "write the number without quotes" if isinstance(value, str) and _is_number(value) else ""
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


_SHORT_FORMS = {
    "LearningRate": "a number, or a mapping with `peak`",
    "WeightDecay": "a number, or a mapping with `value`",
    "Decay": "the name of a decay, or a name with arguments: {name: {argument: value}}",
    "PruningSchedule": "the name of a schedule with its arguments: {name: {argument: value}}",
    "Step": "the name of a step, or a name with arguments: {name: {argument: value}}",
    "Model": "the name of a model, or a mapping",
    "Tfds": "the name of a data set, or a mapping with `name`",
    "KerasDataset": "the name of a data set, or a mapping with `name`",
    "SklearnDataset": "the name of a data set, or a mapping with `name`",
    "Folder": "a path, or a mapping with `path`",
    "Csv": "a path, or a mapping with `path`",
    "Parquet": "a path, or a mapping with `path`",
    "Npz": "a path, or a mapping with `path`",
}
"""What a section can be written as, by the name of its class; the others are mappings only."""
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
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "string_pattern_mismatch": "letters, digits, `.`, `_` and `-`, the first one a letter or digit",
    "string_too_short": "some text",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} entry",
    "finite_number": "a finite number",
}
