"""The one grammar of every component: a name, or a name with arguments.

    optimizer: Adam
    optimizer: {SGD: {momentum: 0.9, nesterov: true}}

Names and arguments are checked against the catalogue while the spec is read, without importing Keras.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from kspec import catalog
from kspec.catalog.types import quoted
from kspec.errors import Problem
from kspec.spec.base import refuse
from kspec.spec.forms import component, written

Kinds = str | tuple[str, ...]


class Component(BaseModel):
    """A name of the catalogue with its arguments, the defaults of plain values filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    arguments: dict[str, Any] = {}


def component_or(word: str, kinds: Kinds) -> Any:
    """The field type for a component of one of these kinds, or for a word such as `auto`."""
    return Annotated[
        Component | Literal[word],
        PlainSerializer(lambda value: value if value == word else as_tree(value)),
        BeforeValidator(lambda value: value if value == word else parse(kinds, value)),
        written({"const": word}, component(kinds)),
    ]


def component_of(kinds: Kinds) -> Any:
    """The field type for a component of one of these kinds.

    Example:
        optimizer: component_of("optimizer") = Component(name="Adam")
    """
    return Annotated[
        Component,
        PlainSerializer(as_tree),
        BeforeValidator(lambda value: parse(kinds, value)),
        written(component(kinds)),
    ]


def parse(kinds: Kinds, value: Any) -> Component:
    """A checked component from its YAML value.

    Raises:
        ValidationError: not a name or a name with arguments; or whatever the catalogue finds wrong.
    """
    if isinstance(value, Component):
        return value
    name, arguments = split(kinds, value)
    problems = catalog.check(kinds, name, arguments, ())
    if problems:
        raise refuse(problems, value)
    return Component(name=name, arguments={**_defaults(kinds, name), **arguments})


def _defaults(kinds: Kinds, name: str) -> dict[str, Any]:
    # An optimizer's weight decay is owned by `training.weight_decay`, as its rate is by `training.learning_rate`.
    return {key: value for key, value in catalog.defaults(kinds, name).items() if key != "weight_decay"}


def split(kinds: Kinds, value: Any) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of a YAML value.

    Raises:
        ValidationError: the value is neither `Name` nor `{Name: {argument: value}}`.
    """
    if isinstance(value, str):
        return value, {}
    if isinstance(value, dict) and len(value) == 1:
        [(name, arguments)] = value.items()
        if arguments is None:
            return name, {}
        if isinstance(arguments, dict):
            return name, arguments
        if catalog.find(kinds, name) is None:  # no name that takes arguments
            raise refuse(catalog.check(kinds, name, {}, ()), value)
        raise refuse(
            Problem((name,), f"the arguments of {name} must be a mapping", "{argument: value, ...}", quoted(arguments)),
            value,
        )
    kind = kinds if isinstance(kinds, str) else " or ".join(kinds)
    raise refuse(
        Problem(
            (),
            f"not {'an' if kind[0] in 'aeiou' else 'a'} {kind}",
            "a name, or a name with arguments: {Name: {argument: value}}",
            quoted(value),
        ),
        value,
    )


def as_tree(component: Component) -> Any:
    """The YAML value of a component."""
    return {component.name: dict(component.arguments)} if component.arguments else component.name
