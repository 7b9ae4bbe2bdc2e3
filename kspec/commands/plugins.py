"""Plug-ins on the command line and in run.json: what was loaded, and what a run needs again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kspec import catalog
from kspec.catalog import plugins
from kspec.catalog.plugins import Plugin
from kspec.errors import UsageError
from kspec.spec import Spec

SHORT = 12
"""Digits of a SHA-256 that a line shows."""


def trust(files: Sequence[str]) -> None:
    """Loads plug-in files and says so on standard error, where it cannot spoil a verb's output.

    Raises:
        UsageError: one of them is no plug-in, or a name is taken.
    """
    from rich.console import Console  # 30 ms that a refused spec does without

    screen = Console(stderr=True, highlight=False, soft_wrap=True)
    for file in files:
        screen.print(said(record(catalog.load_plugin(file))), style="yellow", markup=False)


def said(one: Mapping[str, Any]) -> str:
    """A plug-in of a record in a line: `plug-in noise.py, SHA-256 1f0c5f3a9b21: layer Gate`."""
    names = "; ".join(f"{kind} {', '.join(names)}" for kind, names in one["components"].items())
    where = Path(one["file"]).name if one["file"] else f"{one['name']} ({one['package']} {one['version']})"
    digest = f", SHA-256 {one['sha256'][:SHORT]}" if one["sha256"] else ""
    return f"plug-in {where}{digest}: {names}"


def record(plugin: Plugin) -> dict[str, Any]:
    """What run.json says about a plug-in."""
    return {
        "name": plugin.name,
        "file": plugin.file,
        "package": plugin.package,
        "version": plugin.version,
        "sha256": plugin.sha256,
        "components": {kind: sorted(names) for kind, names in plugin.components.items() if names},
    }


def of_run(spec: Spec) -> list[dict[str, Any]]:
    """The plug-ins of a run: every file of the command line, and the installed ones that the spec names.

    Of a saved model to train on it is not known what is in it, so all installed ones count there.
    """
    words = _words(spec.model_dump())
    installed = [
        plugin
        for plugin in plugins.installed().plugins
        if spec.model.file is not None or any(name in words for names in plugin.components.values() for name in names)
    ]
    return [record(plugin) for plugin in (*plugins.files(), *installed)]


def _words(tree: Any) -> set[str]:
    """All keys and strings of a tree."""
    if isinstance(tree, Mapping):
        return {str(key) for key in tree}.union(*map(_words, tree.values()))
    if isinstance(tree, list | tuple):
        return set().union(*map(_words, tree))
    return {tree} if isinstance(tree, str) else set()


def needed(folder: Path, run: Mapping[str, Any]) -> list[str]:
    """Sees to it that the plug-ins of a run are here again; returns a sentence for each that has changed since.

    run: the content of its run.json.

    Raises:
        UsageError: one is not; the message says which, and how to give it.
    """
    changed = []
    for one in run.get("plugins") or ():  # runs of kspec 0.1.0 have none
        here = plugins.files() if one["file"] else plugins.installed().plugins
        found = next((plugin for plugin in here if plugin.name == one["name"]), None)
        if found is None:
            raise UsageError(f"{folder}: the run was made with the {said(one)}\n       hint: {_how(one)}")
        if found.sha256 != one["sha256"]:
            now = f"{found.label} has SHA-256 {found.sha256[:SHORT]} now"
            changed.append(f"not the plug-in that the run was made with: {said(one)}; {now}")
    return changed


def _how(one: Mapping[str, Any]) -> str:
    if one["file"]:
        return f"give it again: --plugin {one['file']}"
    faults = plugins.installed().faults
    why = [f"it cannot be loaded: {text}" for label, text in faults.items() if label.startswith(f"{one['name']} (")]
    return "; ".join(why) or f"pip install {one['package']}=={one['version']}"
