"""Turns names into Python objects. The only place of kspec that does; it imports Keras when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from kspec.catalog import index
from kspec.catalog.check import TWO_OWNERS, Path, as_kinds, is_component, of_kinds, split, unknown_name
from kspec.catalog.index import Entry
from kspec.errors import Problem, SpecError

Kinds = str | tuple[str, ...]


def resolve(kind: Kinds, name: str, path: Path = ()) -> Any:
    """The class or function that a name stands for; the name itself where Keras resolves it at `compile`.

    path: the keys that lead to the component, for the error.

    Raises:
        SpecError: no such name, or the library that holds it is not installed.
    """
    return imported(found(kind, name, path), path)


def instantiate(kind: Kinds, name: str, arguments: Mapping[str, Any], path: Path = ()) -> Any:
    """The component itself: the class or function called with the arguments, nested components built first.

    Arguments that are Python objects already (a schedule for `learning_rate`) are passed on as they are.
    A KerasHub task comes from its `from_preset`, an activation is the function, a dataset what its loader returns.

    Raises:
        SpecError: no such name, or the constructor refuses the arguments; the message is its first line, its
            path that of the argument it names.

    Example:
        instantiate("layer", "Dense", {"units": 8, "kernel_regularizer": {"L2": {"l2": 1e-4}}})
    """
    one = found(kind, name, path)
    return called(one, imported(one, path), arguments, (*path, name))


def called(one: Entry, target: Any, arguments: Mapping[str, Any], place: Path) -> Any:
    """The component of an entry, made by calling `target`. place: the component's own address.

    Raises:
        SpecError: as `instantiate`.
    """
    name, path = place[-1], place[:-1]
    values = {key: built(one, key, value, (*path, name, key)) for key, value in arguments.items()}
    if (one.kind == "activation" or not one.target) and not values:
        return target
    maker = target.from_preset if one.kind == "keras_hub" else target
    try:
        return maker(**values)
    except SpecError:
        raise
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        blamed = [key for key in arguments if f"`{key}`" in lines[0] or f"{key}=" in lines[0]]
        place = (*path, name, blamed[0]) if len(blamed) == 1 else path
        raise SpecError(Problem(place, f"{name}: {lines[0]}")) from error


def found(kind: Kinds, name: str, path: Path) -> Entry:
    """The entry of a name. Loads the plug-ins that are installed, for one of them can have the name too.

    Raises:
        SpecError: no such name, or a name of two components.
    """
    one = index.find(kind, name)
    if one is None:
        raise SpecError(unknown_name(as_kinds(kind), name, path, on_key=False))
    if clash := index.clash(one.kind, name):
        raise SpecError(Problem(path, clash, hint=TWO_OWNERS))
    return one


def imported(one: Entry, path: Path) -> Any:
    """What the target of an entry names.

    Raises:
        SpecError: its library is not installed.
    """
    if not one.target:
        return one.name
    if one.plugin:
        return index.component(one.kind, one.name)
    module, attribute = one.target.split(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise SpecError(Problem(path, f"{one.name} cannot be imported: {error}")) from error


def built(one: Entry, key: str, value: Any, path: Path) -> Any:
    """The value of an argument with the components in it built."""
    words = one.arguments[key].type.split("|") if key in one.arguments else []
    kinds = of_kinds("component:", words)
    listed = of_kinds("components:", words)
    if kinds and is_component(value):
        return instantiate(kinds, *split(value), path)
    if listed and isinstance(value, list | tuple):
        return [
            instantiate(listed, *split(item), (*path, number)) if is_component(item) else item
            for number, item in enumerate(value)
        ]
    return value
