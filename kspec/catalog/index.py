"""Reads the index of component names: JSON, milliseconds, no Keras.

The index that comes with kspec was made from one version of Keras and KerasHub; where others are installed,
`kspec.catalog.renew` makes another.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

SHIPPED = Path(__file__).with_name("index.json")

NOT_WRITTEN = ("name", "dtype", "data_format", "learning_rate", "seed", "trainable", "autocast")
"""Arguments whose default `defaults` leaves out: they come from elsewhere in the spec or from Keras' settings."""


@dataclass(frozen=True)
class Argument:
    """One argument of a component.

    type: words of `kspec.catalog.types` joined by "|"; default: None where required, or where it is an object;
    choices: the strings it may be, () for any; about: what it is, in a sentence, "" where its docstring does not say.
    """

    name: str
    type: str
    required: bool
    default: Any
    choices: tuple[str, ...] = ()
    about: str = field(default="", compare=False)


@dataclass(frozen=True)
class Entry:
    """One component: what it is called, what it is in Python (`module:attribute`), and what it takes.

    target: "" for a string that Keras itself resolves at `compile` ("accuracy").
    open: it accepts arguments beyond those named.
    """

    kind: str
    name: str
    target: str
    summary: str
    arguments: Mapping[str, Argument]
    open: bool


@dataclass(frozen=True)
class Index:
    """The whole index as read: kind -> name -> raw entry, and kind -> alias -> name."""

    keras: str
    keras_hub: str
    kinds: Mapping[str, Mapping[str, Mapping[str, Any]]]
    aliases: Mapping[str, Mapping[str, str]]


@functools.cache
def load() -> Index:
    """The index that fits the installed Keras and KerasHub, read once a process.

    Raises:
        RunError: another Keras is installed than the index is of, and no index of it can be made.
    """
    text = SHIPPED.read_bytes()
    shipped = parse(text)
    installed = version("keras"), version("keras-hub")
    if (shipped.keras, shipped.keras_hub) == installed:
        return shipped
    from kspec.catalog.renew import for_installed  # rarely needed, and its imports take their time

    return parse(for_installed(*installed, text))


def parse(text: bytes) -> Index:
    """The index in JSON.

    Raises:
        KeyError: the text is no index.
        ValueError: the text is no JSON.
    """
    raw = json.loads(text)
    return Index(raw["keras"], raw["keras_hub"], raw["kinds"], raw["aliases"])


def kinds() -> list[str]:
    """The kinds of component, e.g. "optimizer"."""
    return list(load().kinds)


def names(kind: str) -> list[str]:
    """The names of a kind in alphabetical order, without aliases.

    Raises:
        KeyError: no such kind.
    """
    return list(load().kinds[kind])


def aliases(kind: str) -> dict[str, str]:
    """The other spellings that a kind accepts, e.g. "mse" -> "MeanSquaredError".

    Raises:
        KeyError: no such kind.
    """
    return dict(load().aliases[kind])


def knows(kind: str, name: str) -> bool:
    """Whether the kind has a component of this name or alias."""
    index = load()
    return name in index.kinds[kind] or name in index.aliases[kind]


@functools.cache
def entry(kind: str, name: str) -> Entry:
    """The component of a kind by its name or alias.

    Raises:
        KeyError: no such kind, or no such name in it (`knows` asks first).
    """
    index = load()
    listed = index.kinds[kind]
    canonical = name if name in listed else index.aliases[kind][name]
    raw = listed[canonical]
    arguments = {key: argument(key, one) for key, one in raw["arguments"].items()}
    return Entry(kind, canonical, raw["target"], raw["summary"], MappingProxyType(arguments), raw["open"])


def argument(name: str, raw: Mapping[str, Any]) -> Argument:
    """One argument from its entry in the index."""
    required = "default" not in raw
    choices = tuple(raw["choices"]) if "choices" in raw else ()
    default = None if required else raw["default"]
    return Argument(name, raw["type"], required, default, choices, raw.get("about", ""))


def find(kinds: str | tuple[str, ...], name: str) -> Entry | None:
    """The component of this name or alias in the first of the kinds that has it; None where none has."""
    for kind in (kinds,) if isinstance(kinds, str) else kinds:
        if knows(kind, name):
            return entry(kind, name)
    return None


def defaults(kinds: str | tuple[str, ...], name: str) -> dict[str, bool | int | float | str]:
    """The plain defaults (boolean, number, string) of a component's arguments, for writing the complete spec.

    Leaves out NOT_WRITTEN. {} for an unknown name.
    """
    found = find(kinds, name)
    if found is None:
        return {}
    return {
        key: one.default
        for key, one in found.arguments.items()
        if isinstance(one.default, bool | int | float | str) and key not in NOT_WRITTEN
    }
