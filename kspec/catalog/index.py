"""The one door to the names of components: those of the index, and those that plug-ins add.

Reading the index is JSON, milliseconds, no Keras. It was made from one version of Keras and KerasHub; where others are
installed, `kspec.catalog.renew` makes another. Plug-ins are asked only for what the index does not have.
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

from kspec.catalog import joined, offered, plugins
from kspec.catalog.joined import Joined
from kspec.catalog.kinds import LABELS, LEFT_OUT
from kspec.errors import UsageError

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
    open: it accepts arguments beyond those named. plugin: the label of the plug-in it comes from, "" for none.
    """

    kind: str
    name: str
    target: str
    summary: str
    arguments: Mapping[str, Argument]
    open: bool
    plugin: str = ""


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
    """The names of a kind in alphabetical order, those of plug-ins among them, without aliases.

    Raises:
        KeyError: no such kind.
    """
    own = load().kinds[kind]
    added = everything().names(kind) if kind in offered.BASES else []
    return sorted([*own, *added]) if added else list(own)


def aliases(kind: str) -> dict[str, str]:
    """The other spellings that a kind accepts, e.g. "mse" -> "MeanSquaredError".

    Raises:
        KeyError: no such kind.
    """
    return dict(load().aliases[kind])


def knows(kind: str, name: str) -> bool:
    """Whether the kind has a component of this name or alias."""
    return find(kind, name) is not None


def built_in(kind: str, name: str) -> bool:
    """Whether the index itself has a component of this name or alias."""
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
    if not built_in(kind, name):
        added = given() if (kind, name) in given().added else everything()
        return made(kind, name, added.entry(kind, name), added.added[kind, name].label)
    canonical = name if name in listed else index.aliases[kind][name]
    return made(kind, canonical, listed[canonical])


def made(kind: str, name: str, raw: Mapping[str, Any], plugin: str = "") -> Entry:
    """An entry from its raw form in the index."""
    arguments = {key: argument(key, one) for key, one in raw["arguments"].items()}
    return Entry(kind, name, raw["target"], raw["summary"], MappingProxyType(arguments), raw["open"], plugin)


def argument(name: str, raw: Mapping[str, Any]) -> Argument:
    """One argument from its entry in the index."""
    required = "default" not in raw
    choices = tuple(raw["choices"]) if "choices" in raw else ()
    default = None if required else raw["default"]
    return Argument(name, raw["type"], required, default, choices, raw.get("about", ""))


def find(kinds: str | tuple[str, ...], name: str) -> Entry | None:
    """The component of this name or alias in the first of the kinds that has it; None where none has.

    Installed plug-ins are loaded only where nothing else has the name.
    """
    wanted = (kinds,) if isinstance(kinds, str) else kinds
    own = next((kind for kind in wanted if built_in(kind, name)), None)
    if own is not None:
        return entry(own, name)
    asked = [kind for kind in wanted if kind in offered.BASES]
    for added in (given, everything) if asked else ():
        for kind in asked:
            if (kind, name) in added().added:
                return entry(kind, name)
    return None


def given() -> Joined:
    """What the plug-in files add that were given so far."""
    return joined.of(plugins.files(), taken)


def everything() -> Joined:
    """What all plug-ins add; loads those that are installed."""
    return joined.of((*plugins.files(), *plugins.installed().plugins), taken)


def taken(kind: str, name: str) -> str:
    """Who has a name already where a plug-in's component of that kind would stand, in words; "" for nobody."""
    if name in LEFT_OUT.get(kind, {}):
        return "Keras"
    for one in offered.BESIDE[kind]:
        if built_in(one, name):
            own = entry(one, name).target.startswith("kspec.")
            return f"{'kspec' if own else 'Keras'} ({LABELS[one]})" if one != kind else "kspec" if own else "Keras"
    return ""


def clash(kind: str, name: str) -> str:
    """The message that names both owners of a name, "" where it has one; loads the plug-ins that are installed."""
    places = [one for one, beside in offered.BESIDE.items() if kind in beside]
    return next((text for one in places if (text := everything().clashes.get((one, name)))), "")


def component(kind: str, name: str) -> Any:
    """The class or function of a plug-in's component."""
    added = given() if (kind, name) in given().added else everything()
    return added.added[kind, name].components[kind][name]


def load_plugin(path: str | Path) -> plugins.Plugin:
    """Lets the components of a plug-in file join the catalogue, as `--plugin` does on the command line.

    The file is executed: give only files that you trust. In this process specs can then name its components.

    Raises:
        UsageError: no plug-in, or one of its names is taken; nothing of it has joined.

    Example:
        kspec.load_plugin("noise.py")
        kspec.build(kspec.load_spec("spec_with_noise.yaml"))
    """
    plugin = plugins.load_file(path)
    others = tuple(one for one in plugins.files() if one.name != plugin.name)
    clashes = joined.of((*others, plugin), taken).clashes
    if clashes:
        raise UsageError("\n".join(f"{plugin.label}: {message}" for message in clashes.values()))
    plugins.join(plugin)
    entry.cache_clear()
    return plugin


def forget_plugins() -> None:
    """Leaves the built-in catalogue, as if no plug-in had been asked for yet; for tests."""
    plugins.leave()
    entry.cache_clear()


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
