"""What every section shares: frozen, strict, no unknown keys, and sequences that become tuples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_serializer, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from kspec.errors import Problem
from kspec.spec.forms import OR_ONE, or_name

T = TypeVar("T")


class Section(BaseModel):
    """A mapping of the spec with a fixed set of keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        ser_json_inf_nan="constants",  # an argument of a component may be infinite; by default it is written as null
    )

    @model_serializer(mode="wrap")
    def _written(self, handler: Any) -> dict[str, Any]:
        return self._said(handler(self))

    def _said(self, tree: dict[str, Any]) -> dict[str, Any]:
        """Leaves out the keys that say nothing: null where null is the default."""
        fields = type(self).model_fields
        return {key: value for key, value in tree.items() if value is not None or fields[key].default is not None}


def refuse(problems: Problem | list[Problem], value: Any = None) -> ValidationError:
    """The problems as an error that pydantic collects with all others; their paths are relative to the field.

    Usage: `raise refuse(Problem((), "expected a number of epochs"))` inside a validator.
    """
    found = [problems] if isinstance(problems, Problem) else problems
    return ValidationError.from_exception_data("spec", _details(found, value))


def stated(error: ValidationError) -> list[Problem]:
    """The problems that `refuse` put into an error, their paths relative to where it was raised."""
    return [raw["ctx"]["problem"] for raw in error.errors(include_url=False) if raw["type"] == "kspec"]


def _details(problems: list[Problem], value: Any) -> list[InitErrorDetails]:
    return [
        InitErrorDetails(
            type=PydanticCustomError("kspec", "{message}", {"message": problem.message, "problem": problem}),
            loc=problem.path,
            input=value,
        )
        for problem in problems
    ]


def collected(
    handler: Callable[[Any], T],
    value: Any,
    problems: list[Problem],
    written_at: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> T:
    """What `handler` makes of the value; raises its errors and `problems` together, so that none hides the others.

    For model validators in "wrap" mode. written_at: key -> where the file has it, for keys that were moved.
    """
    try:
        result = handler(value)
    except ValidationError as error:
        found = [*_details(problems, value), *_again(error, written_at)]
        raise ValidationError.from_exception_data("spec", found) from None
    if problems:
        raise refuse(problems, value)
    return result


def _again(error: ValidationError, written_at: Mapping[str, tuple[str, ...]]) -> list[InitErrorDetails]:
    """The details of an error, fit to be raised once more."""
    found: list[InitErrorDetails] = []
    for raw in error.errors(include_url=False):
        context = raw.get("ctx", {})
        kind = PydanticCustomError("kspec", "{message}", context) if raw["type"] == "kspec" else raw["type"]
        first, *rest = raw["loc"] or ("",)
        place = (*written_at[str(first)], *rest) if first in written_at else raw["loc"]
        found.append({"type": kind, "loc": place, "input": raw["input"], "ctx": context})
    return found


def _listed(value: Any) -> Any:
    """A YAML list as the tuple that a frozen model holds; a single value stays what it is and is refused later."""
    return tuple(value) if isinstance(value, list) else value


def _listed_or_single(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


def _absolute(value: Any) -> Any:
    """Relative paths are relative to where kspec is started; the written spec holds the absolute path."""
    return str(Path(value).expanduser().absolute()) if isinstance(value, str) and value else value


class OneOf(Section):
    """A mapping with exactly one of its keys: the name of what is chosen, and its arguments.

    A bare name stands for the name without arguments.
    """

    model_config = ConfigDict(json_schema_extra=or_name)

    @model_validator(mode="wrap")
    @classmethod
    def _named(cls, value: Any, handler: Any) -> Any:
        if isinstance(value, str):
            value = {value: {}}
        if not isinstance(value, dict):
            return handler(value)
        filled = {key: {} if inner is None else inner for key, inner in value.items()}
        known = ", ".join(cls.model_fields)
        found = Problem((), "exactly one is needed", f"one of {known}", ", ".join(filled) or "none")
        return collected(handler, filled, [found] if len(filled) != 1 else [])

    @property
    def chosen(self) -> tuple[str, Any]:
        """The name and the value of the key that is set."""
        return next((name, value) for name in type(self).model_fields if (value := getattr(self, name)) is not None)


Listed = Annotated[tuple[T, ...], BeforeValidator(_listed)]
"""A list of T."""
ListedOrSingle = Annotated[tuple[T, ...], BeforeValidator(_listed), BeforeValidator(_listed_or_single), OR_ONE]
"""A list of T, or one T that stands for a list of one."""
FilePath = Annotated[str, BeforeValidator(_absolute), Field(min_length=1)]
"""A path; `~` is the home folder, and a relative path starts where kspec is started."""
