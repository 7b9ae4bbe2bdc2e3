"""Runs the stages of a spec one after another, and goes on with those that a stopped run has not finished."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from kspec import artifacts, checkpoints
from kspec.builders.experiment import Experiment
from kspec.builders.saved import uncompiled, with_preprocessor
from kspec.commands.console import clock, log, phase, say
from kspec.commands.record import weights_digest
from kspec.commands.signals import Stopping
from kspec.commands.stages import Artifact, Context, Outcome, gates
from kspec.commands.stages.entries import lineage
from kspec.commands.stages.known import STAGES
from kspec.commands.stages.quantities import metrics_of, products, quantities, sizes
from kspec.commands.summary import count
from kspec.errors import Gathered
from kspec.spec import Spec
from kspec.spec.require import COUNTED

FOLDER, LOG = artifacts.STAGES, artifacts.LOG
STRIDE = 1_000_003
"""Between the seeds of two stages: `seed` of a spec is a small number, and so none meets another."""


def names(spec: Spec) -> list[str]:
    """The folders of the stages: `1_prune_neurons`."""
    return [f"{number}_{stage.chosen[0]}" for number, stage in enumerate(spec.stages, start=1)]


def follow(
    experiment: Experiment, folder: Path, record: dict[str, Any], stop: Stopping, *, smoke: bool = False
) -> None:
    """Runs the stages that are left after the base training, and adds an entry for each to the record, `stages`.

    folder: of the run; it holds the model of the base. record: of the run; is written after each stage.

    Raises:
        RunError: a stage failed.
        KeyboardInterrupt: it was stopped; `kspec resume` goes on in the stage in flight.
    """
    record.setdefault("stages", [])
    for context in _contexts(experiment, folder, record, stop, smoke):
        name = context.folder.name
        if not any((context.folder / checkpoints.FOLDER).glob("*.safetensors")):  # else the log of the state says it
            say("")
            beside = " (baseline)" if context.is_baseline else ""
            say(f"stage {context.number} of {len(experiment.spec.stages)}: {context.key}{beside}", style="bold")
        context.folder.mkdir(parents=True, exist_ok=True)
        artifacts.remove_partial(context.folder)
        keras.utils.set_random_seed(context.seed)
        outcome = STAGES[context.key].run(context)
        for line in outcome.lines:
            say(f"  {line}")
        record["stages"].append(_entry(context, outcome, record))
        record["base"] = _more(record["base"], outcome.base_quantities)
        say(f"  {_became(record['stages'][-1])}")
        if not smoke:
            artifacts.write_text(folder / FOLDER / LOG, log())
            artifacts.write_record(folder, {**record, "status": artifacts.RUNNING})
            checkpoints.remove(folder / FOLDER / name)


def rehearse(experiment: Experiment) -> list[dict[str, Any]]:
    """Everything that would stop a stage or leave a gate unmeasured, found before the training; nothing is kept.

    Returns what each stage will leave: its `name`, `parameters`, and `macs`, None where they cannot be counted; of a
    baseline `baseline` too.

    Raises:
        SpecError: all that is wrong with the first stage that could not work, and with the gates.
    """
    gathered = Gathered()
    gathered.part(lambda: gates.check(experiment.spec.require, experiment), None)
    sizes_after: list[dict[str, Any]] = []
    if experiment.spec.stages:
        with tempfile.TemporaryDirectory() as scratch:
            sizes_after = gathered.part(lambda: _rehearse(experiment, Path(scratch)), [])
    gathered.stop()
    return sizes_after


def save(network: Any, experiment: Experiment, file: Path) -> None:
    """Writes a model from raw features to predictions, without the state of an optimizer."""
    with uncompiled(network):
        artifacts.write_file(file, with_preprocessor(experiment.datasets.preprocessor, network).save)


def model_file(folder: Path, entries: list[Mapping[str, Any]]) -> Path:
    """The newest model of a run: of the last stage that changed it, or of the base; a baseline changes nothing."""
    changed = [one["name"] for one in lineage(entries) if one["model"]]
    return folder / FOLDER / changed[-1] / artifacts.MODEL if changed else folder / artifacts.MODEL


def _contexts(
    experiment: Experiment, folder: Path, record: Mapping[str, Any], stop: Stopping, smoke: bool
) -> Iterator[Context]:
    """What each stage that is left is given; made when its turn has come."""
    spec = experiment.spec
    for number, (stage, name) in enumerate(zip(spec.stages, names(spec), strict=True), start=1):
        if number <= len(record["stages"]):
            continue
        key, section = stage.chosen
        yield Context(
            number=number,
            key=key,
            section=section,
            file=model_file(folder, record["stages"]),
            base=folder / artifacts.MODEL,
            folder=folder / FOLDER / name,
            experiment=experiment,
            earlier=tuple(record["stages"]),
            seed=(spec.seed + STRIDE * number) % 2**31,
            stop=stop,
            timing={},
            smoke=smoke,
        )


def _rehearse(experiment: Experiment, scratch: Path) -> list[dict[str, Any]]:
    save(experiment.model, experiment, scratch / artifacts.MODEL)
    record: dict[str, Any] = {"stages": []}
    found = []
    for context in _contexts(experiment, scratch, record, Stopping(), False):
        context.folder.mkdir(parents=True)
        network = STAGES[context.key].rehearse(replace(context, earlier=()))
        save(network, experiment, context.folder / artifacts.MODEL)
        name = {"name": context.folder.name, **_mark(context)}
        record["stages"].append({**name, "model": True})
        macs, _ = products(network, experiment)
        found.append({**name, "parameters": count(network.weights), "macs": macs})
    return found


def _entry(context: Context, outcome: Outcome, record: Mapping[str, Any]) -> dict[str, Any]:
    """Saves and measures what a stage has made; what run.json says of it."""
    before = lineage([record["base"], *record["stages"]])[-1]
    # A latency stays with the bench that has measured it, beside the base that it measured in turn with it.
    counted = {key: value for key, value in before["quantities"].items() if key in COUNTED}
    measured: dict[str, Any] = {"quantities": counted, "metrics": before["metrics"]}
    network, product = outcome.network, outcome.product
    if network is not None:
        with phase(context.timing, "save"):
            save(network, context.experiment, context.folder / artifacts.MODEL)
        with phase(context.timing, "measure"):
            measured = _measured(network, context.experiment, context.folder / artifacts.MODEL)
    if product is not None:
        measured = {
            "quantities": {**measured["quantities"], **sizes(product.path)},
            "metrics": measured["metrics"] if product.metrics is None else product.metrics,
        }
    return {
        "name": context.folder.name,
        "stage": context.key,
        "model": network is not None,
        **_mark(context),
        **_more(measured, outcome.quantities),
        **outcome.facts,
        "artifacts": [_artifact(one, context.folder) for one in outcome.artifacts],
        "product": None if product is None else str(product.path.relative_to(context.folder)),
        "timing": dict(context.timing),
    }


def _more(entry: Mapping[str, Any], found: Mapping[str, float]) -> dict[str, Any]:
    return {**entry, "quantities": {**entry["quantities"], **found}}


def _mark(context: Context) -> dict[str, bool]:
    """What is said of baselines alone."""
    return {"baseline": True} if context.is_baseline else {}


def _measured(network: Any, experiment: Experiment, file: Path) -> dict[str, Any]:
    return {
        "quantities": quantities(network, file, experiment),
        "metrics": metrics_of(network, experiment),
        "weights_sha256": weights_digest(network),
    }


def _artifact(one: Artifact, folder: Path) -> dict[str, Any]:
    return {
        "path": str(one.path.relative_to(folder)),
        "runtime": one.runtime,
        **sizes(one.path),
        "metrics": one.metrics,
    }


def _became(entry: Mapping[str, Any]) -> str:
    """A stage in a line: time and metrics."""
    metrics = [
        f"{split.replace('_', ' ')} " + "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        for split, values in entry["metrics"].items()
    ]
    return f"{clock(sum(entry['timing'].values()))}  " + "   ".join(metrics)
