"""The stage `train`, and the training of `prune_weights`: `fit` with states to resume from, as the base has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kspec import artifacts, checkpoints
from kspec.builders.distill import build_distiller, undistilled
from kspec.builders.experiment import Experiment
from kspec.builders.retraining import build_retraining
from kspec.commands import curves, summary
from kspec.commands.progress import watched
from kspec.commands.stages import Context, Outcome
from kspec.commands.train import Place, epoch_lines, fit, state_of, trained
from kspec.spec.train import Train


def run(context: Context) -> Outcome:
    """Trains the model before it on, or a new one.

    Raises:
        SpecError: as `build_retraining` and `build_distiller`.
        RunError: the training failed.
    """
    experiment = prepared(context)
    lines = epoch_lines(experiment)
    if context.smoke:
        fit(experiment, context.timing, lines, [lines], epochs=1)
    else:
        _resumable(context, experiment, lines)
    network = undistilled(experiment)
    said = summary.pruning_lines(experiment)
    facts = {
        "epochs": len(lines.rows),
        "epoch_seconds": lines.seconds,
        "examples_per_second": round(lines.best_rate, 1),
        **summary.pruned(experiment),
    }
    return Outcome(network=network, facts=facts, lines=tuple(said))


def rehearse(context: Context) -> Any:
    """Builds the training and its teacher.

    Raises:
        SpecError: what does not fit.
    """
    return undistilled(prepared(context, rehearsal=True))


def prepared(context: Context, *, rehearsal: bool = False) -> Experiment:
    """The experiment of the stage, with its teacher; in a rehearsal a teacher is not asked yet.

    Raises:
        SpecError: as `build_retraining` and `build_distiller`.
    """
    section = context.section
    is_new = isinstance(section, Train) and section.model is not None
    experiment = build_retraining(
        context.experiment,
        section,
        context.path,
        None if is_new else context.network(),
        context.seed,
        context.folder,
        smoke=context.smoke,
    )
    if section.distill is None:
        return experiment
    distill = section.distill.model_copy(update={"views": None}) if rehearsal else section.distill
    files = {"base": context.base, "previous": context.file}
    where = (*context.path, "distill")

    def watch(batches: Iterable[Any], total: int, view: int) -> Iterable[Any]:
        return watched(batches, total, f"teacher asked about view {view + 1} of {distill.views} of the train split")

    return build_distiller(experiment, distill, where, files, context.folder, watch, smoke=context.smoke)


def _resumable(context: Context, experiment: Experiment, lines: Any) -> None:
    """Trains on from the last state in the folder, if there is one."""
    found = checkpoints.read(context.folder)
    if found is not None:
        experiment.build_metrics()  # callbacks ask the metrics which way is better
    seconds = 0.0 if found is None else found.facts["seconds"]
    place = Place(context.folder, {}, seconds, None if found is None else state_of(found))
    trained(experiment, place, context.timing, context.stop, lines)
    artifacts.write_history(context.folder, lines.rows)
    title = f"{experiment.spec.name}: {context.folder.name}"
    artifacts.write_file(context.folder / artifacts.CURVES, lambda file: curves.draw(lines.rows, title, file))
