"""From a built experiment to a finished run: fit, measure, save; whatever stops it is recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from kspec import artifacts, checkpoints
from kspec.builders.experiment import Experiment
from kspec.builders.saved import uncompiled
from kspec.check.out_of_memory import advice
from kspec.commands import autopsy, curves, summary
from kspec.commands.base_metrics import metrics_of_base
from kspec.commands.console import log, phase, say
from kspec.commands.measure import held_out, measure
from kspec.commands.progress import EpochLines
from kspec.commands.record import weights_digest
from kspec.commands.signals import Stopping
from kspec.errors import RunError
from kspec.parts.callbacks.terminate_on_nan import Stop, TerminateOnNaN
from kspec.parts.resume.resumable import ResumableCallbacks
from kspec.parts.resume.training_state import TrainingState
from kspec.spec.writer import write

NAN_CAUSES = """\
       usual causes: a learning rate that is too high (try a tenth of it, a warmup, or the optimizer's `clipnorm: 1.0`),
       features that are not normalised, mixed_float16 (try device.precision=float32)"""


class DivergedError(RunError):
    """The loss or a weight became NaN or infinite: going on would repeat it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}\n{NAN_CAUSES}")
        self.what = what


@dataclass(frozen=True)
class Place:
    """Where a run lives, and what its record says besides the result.

    facts: for run.json. seconds: that earlier processes have trained. state: to go on from, or None.
    """

    folder: Path
    facts: Mapping[str, Any]
    seconds: float = 0.0
    state: TrainingState | None = None


Then = Callable[[Experiment, Path, dict[str, Any], Stopping], object]
"""What comes after the base training: is given the experiment, the run's folder and record, and what stops it."""


def conduct(
    experiment: Experiment, place: Place, timing: dict[str, float], stop: Stopping, then: Then
) -> dict[str, Any]:
    """Trains, measures, saves, and writes into run.json how it ended; returns that.

    Nothing is trained where `place.facts` hold the metrics of the base training, or where the spec names a base.
    then: is called afterwards; adds to the record, and may write it.

    Raises:
        RunError: the training itself failed; the folder says so.
        KeyboardInterrupt: it was stopped; its message says how to go on.
    """
    folder, record = place.folder, dict(place.facts)
    artifacts.write_record(folder, {**record, "status": artifacts.RUNNING, "timing": timing})
    try:
        if "metrics" not in record:
            record |= _result(experiment, place, timing, stop)
        record["timing"] = timing
        then(experiment, folder, record, stop)
    except BaseException as error:
        # Rich ends the process with SystemExit where the reader of the output, such as `head`, has gone.
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        reason = _reason(error, stop) if stopped else str(error)
        ending = {"status": artifacts.INTERRUPTED if stopped else artifacts.FAILED, "error": reason, "timing": timing}
        diverged = {"diverged": True} if isinstance(error, DivergedError) else {}
        with suppress(OSError):  # a full disk may be what stopped it
            artifacts.write_record(folder, {**record, **ending, **diverged})
            artifacts.write_text(folder / artifacts.LOG, log())
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"{reason}\n       go on with: kspec resume {folder}") from error
        raise
    artifacts.write_text(folder / artifacts.LOG, log())
    record |= {"status": artifacts.FINISHED, "timing": timing}
    artifacts.write_record(folder, record)
    checkpoints.remove(folder)
    return record


def fit(experiment: Experiment, timing: dict[str, float], lines: EpochLines, callbacks: Any, **arguments: Any) -> None:
    """Trains.

    Raises:
        DivergedError: the loss or a weight became NaN or infinite.
        RunError: the memory is not enough; says what would fit.
    """
    try:
        with phase(timing, "fit"):
            experiment.fit(callbacks, **arguments)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise RunError(f"out of memory: {advice(experiment)}") from error
    finally:
        lines.close()
    stopped = stop_of(experiment)
    if stopped is not None:
        raise DivergedError(str(stopped))
    if isinstance(callbacks, ResumableCallbacks) and callbacks.not_finite:
        raise DivergedError(f"the weight {callbacks.not_finite} became NaN or infinite by the end of an epoch")


def stop_of(experiment: Experiment) -> Stop | None:
    """Where the training stopped because its loss was no number; None where it did not."""
    guards = [one for one in experiment.plan.callbacks if isinstance(one, TerminateOnNaN)]
    return next((one.stopped for one in guards if one.stopped), None)


def state_of(found: checkpoints.Checkpoint) -> TrainingState:
    """The state in a checkpoint."""
    facts = found.facts
    callbacks = tuple((name, state) for name, state in facts["callbacks"])
    return TrainingState(facts["epoch"], facts["step"], facts["stopped"], found.arrays, callbacks)


def where(found: checkpoints.Checkpoint) -> str:
    """The place of a checkpoint in its training, for a person: `epoch 3, step 120`, `the beginning of epoch 4`."""
    if found.facts["stopped"]:
        return "the end of the training"
    epoch, step = found.facts["epoch"] + 1, found.facts["step"]
    return f"epoch {epoch}, step {step}" if step else f"the beginning of epoch {epoch}"


def epoch_lines(experiment: Experiment) -> EpochLines:
    """What shows the training and collects its history."""
    per_epoch = min(len(experiment.datasets.train), experiment.steps_per_epoch * experiment.spec.data.batch_size)
    return EpochLines(per_epoch, summary.UNITS[experiment.datasets.kind])


def _reason(error: BaseException, stop: Stopping) -> str:
    if isinstance(error, SystemExit):
        return "the reader of the output has closed it"
    return stop.reason or "interrupted by the user"


def _result(experiment: Experiment, place: Place, timing: dict[str, float], stop: Stopping) -> dict[str, Any]:
    """Trains, measures and saves; returns what run.json says about the result."""
    lines = epoch_lines(experiment)
    is_trained = experiment.spec.base is None
    if is_trained:
        trained(experiment, place, timing, stop, lines)
    metrics = None if is_trained else metrics_of_base(experiment)
    if metrics is not None:
        say(f"base   measured by its own run: same weights, data and settings ({experiment.spec.base})")
    else:
        with phase(timing, "measure"):
            metrics = measure(experiment, lines.rows[-1]) if is_trained else held_out(experiment)
    with phase(timing, "save"):
        _save(experiment, lines, place.folder)
    held_against = summary.fitted_baseline(experiment, timing)
    say("")
    summary.show_table(experiment, metrics, timing, lines.best_rate, place.folder, held_against)
    return {
        "metrics": metrics,
        **({} if held_against is None else {"baseline": held_against.record()}),
        "epochs": len(lines.rows),
        "epoch_seconds": lines.seconds,
        "examples_per_second": round(lines.best_rate, 1),
        **summary.pruned(experiment),
        "weights_sha256": weights_digest(experiment.model),
    }


def trained(experiment: Experiment, place: Place, timing: dict[str, float], stop: Stopping, lines: EpochLines) -> None:
    """Trains, with states to resume from.

    Raises:
        DivergedError, RunError: as `fit`.
        KeyboardInterrupt: it was stopped.
    """
    with checkpoints.Writer(place.folder) as writer:
        callbacks = _resumable(experiment, place, lines, stop, writer)
        experiment.first.assign(callbacks.first_step)
        stop.patient = True
        try:
            fit(experiment, timing, lines, callbacks, initial_epoch=callbacks.initial_epoch)
        except DivergedError as error:
            writer.wait()
            found = checkpoints.read(place.folder)
            if found is None:
                raise
            norm = autopsy.gradient_norm(experiment, callbacks, state_of(found))
            raise DivergedError(f"{error.what}{norm}; the last good state is of {where(found)}") from error
        finally:
            stop.patient = False
            if "fit" in timing:
                timing["fit"] = round(timing["fit"] + place.seconds, 3)


def _save(experiment: Experiment, lines: EpochLines, folder: Path) -> None:
    # Stages start from the file, and compare theirs with it: it then holds no optimizer.
    with uncompiled(experiment.model) if experiment.spec.stages or experiment.spec.require else nullcontext():
        artifacts.write_file(folder / artifacts.MODEL, experiment.deployable().save)
    if not lines.rows:
        return
    artifacts.write_history(folder, lines.rows)
    title = f"{experiment.spec.name} ({folder.name})"
    artifacts.write_file(folder / artifacts.CURVES, lambda file: curves.draw(lines.rows, title, file))


def _resumable(
    experiment: Experiment, place: Place, lines: EpochLines, stop: Stopping, writer: checkpoints.Writer
) -> ResumableCallbacks:
    """The callbacks of the training, which write its states into the run's folder."""
    text, began = write(experiment.spec), time.monotonic()

    def save(state: TrainingState) -> None:
        facts = {
            "epoch": state.epoch,
            "step": state.step,
            "stopped": state.stopped,
            "callbacks": state.callbacks,
            "seconds": place.seconds + time.monotonic() - began,
            "spec": text,
            "log": log(),
        }
        writer.write(facts, state.arrays)
        if lines.rows and state.step == 0:
            artifacts.write_history(place.folder, lines.rows)

    return ResumableCallbacks(
        experiment.listed([lines]),
        experiment.model,
        epochs=experiment.spec.training.epochs,
        steps=experiment.steps_per_epoch,
        save=save,
        seconds=60 * experiment.spec.checkpoint.minutes,
        asked=stop.asked,
        state=place.state,
    )
