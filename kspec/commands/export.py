"""`kspec export RUN`: the model of a run as files for other runtimes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kspec.commands.console import phase, say
from kspec.commands.exported import Held, lines, make_files
from kspec.commands.reopened import network_in, newest, reopen
from kspec.errors import RunError, UsageError, did_you_mean
from kspec.parts.export.table import FORMATS, PRECISIONS, Format, Precision, file_name
from kspec.spec.quantize import Int8

FOLDER = "export"
"""In the folder of a run."""


def export(folder: str, to: str, asked: Sequence[str], calibration: int | None, output: str | None) -> None:
    """Writes the model of a run in each format; each file is run, compared with Keras and measured.

    to: names of formats with commas between them. asked: the precision of the files; by default float32.
    calibration: examples of train for int8. output: the folder for the files; by default `export` in the run's.

    Raises:
        UsageError: not a finished run, no such format, two precisions, or a file that is there already.
        SpecError: the run's data cannot be read any more.
        RunError: a format cannot hold the model, or its file differs too much; those that could be made are there.
    """
    place, formats = Path(folder), _formats(to)
    precision = _precision(asked)
    if calibration is not None and precision != "int8":
        raise UsageError(f"--calibration is for --int8, and the files are to be {precision}")
    target = place / FOLDER if output is None else Path(output)
    _free(target, formats, precision)
    timing: dict[str, float] = {}
    file = newest(place)
    experiment = reopen(place, timing)
    say(f"model  {file}")
    held = Held(experiment)
    failed = []
    for form in formats:
        with phase(timing, f"export to {form}"):
            [made] = make_files(held, network_in(file), target, [form], precision, calibration or Int8().calibration)
        for line in lines(made):
            say(line, style="bold red" if made.made.path is None else None)
        failed += [form] if made.made.path is None else []
    if len(failed) < len(formats):
        say(f"written to {target}")
    if failed:
        raise RunError(f"not exported to {', '.join(failed)}: see above; no file was left of it")


def _precision(asked: Sequence[str]) -> Precision:
    different = list(dict.fromkeys(asked))
    if len(different) > 1:
        flags = " and ".join(f"--{one.replace('_', '-')}" for one in different)
        raise UsageError(f"{flags}: the files of one call have one of them; call kspec export once for each")
    return next((one for one in PRECISIONS if one in different), PRECISIONS[0])


def _formats(to: str) -> Sequence[Format]:
    asked = [one.strip() for one in to.split(",") if one.strip()]
    known = [one for one in FORMATS if one in asked]
    wrong = [one for one in asked if one not in FORMATS]
    if wrong:
        hints = [hint for one in wrong if (hint := did_you_mean(one, FORMATS))]
        named = ", ".join(f"'{one}' is no format" for one in wrong)
        message = f"--to {to}: {named}; known are {', '.join(FORMATS)}"
        raise UsageError("\n       hint: ".join([message, *hints]))
    if not known:
        raise UsageError(f"--to names no format; known are {', '.join(FORMATS)}")
    return known


def _free(target: Path, formats: Sequence[Format], precision: Precision) -> None:
    """Raises UsageError for a file that is there, or a folder that is none."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target}: is no folder")
    for path in (target / file_name(form, precision) for form in formats):
        if path.exists():
            raise UsageError(f"{path}: exists already\n       hint: remove it, or name another folder with --output")
