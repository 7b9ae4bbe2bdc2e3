"""Plug-ins: components that others add to the catalogue.

A plug-in is a module with a table COMPONENTS (`offered.py`). It joins in one of two ways, and a spec has no third:
- `--plugin FILE` on the command line, or `kspec.load_plugin(FILE)` in Python: a file that the user trusts;
- a package that is installed and has an entry point in the group `kspec.plugins`.

A file is loaded at once. Installed plug-ins are loaded when something asks for a name that the rest of the catalogue
does not have, for the names of a kind, or for an object: a spec is checked without them, and without Keras, as long as
it does not need them. One that cannot be loaded is a warning, and the reason in the message about an unknown name.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from kspec.catalog import offered
from kspec.errors import UsageError
from kspec.quiet import import_tensorflow

# hashlib, linecache, logging and traceback are imported where a plug-in is there: `kspec --help` does without them.

GROUP = "kspec.plugins"
MODULE = "kspec_plugin_"
"""What the name of a plug-in file's module begins with, so that it takes the name of no other."""


@dataclass(frozen=True, eq=False)
class Plugin:
    """A plug-in that is loaded.

    name: the entry point's, or the file's without `.py`.
    file: the file given to `--plugin`, absolute; "" for an installed plug-in.
    package, version: of the installed distribution; "" for a file.
    sha256: of the module's file; "" where it has none.
    """

    name: str
    file: str
    package: str
    version: str
    sha256: str
    components: offered.Components
    entries: offered.Entries

    @property
    def label(self) -> str:
        """How messages call it: `noise.py`, or `noise (kspec-noise 1.2)`."""
        return Path(self.file).name if self.file else f"{self.name} ({self.package} {self.version})"


@dataclass(frozen=True)
class Installed:
    """The installed plug-ins, and why others could not be loaded: label -> reason."""

    plugins: tuple[Plugin, ...]
    faults: Mapping[str, str]


_files: dict[str, Plugin] = {}


def files() -> tuple[Plugin, ...]:
    """The plug-ins that were given as files, in order."""
    return tuple(_files.values())


def join(plugin: Plugin) -> None:
    """Lets the components of a plug-in file join the catalogue, and Keras find them in saved models."""
    offered.register(plugin.name, plugin.components)
    _files[plugin.name] = plugin


def leave() -> None:
    """Takes every plug-in file out again and forgets which plug-ins are installed, for tests."""
    _files.clear()
    installed.cache_clear()


def load_file(path: str | Path) -> Plugin:
    """The plug-in in a file, not joined yet; a file that has not changed is not executed again.

    Raises:
        UsageError: not a file, an error while it was executed, or its COMPONENTS are wrong.
    """
    place = Path(path).expanduser().absolute()
    source = read(place, str(path))
    digest = sha256(source)
    before = _files.get(place.stem)
    if before is not None and before.file == str(place) and before.sha256 == digest:
        return before
    if before is not None and before.file != str(place):
        raise UsageError(f"two plug-ins are called '{place.stem}': {before.file} and {place}; rename one")
    import_tensorflow()
    components = table(executed(place, source), place.name)
    return Plugin(place.stem, str(place), "", "", digest, components, offered.entries_of(components, place.name))


def read(place: Path, given: str) -> bytes:
    """The bytes of a plug-in file.

    Raises:
        UsageError: no such file, not a Python file, or not readable.
    """
    if place.suffix != ".py":
        kind = "a folder" if place.is_dir() else f"'{place.suffix}'" if place.suffix else "a name without ending"
        raise UsageError(f"{given}: not a plug-in\n       expected: a Python file, *.py\n       found: {kind}")
    try:
        return place.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{given}: no such file; --plugin takes a Python file") from None
    except OSError as error:
        raise UsageError(f"{given}: the plug-in cannot be read: {error.strerror}") from error


def executed(place: Path, source: bytes) -> ModuleType:
    """The module of a plug-in file, made from exactly these bytes; nothing is written beside the file.

    Raises:
        UsageError: whatever was raised, with the line of the file.
    """
    import linecache

    module = ModuleType(f"{MODULE}{place.stem}")
    module.__file__ = str(place)
    sys.modules[module.__name__] = module
    linecache.checkcache(str(place))  # signatures are read from the source as well
    try:
        exec(compile(source, str(place), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise UsageError(
            f"{place.name}: the plug-in cannot be loaded: {reason(error)}{line_in(place, error)}"
        ) from error
    return module


@functools.cache
def installed() -> Installed:
    """Loads every installed plug-in, once a process; says which cannot be loaded."""
    import logging

    plugins: list[Plugin] = []
    faults: dict[str, str] = {}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda one: one.name):
        import_tensorflow()
        try:
            plugins.append(of_entry_point(point))
        except (Exception, SystemExit) as error:
            text = str(error) if isinstance(error, UsageError) else reason(error)
            faults[label(point)] = text
            logging.getLogger("kspec").warning("the plug-in %s cannot be loaded: %s", label(point), text)
    return Installed(tuple(plugins), faults)


def of_entry_point(point: metadata.EntryPoint) -> Plugin:
    """The plug-in that an entry point names: a module with COMPONENTS, or that table itself.

    Raises:
        UsageError: its COMPONENTS are wrong. Whatever the import raises.
    """
    found = point.load()
    components = found if isinstance(found, Mapping) else table(found, point.value)
    entries = offered.entries_of(components, point.value)
    offered.register(point.name, components)
    module = sys.modules[point.module]
    file = Path(module.__file__) if module.__file__ else None
    digest = sha256(file.read_bytes()) if file and file.is_file() else ""
    return Plugin(point.name, "", *distribution(point), digest, components, entries)


def sha256(content: bytes) -> str:
    """The digest of a file's content, in hexadecimal."""
    import hashlib

    return hashlib.sha256(content).hexdigest()


def distribution(point: metadata.EntryPoint) -> tuple[str, str]:
    """Name and version of the package that has an entry point."""
    return (point.dist.name, point.dist.version) if point.dist else ("", "")


def label(point: metadata.EntryPoint) -> str:
    """`noise (kspec-noise 1.2)`."""
    return f"{point.name} ({' '.join(distribution(point))})"


def table(module: Any, name: str) -> Any:
    """The table of a plug-in's module.

    Raises:
        UsageError: it has none.
    """
    if not hasattr(module, "COMPONENTS"):
        raise UsageError(f"{name}: not a plug-in: it has no COMPONENTS\n       expected: {offered.EXAMPLE}")
    return module.COMPONENTS


def reason(error: BaseException) -> str:
    """The type of an error and the first line of its message."""
    lines = (error.msg if isinstance(error, SyntaxError) else str(error)).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def line_in(place: Path, error: BaseException) -> str:
    """The last line of the file that an error went through, as a line of the message; "" where it went through none."""
    import traceback

    if isinstance(error, SyntaxError) and error.filename == str(place):
        number, text = error.lineno, error.text
    else:
        frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == str(place)]
        number, text = (frames[-1].lineno, frames[-1].line) if frames else (None, None)
    return f"\n       at: {place.name}:{number}: {(text or '').strip()}" if number else ""
