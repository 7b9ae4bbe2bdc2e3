"""Where a callback may write: inside the run's folder, whatever the spec or a link in the folder says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from string import Formatter

from kspec.artifacts import CURVES, HISTORY, LOG, MODEL, RECORD, SPEC
from kspec.checkpoints import FOLDER
from kspec.errors import Problem, SpecError, did_you_mean

OWN = (SPEC, RECORD, HISTORY, MODEL, CURVES, LOG, FOLDER)
"""What the run writes into its folder: a callback would overwrite it, or be overwritten."""
_FORMAT = re.compile(r"0?[0-9]{0,2}(\.[0-9]{1,2})?[defg%]?")
"""How a number may be written in a file's name."""


def inside(text: str, folder: Path, path: tuple[str | int, ...]) -> str:
    """The path inside the run's folder.

    Raises:
        SpecError: an absolute path, one that leads out, by itself or through a link on the way, or one that is the
            run's own.
    """
    parts = PurePosixPath(text.replace("\\", "/")).parts
    is_absolute = PurePosixPath(text).is_absolute() or bool(PureWindowsPath(text).anchor)
    if not parts or is_absolute or ".." in parts or text.startswith("~") or "\0" in text:
        message = "the path leads out of the run's folder"
        raise SpecError(Problem(path, message, "a path relative to the run's folder, e.g. best.keras", text))
    if parts[0] in OWN:
        message = f"the run itself writes {parts[0]} there"
        raise SpecError(Problem(path, message, "another name, e.g. best.keras", text))
    reached = (folder / text).resolve()
    if not reached.is_relative_to(folder.resolve()):
        message = "a link on the way leads out of the run's folder"
        raise SpecError(Problem(path, message, f"a place below {folder}", str(reached)))
    return str(folder / text)


def check_fields(text: str, logged: Sequence[str], path: tuple[str | int, ...]) -> None:
    """Checks the fields of a name such as `{epoch:02d}-{val_loss:.3f}.keras`.

    Keras fills them in with `str.format`, which also reads attributes and items: `{epoch.__doc__[65]}` is a dot, and
    two of them lead out of the folder. A name that is not logged would end the training after its first epoch.

    Raises:
        SpecError: a field that is neither the epoch nor something logged, with at most a format for a number.
    """
    example = "e.g. {epoch:02d}-{val_loss:.3f}.keras"
    known = ("epoch", "batch", *logged)
    try:
        fields = [(name, form or "", how) for _, name, form, how in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise SpecError(Problem(path, f"not a pattern for names: {error}", example, text)) from error
    for name, form, how in fields:
        if name not in known:
            message = f"'{{{name}}}' is neither the epoch nor anything that is logged"
            raise SpecError(Problem(path, message, f"one of {', '.join(known)}", text, did_you_mean(name, known)))
        if how or not _FORMAT.fullmatch(form):
            raise SpecError(Problem(path, f"'{form or how}' is no format for a number", example, text))
