"""`kspec evaluate RUN`: the saved model of a run on its validation and test data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from kspec import artifacts
from kspec.builders.experiment import Experiment, assemble, load_data
from kspec.builders.saved import load_model, taken_apart
from kspec.commands.console import phase, say, show
from kspec.commands.load import load, located
from kspec.commands.measure import Metrics, held_out
from kspec.spec.model import Model


def evaluate(folder: str) -> Metrics:
    """Measures the saved model of a run and prints a table beside what the run itself measured.

    Raises:
        UsageError: not the folder of a finished run.
        SpecError: its data cannot be read any more.
    """
    place = Path(folder)
    saved = artifacts.model_path(place)
    before = artifacts.read_record(place)
    document, spec = load(str(artifacts.spec_path(place)), ())
    if spec.model.file is not None:  # the file that the run began with may be gone
        spec = spec.model_copy(update={"model": spec.model.model_copy(update={"file": str(saved)})})
    if spec.base is not None or artifacts.run_of(place)[1]:  # a network that `model` does not describe
        spec = spec.model_copy(update={"model": Model(file=str(saved))})
    timing: dict[str, float] = {}
    with located(document):
        with phase(timing, "data"):
            datasets = load_data(spec)
        with phase(timing, "model"):
            experiment = with_weights(assemble(spec, datasets, folder=place, pretrained=False), saved)
    if datasets.fingerprint != before["data"]["fingerprint"]:
        say("The data are not those of the run: their fingerprint differs.", style="bold red")
    with phase(timing, "measure"):
        metrics = held_out(experiment)
    show(_table(place, metrics, before["metrics"]))
    return metrics


def with_weights(experiment: Experiment, saved: Path) -> Experiment:
    """The experiment with the weights of a saved model."""
    _, network = taken_apart(load_model(saved, compile=False))
    experiment.model.set_weights(network.get_weights())
    return experiment


def _table(folder: Path, metrics: Metrics, before: dict[str, Any]) -> Table:
    table = Table("split", "metric", "now", "when the run ended", title=str(folder), title_justify="left")
    for split, values in metrics.items():
        for name, value in values.items():
            table.add_row(split.replace("_", " "), name, f"{value:.4f}", f"{before[split][name]:.4f}")
    return table
