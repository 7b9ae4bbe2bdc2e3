"""A finished run once more as an experiment, with its data: what `kspec export` and `kspec bench` begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kspec import artifacts
from kspec.builders.experiment import Experiment, assemble, load_data
from kspec.builders.saved import load_model, taken_apart
from kspec.commands.console import phase, say
from kspec.commands.load import load, located
from kspec.commands.stages.entries import lineage
from kspec.spec.model import Model


def reopen(place: Path, timing: dict[str, float]) -> Experiment:
    """The experiment of a run, or of the folder of one of its stages. Its model is made anew: take `network_in`.

    Raises:
        UsageError: not the folder of a finished run.
        SpecError: its data cannot be read any more.
    """
    saved, before = artifacts.model_path(place), artifacts.read_record(place)
    document, spec = load(str(artifacts.spec_path(place)), ())
    # The file that holds the network, whatever `model` said: the run may have begun with another, or made it smaller.
    spec = spec.model_copy(update={"model": Model(file=str(saved)), "stages": (), "base": None})
    with located(document):
        with phase(timing, "data"):
            datasets = load_data(spec)
        with phase(timing, "model"):
            experiment = assemble(spec, datasets, folder=place, pretrained=False)
    if datasets.fingerprint != before["data"]["fingerprint"]:
        say("The data are not those of the run: their fingerprint differs.", style="bold red")
    return experiment


def network_in(file: Path) -> Any:
    """The network in a saved model, without what prepares raw features for it; not compiled."""
    return taken_apart(load_model(file, compile=False))[1]


def newest(place: Path) -> Path:
    """The model that a run ends with: of its last stage that changed it, baselines aside, or of its training.

    Raises:
        UsageError: not the folder of a finished run.
    """
    first = artifacts.model_path(place)
    entries = artifacts.read_record(place).get("stages") if not artifacts.run_of(place)[1] else None
    changed = [one["name"] for one in lineage(entries or ()) if one["model"]]
    return place / artifacts.STAGES / changed[-1] / artifacts.MODEL if changed else first
