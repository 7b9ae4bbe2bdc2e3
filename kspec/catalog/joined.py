"""What several plug-ins add together, and where their names clash."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kspec.catalog.kinds import LABELS
from kspec.catalog.plugins import Plugin


@dataclass(frozen=True)
class Joined:
    """The components of plug-ins.

    added: (kind, name) -> the plug-in it comes from. clashes: (kind, name) -> the message that names both owners;
    neither plug-in has such a name, and `kspec.catalog.resolve` builds nothing of it, built-in or not.
    """

    added: Mapping[tuple[str, str], Plugin]
    clashes: Mapping[tuple[str, str], str]

    def names(self, kind: str) -> list[str]:
        """The names that are added to a kind."""
        return [name for one, name in self.added if one == kind]

    def entry(self, kind: str, name: str) -> Mapping[str, Any]:
        """The raw entry of the index for a name that is added."""
        return self.added[kind, name].entries[kind][name]


@functools.cache
def of(plugins: tuple[Plugin, ...], taken: Callable[[str, str], str]) -> Joined:
    """The components of these plug-ins.

    taken: who of the built-in catalogue has a name already, "" for nobody.
    """
    added: dict[tuple[str, str], Plugin] = {}
    owners: dict[tuple[str, str], list[str]] = {}
    for plugin in plugins:
        for kind, names in plugin.components.items():
            for name in names:
                others = owners.setdefault((kind, name), [one] if (one := taken(kind, name)) else [])
                others.append(f"the plug-in {plugin.label}")
                added[kind, name] = plugin
    clashes = {
        key: f"two components are called '{key[1]}': the {LABELS[key[0]]} of {' and that of '.join(found)}"
        for key, found in owners.items()
        if len(found) > 1
    }
    return Joined({key: plugin for key, plugin in added.items() if key not in clashes}, clashes)
