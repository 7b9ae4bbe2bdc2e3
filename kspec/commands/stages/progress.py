"""How far the stages of a stopped run have come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kspec.commands.stages.sequence import FOLDER, LOG, names
from kspec.spec import Spec


@dataclass(frozen=True)
class Progress:
    """Where a run stopped.

    begun: the base is done. folder: of what was in flight, the run or a stage; its states are there.
    said: that in words. log: what the run had said when the last thing was done.
    """

    begun: bool
    folder: Path
    said: str = ""
    log: str = ""

    @classmethod
    def of(cls, run: Path, spec: Spec, record: Mapping[str, Any]) -> Progress:
        """The progress that a run's folder and record tell."""
        if "base" not in record:
            return cls(False, run)
        file = run / FOLDER / LOG
        log = file.read_text(encoding="utf-8") if file.is_file() else ""
        done, all_names = len(record.get("stages") or ()), names(spec)
        if done >= len(all_names):
            return cls(True, run / FOLDER, "what comes after the last stage", log)
        return cls(True, run / FOLDER / all_names[done], f"the stage {all_names[done]}", log)
