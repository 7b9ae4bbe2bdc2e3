"""Which preset of a KerasHub model is at hand: a folder, a folder in a Python package, a handle, or a built-in name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kspec.builders.model.application import download_timeout
from kspec.builders.saved import refuse_preset
from kspec.catalog.types import quoted
from kspec.errors import Problem, SpecError, did_you_mean

PACKAGE = "package:"
"""`package:NAME/FOLDER`: a folder inside an installed Python package, which is not imported for it."""
Address = tuple[str | int, ...]


def first_at_hand(
    presets: str | Sequence[str], place: Address, known: Sequence[str], load: Callable[[str], Any]
) -> Any:
    """What `load` makes of the first preset that is at hand.

    presets: one, or several in the order of preference. place: of the key in the spec. known: built-in names.
    load: from a folder, handle or name; any error of it means that this one is not at hand.

    Raises:
        SpecError: a name that is none, or nothing is at hand; with the reason of each.
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
        if isinstance(found, Problem):
            problems.append(found)
            continue
        try:
            with download_timeout():
                return load(found)
        except Exception as error:
            # Presets come through kagglehub, huggingface_hub and h5py, each with error types of its own.
            problems.append(_unloaded(preset, found, where, error))
    raise SpecError(problems)


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


def _folder(preset: str, where: Address) -> str | Problem:
    """The folder of a preset, or why it is not at hand.

    Raises:
        SpecError: it is there, and would run code.
    """
    folder = Path(preset)
    if preset.startswith(PACKAGE):
        name, _, inner = preset.removeprefix(PACKAGE).partition("/")
        package = find_spec(name) if name.isidentifier() else None
        if package is None or package.origin is None:
            hint = f"pip install {name.replace('_', '-')}" if name.isidentifier() else ""
            return Problem(where, f"the package {name} is not installed", f"{PACKAGE}NAME/FOLDER", preset, hint)
        folder = Path(package.origin).parent / inner
    if not folder.is_dir():
        return Problem(where, "no such folder", "a folder with config.json and the weights", preset)
    refuse_preset(folder, where)
    return str(folder)


def _unloaded(preset: str, found: str, where: Address, error: Exception) -> Problem:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    hint = "" if Path(found).is_dir() else "without network, give a local folder that holds the preset"
    return Problem(where, f"cannot be loaded: {lines[0]}", "", preset, hint)
