"""`kspec resume RUN`: goes on with a run that was stopped, to the result it would have had."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kspec import artifacts, checkpoints, text
from kspec.checkpoints import Checkpoint
from kspec.commands.console import restart_log, say
from kspec.commands.load import load, located
from kspec.commands.run import build, digest
from kspec.commands.signals import Stopping, stopping
from kspec.commands.since import differing
from kspec.commands.stages import gates
from kspec.commands.stages.progress import Progress
from kspec.commands.stages.results import after_training
from kspec.commands.stopped import Stopped, start_anew
from kspec.commands.train import Place, conduct, state_of, where
from kspec.errors import RunError, UsageError
from kspec.parts.resume.training_state import OtherTrainingError
from kspec.spec import Spec
from kspec.spec.device import Device


def resume(run: Stopped, asked: Stopping | None = None) -> None:
    """Goes on with a run.

    asked: what stops it, by default only signals.

    Raises:
        UsageError: its spec or its data are others; another process trains it.
        RunError: no state is whole.
    """
    place, before = run.folder, run.before
    with stopping(asked) as stop, checkpoints.locked(place):
        artifacts.remove_partial(place)
        document, spec = load(str(place / artifacts.SPEC), ())
        stages = Progress.of(place, spec, before)
        found = checkpoints.read(stages.folder)
        _same_spec(place, before, None if stages.begun else found)
        restart_log(stages.log if found is None else found.facts["log"])
        _say_where(place, found, run.changed, stages)
        timing: dict[str, float] = {}
        with located(document):
            base = place / artifacts.MODEL if stages.begun else None
            experiment = build(_as_then(spec, before), timing, folder=place, base=base)
        if experiment.datasets.fingerprint != before["data"]["fingerprint"]:
            message = "the data are not those the run began with: their fingerprint differs"
            raise UsageError(f"{place}: {message}\n       hint: bring them back, or {start_anew(place)}")
        experiment.build_metrics()  # callbacks ask the metrics which way is better
        facts = {key: value for key, value in before.items() if key not in ("status", "error", "timing")}
        facts["resumed"] = [*facts.get("resumed", ()), _note(found)]
        seconds = 0.0 if found is None else found.facts["seconds"]
        state = None if found is None or stages.begun else state_of(found)
        timing = {**before["timing"], **timing} if stages.begun else timing
        try:
            gates.enforce(conduct(experiment, Place(place, facts, seconds, state), timing, stop, after_training))
        except OtherTrainingError as error:
            raise RunError(f"{place}: the state does not fit: {error}\n       hint: {start_anew(place)}") from error


def _same_spec(place: Path, before: Mapping[str, Any], found: Checkpoint | None) -> None:
    """Refuses a spec.yaml that is not the one the run began with.

    Raises:
        UsageError: it was changed; says what, where a state remembers the old one.
    """
    now = (place / artifacts.SPEC).read_text(encoding="utf-8")
    if digest(now) == before["spec_sha256"]:
        return
    what = (
        ""
        if found is None
        else ": " + ", ".join(differing(text.read_text(found.facts["spec"]).tree, text.read_text(now).tree))
    )
    message = f"changed since the run began{what}"
    raise UsageError(f"{place / artifacts.SPEC}: {message}\n       hint: undo the change, or {start_anew(place)}")


def _say_where(place: Path, found: Checkpoint | None, changed: str, stages: Progress) -> None:
    if stages.begun:
        at = "" if found is None else f", from {where(found)}"
        say(f"resume {place}: goes on with {stages.said}{at}")
    elif found is None:
        say(f"resume {place}: no state was written before it stopped; it begins at the beginning")
    else:
        for name in found.damaged:
            say(f"resume {place}: the state {name[:6]} is damaged; the one before it is used", style="bold red")
        say(f"resume {place}: goes on from {where(found)}")
    if changed:
        say(f"resume {place}: other versions than the run began with: {changed}", style="bold red")


def _as_then(spec: Spec, before: Mapping[str, Any]) -> Spec:
    """The spec with the number format and compilation that the run began with, whatever `auto` is on this machine."""
    device = before["device"]
    return spec.model_copy(update={"device": Device(precision=device["precision"], jit=device["jit"])})


def _note(found: Checkpoint | None) -> dict[str, Any]:
    """What run.json says about a resumption."""
    at = {"epoch": 0, "step": 0} if found is None else {key: found.facts[key] for key in ("epoch", "step")}
    return {"time": datetime.now().astimezone().isoformat(timespec="seconds"), **at}
