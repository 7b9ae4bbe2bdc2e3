"""The run folder: the only place that writes and reads it.

    runs/<name>/<time>-<short id>/
        spec.yaml     the complete spec; running it again repeats the run
        run.json      metrics, timing by phase, versions, git state, device, seed, data fingerprint, command
        history.csv   one row an epoch, with the learning rate
        model.keras   the trained model, from raw features to probabilities
        curves.png    loss, metrics and learning rate over the epochs
        log.txt       what the terminal showed
        stages/       of a spec with stages: a folder for each, `1_prune_neurons`, with its model.keras, and with
                      history.csv and curves.png where it trains, its files where it makes some, sensitivity.png
                      where that was asked for; a stage `bench` has files of the base in base/
        pareto.png    compares the stages
        export/       what `kspec export` has made: files, and export.json about them, as beside the files of stages
        bench.json    what `kspec bench` has measured, and bench.png beside it
        checkpoint/   while it trains: the states it can be resumed from (kspec/checkpoints.py)

Every file is written beside its place, synced and renamed, so a reader sees the old one or the new one, never half.
A folder is created with a name that did not exist, so no run touches another.
"""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from kspec.errors import UsageError, did_you_mean

SPEC, RECORD, HISTORY, MODEL, CURVES, LOG = (
    "spec.yaml",
    "run.json",
    "history.csv",
    "model.keras",
    "curves.png",
    "log.txt",
)


FINISHED, RUNNING, INTERRUPTED, FAILED = "finished", "running", "interrupted", "failed"
"""The status of a run in run.json; one that was killed stays "running"."""
STAGES = "stages"
"""The folder of the stages in that of a run."""
PARTIAL = ".partial"
"""In the names of files that are being written."""


def plan(root: Path, name: str, now: datetime) -> Path:
    """The path of a new run's folder; nothing is written.

    Raises:
        UsageError: the folder could not be written later.
    """
    try:
        above = (root / name, *(root / name).absolute().parents)
        nearest = next(folder for folder in above if os.path.lexists(folder))
        is_fit = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
        (root / name).exists()
    except OSError as error:  # a name that is too long
        raise UsageError(f"{str(root)[:80]}: cannot write runs here: {error.strerror}") from error
    if (root / name).is_symlink():  # the spec chooses the name; `root`, which the user names, may be a link
        raise UsageError(f"{root / name}: is a link, and a run is written below {root} itself\n"
                         "       hint: remove the link, or name its target with --runs FOLDER")  # fmt: skip
    if not is_fit:
        raise UsageError(f"{root}: cannot write runs here: {nearest} is not a folder that this user may write to\n"
                         "       hint: name another folder with --runs FOLDER")  # fmt: skip
    return root / name / f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def create(folder: Path) -> None:
    """Makes the folder of a new run.

    Raises:
        UsageError: it exists, or cannot be made.
    """
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot make the run's folder: {error.strerror}") from error


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` make the file beside its place, then syncs and renames it.

    The temporary name keeps the suffix, since Keras decides the format by it.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=f"{PARTIAL}{path.suffix}", dir=path.parent)
    os.close(handle)
    try:
        write(Path(temporary))
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        sync_folder(path.parent)
    finally:
        Path(temporary).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Makes a rename last through a power failure; where a system cannot open folders, the rename alone has to do."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_partial(folder: Path) -> None:
    """Removes what a process that was killed left half written in a run's folder."""
    for left in folder.glob(f".*{PARTIAL}.*"):
        left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file whole or not at all."""
    write_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Writes run.json."""
    write_text(folder / RECORD, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def write_history(folder: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Writes history.csv: the columns of the first row, numbers that read back to the same bits."""
    table = io.StringIO()
    writer = csv.DictWriter(table, fieldnames=list(rows[0]) if rows else ["epoch"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: repr(value) for key, value in row.items()} for row in rows)
    write_text(folder / HISTORY, table.getvalue())


def read_history(folder: Path) -> list[dict[str, float]]:
    """The rows of history.csv."""
    with open(folder / HISTORY, encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def run_of(folder: Path) -> tuple[Path, str]:
    """The run that a folder belongs to, and the name of the stage whose folder it is; "" for the run's own."""
    whole = folder.absolute()
    if whole.parent.name == STAGES and (whole.parent.parent / RECORD).is_file():
        return folder.parent.parent if folder.parent.name == STAGES else whole.parent.parent, whole.name
    return folder, ""


def read_record(folder: Path) -> dict[str, Any]:
    """The content of run.json; of the folder of a stage that of its run, with the metrics of the stage.

    Raises:
        UsageError: not the folder of a run, or of one that has not finished.
    """
    run, stage = run_of(folder)
    if stage:
        whole = read_record(run)
        entry = next((one for one in whole.get("stages") or () if one["name"] == stage), None)
        if entry is None:
            raise UsageError(f"{folder}: the stage has not finished")
        return {**whole, "metrics": entry["metrics"], "status": FINISHED}
    path = folder / RECORD
    if folder.is_file():
        raise UsageError(f"{folder}: not a run: it is a file\n       hint: name the folder that holds {RECORD}")
    if not path.is_file():
        raise UsageError(f"{folder}: not a run: it holds no {RECORD}{_nearby(folder)}")
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path}: not readable as JSON: {error}") from error
    if not isinstance(record, dict) or not {"status", "data"} <= set(record):
        raise UsageError(f"{path}: not the record of a run: it lacks `status` and `data`")
    return record


def model_path(folder: Path) -> Path:
    """Where the trained model of a run is.

    Raises:
        UsageError: the folder is not a run, or the run has not finished.
    """
    record = read_record(folder)
    path = folder / MODEL
    if record["status"] != FINISHED:
        raise UsageError(f"{folder}: the run has not finished: its status is '{record['status']}'")
    if not path.is_file():
        raise UsageError(f"{folder}: the run has no {MODEL}")
    return path


def spec_path(folder: Path) -> Path:
    """Where the spec of a run is, or of the run that a stage's folder belongs to."""
    return run_of(folder)[0] / SPEC


def _nearby(folder: Path) -> str:
    """A hint: a folder that holds runs was named, or the name is misspelt."""
    if folder.is_dir():
        inside = sorted(path.parent for path in folder.glob(f"**/{RECORD}"))
        return f"\n       hint: the newest run below it is {max(inside, key=lambda path: path.name)}" if inside else ""
    siblings = [path.name for path in folder.parent.iterdir()] if folder.parent.is_dir() else []
    hint = did_you_mean(folder.name, siblings)
    return f"\n       hint: no such folder; {hint}" if hint else "\n       hint: no such folder"
