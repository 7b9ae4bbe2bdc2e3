"""The saved model that a path of a spec names: of a run, of one of its stages, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kspec import artifacts
from kspec.builders.saved import RefusedModel, load_model
from kspec.errors import Problem, SpecError, UsageError

Address = tuple[str | int, ...]
EXPECTED = "the folder of a finished run or of one of its stages, or a .keras file"


def trained_file(name: str, path: Address) -> Path:
    """The `.keras` file that a name means. path: where the spec has it.

    Raises:
        SpecError: there is none.
    """
    place = Path(name)
    if place.is_dir() and (place / artifacts.RECORD).is_file():
        try:
            return artifacts.model_path(place)
        except UsageError as error:
            message, _, hint = str(error).partition("\n       hint: ")
            raise SpecError(Problem(path, message.removeprefix(f"{place}: "), EXPECTED, name, hint)) from error
    file = place / artifacts.MODEL if place.is_dir() else place
    if not file.is_file():
        message = f"the folder holds no {artifacts.MODEL}" if place.is_dir() else "no such file or folder"
        raise SpecError(Problem(path, message, EXPECTED, name))
    return file


def read_trained(file: Path, path: Address) -> Any:
    """The saved model, not compiled.

    Raises:
        SpecError: it cannot be loaded, or must not be.
    """
    try:
        return load_model(file, compile=False)
    except RefusedModel as error:
        raise SpecError(Problem(path, error.message, "a .keras file", str(file), error.hint)) from error
