"""What the run that a spec names as its base has measured, where measuring it again would give the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kspec import artifacts
from kspec.builders.experiment import Experiment
from kspec.commands import plugins, record
from kspec.commands.load import load
from kspec.commands.measure import HELD_OUT, Metrics
from kspec.errors import SpecError, UsageError
from kspec.spec import Spec


def metrics_of_base(experiment: Experiment) -> Metrics | None:
    """The metrics on the held-out splits in the record of the base.

    None where they may be others now: other weights, data or metrics, another precision, device, plug-in or version of
    a package; or where the base is a file, or a stage of a run.
    """
    folder = Path(experiment.spec.base or "")
    if not (folder / artifacts.RECORD).is_file():
        return None
    try:
        then, (_, spec) = artifacts.read_record(folder), load(str(artifacts.spec_path(folder)), ())
    except (SpecError, UsageError):  # a spec of another version, say: the model itself can be read all the same
        return None
    metrics, views = then.get("metrics") or {}, experiment.spec.evaluate.views
    if views and views != spec.evaluate.views:
        return None
    if _measuring(spec) != _measuring(experiment.spec) or _known(then) != _now(experiment):
        return None
    wanted = [split for split in HELD_OUT if views or not split.endswith("_views")]
    return {split: metrics[split] for split in wanted if split in metrics}


def _measuring(spec: Spec) -> tuple[Any, ...]:
    """What of a spec decides what is measured, and how."""
    return spec.data, spec.training.loss, spec.training.metrics, spec.training.class_weight, spec.device


def _known(then: dict[str, Any]) -> tuple[Any, ...]:
    """What a record says of the rest."""
    device = {key: then["device"].get(key) for key in ("name", "precision", "jit")}
    return then["status"], then.get("weights_sha256"), device, then["versions"], then.get("plugins")


def _now(experiment: Experiment) -> tuple[Any, ...]:
    settings = experiment.settings
    device = {"name": settings.device, "precision": settings.precision, "jit": settings.jit_compile}
    weights = record.weights_digest(experiment.model)
    return artifacts.FINISHED, weights, device, record.versions(), plugins.of_run(experiment.spec)
