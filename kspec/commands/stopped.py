"""Whether a run can be gone on with, as far as its folder says: looked at before Keras is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kspec import artifacts
from kspec.commands.plugins import needed
from kspec.commands.since import other_versions_than
from kspec.errors import RunError, UsageError

KEYS = ("spec_sha256", "versions", "device", "data")
"""What resuming reads of run.json; kspec 0.1 wrote no `spec_sha256`."""


@dataclass(frozen=True)
class Stopped:
    """A run that can be gone on with. before: its run.json. changed: what is another than then, in words, or ""."""

    folder: Path
    before: Mapping[str, Any]
    changed: str


def stopped_run(folder: str, other_versions: bool) -> Stopped | None:
    """The run of a folder; None where it has finished.

    Raises:
        UsageError: not a run, or one of other versions.
        RunError: it failed for a reason that would come again, or has finished without keeping its gates.
    """
    place = Path(folder)
    before = artifacts.read_record(place)
    if before["status"] == artifacts.FINISHED:
        _refuse_failed(place, before)
        return None
    missing = [key for key in KEYS if not isinstance(before.get(key), str | dict)]
    if missing:
        found = f"its {artifacts.RECORD} lacks {' and '.join(missing)}"
        raise UsageError(f"{place}: cannot be resumed: {found}\n       hint: {start_anew(place)}")
    if "diverged" in before:
        message = f"the run failed, and would again: {before['error']}"
        hint = f"change the spec and {start_anew(place)} training.learning_rate.peak=..."
        raise RunError(f"{place}: {message}\n       hint: {hint}")
    changed = "; ".join([*needed(place, before), *other_versions_than(before["versions"])])
    if changed and not other_versions:
        message = f"not the versions the run began with: {changed}; the result would be another one"
        hint = "install those, or go on all the same with --other-versions"
        raise UsageError(f"{place}: {message}\n       hint: {hint}")
    return Stopped(place, before, changed)


def _refuse_failed(place: Path, before: Mapping[str, Any]) -> None:
    failed = [one for one in before.get("require", ()) if not one["passed"]]
    if failed:
        said = "; ".join(f"{one['quantity']} {one['gate']}: it is {one['value']:g}" for one in failed)
        raise RunError(f"{place}: has finished, there is nothing to resume, and what it requires failed: {said}")


def start_anew(place: Path) -> str:
    """The hint for a run that cannot be gone on with."""
    return f"start a new run: kspec run {place / artifacts.SPEC}"
