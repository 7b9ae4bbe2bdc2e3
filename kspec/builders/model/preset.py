"""Which preset of a KerasHub model is at hand: a folder, a folder in a Python package, a handle, or a built-in name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kspec.builders.data.download import reachable
from kspec.builders.model.application import download_timeout
from kspec.builders.model.online import cache_only, server_of
from kspec.builders.saved import refuse_preset
from kspec.catalog.types import quoted
from kspec.errors import Problem, SpecError, did_you_mean

PACKAGE = "package:"
"""`package:NAME/FOLDER`: a folder inside an installed Python package, which is not imported for it."""
Address = tuple[str | int, ...]


class NotAtHandError(SpecError):
    """None of the presets can be loaded here. Each of its problems is one of them, with the reason."""


def first_at_hand(
    presets: str | Sequence[str], place: Address, known: Sequence[str], load: Callable[[str], Any]
) -> tuple[Any, str]:
    """What `load` makes of the first preset that is at hand, and that preset as it was given.

    presets: one, or several in the order of preference. place: of the key in the spec. known: built-in names.
    load: from a folder, handle or name; any error of it means that this one is not at hand.

    Raises:
        NotAtHandError: nothing is at hand; with the reason of each.
        SpecError: a name that is none, or a folder that would run code.
    """
    several = [(presets, place)] if isinstance(presets, str) else [(one, (*place, i)) for i, one in enumerate(presets)]
    if not several or not all(isinstance(one, str) and one for one, _ in several):
        raise SpecError(Problem(place, "not a preset", "a name, a folder, or a list of them", quoted(presets)))
    impossible = [problem for preset, where in several if (problem := _impossible(preset, where, known))]
    if impossible:
        raise SpecError(impossible)
    problems = []
    for preset, where in several:
        found = _folder(preset, where) if _is_folder(preset, known) else preset
        loaded = found if isinstance(found, Problem) else _loaded(preset, found, where, known, load)
        if not isinstance(loaded, Problem):
            return loaded[0], preset
        problems.append(loaded)
    raise NotAtHandError(problems)


def _loaded(
    preset: str, found: str, where: Address, known: Sequence[str], load: Callable[[str], Any]
) -> tuple[Any] | Problem:
    """What is loaded from a folder, handle or name, or why it is not at hand."""
    server = "" if _is_folder(preset, known) else server_of(preset, preset in known)
    offline = bool(server) and not reachable(server)
    try:
        with download_timeout(), cache_only(offline):
            return (load(found),)
    except MemoryError:
        raise
    except Exception as error:
        # Presets come through kagglehub, huggingface_hub and h5py, each with error types of its own.
        if offline:
            message = f"cannot be loaded, and {server.removeprefix('https://')} cannot be reached"
            hint = "give a local folder that holds the preset, or its place in an installed package"
            return Problem(where, message, "", preset, hint)
        lines = str(error).strip().splitlines() or [type(error).__name__]
        hint = "" if Path(found).is_dir() else "without network, give a local folder that holds the preset"
        return Problem(where, f"cannot be loaded: {lines[0]}", "", preset, hint)


def _impossible(preset: str, where: Address, known: Sequence[str]) -> Problem | None:
    """A word that is no built-in name and cannot be a place."""
    if _is_folder(preset, known) or "://" in preset or preset in known:
        return None
    first = f"{', '.join(known[:8])}{', ...' if len(known) > 8 else ''}"
    expected = f"a local folder, or one of {first}"
    return Problem(where, "no such preset", expected, preset, did_you_mean(preset, known))


def _is_folder(preset: str, known: Sequence[str]) -> bool:
    if preset.startswith(PACKAGE):
        return True
    return "://" not in preset and preset not in known and ("/" in preset or "\\" in preset or Path(preset).exists())


def folder_of(preset: str) -> Path | None:
    """The folder that a `package:NAME/FOLDER` or a path stands for; None where the package is not installed."""
    if not preset.startswith(PACKAGE):
        return Path(preset)
    name, _, inner = preset.removeprefix(PACKAGE).partition("/")
    package = find_spec(name) if name.isidentifier() else None
    return None if package is None or package.origin is None else Path(package.origin).parent / inner


def _folder(preset: str, where: Address) -> str | Problem:
    """The folder of a preset, or why it is not at hand.

    Raises:
        SpecError: it is there, and would run code.
    """
    folder = folder_of(preset)
    if folder is None:
        name = preset.removeprefix(PACKAGE).partition("/")[0]
        hint = f"pip install {name.replace('_', '-')}" if name.isidentifier() else ""
        return Problem(where, f"the package {name} is not installed", f"{PACKAGE}NAME/FOLDER", preset, hint)
    if not folder.is_dir():
        return Problem(where, "no such folder", "a folder with config.json and the weights", preset)
    refuse_preset(folder, where)
    return str(folder)
