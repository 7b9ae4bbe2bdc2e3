"""What a run's folder holds to be measured: each of its Keras models, and each file that they were exported to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kspec import artifacts
from kspec.builders.experiment import Experiment
from kspec.builders.model.freeze import layer_paths
from kspec.check import graph, macs
from kspec.commands.exported import LIST, Held, Subject, measured, subject
from kspec.commands.reopened import network_in, reopen
from kspec.commands.stages.entries import label
from kspec.commands.summary import count
from kspec.errors import UsageError
from kspec.parts.export.make import sizes
from kspec.parts.export.runtimes import Runtime, run_file
from kspec.parts.export.signature import named, network_of
from kspec.parts.export.table import ExportError


@dataclass(frozen=True)
class Variant:
    """A model in a runtime.

    name: of model and runtime together. call: a batch size -> a prediction of so many examples, without arguments.
    facts: what the JSON file says of it beside its latency.
    """

    name: str
    call: Callable[[int], Callable[[], Any]]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Found:
    """models: the Keras models of a run, as plain data. variants: they and the files in each runtime."""

    models: list[dict[str, Any]]
    variants: list[Variant]


def of_run(place: Path, prefix: str) -> Found:
    """The models and files of a run. prefix: of their names, which no other run's may share.

    Raises:
        UsageError: not a finished run, or a file that is listed and cannot be run any more.
        SpecError: its data cannot be read any more.
    """
    experiment = reopen(place, {})
    held = Held(experiment)
    found = Found([], [])
    for name, file in _models(place):
        network = network_in(file)
        found.models.append({"run": str(place), "model": prefix + name, **_counted(network, file, experiment)})
        told = {"run": str(place), "model": prefix + name, "file": str(file)}
        found.variants.extend(in_keras(network, told, held, is_baseline=file.parent == place, is_scored=True))
    for listing in sorted(place.rglob(LIST)):
        for entry in json.loads(listing.read_text(encoding="utf-8")):
            if not (listing.parent / entry["path"]).exists():  # removed since
                continue
            told = {"run": str(place), "model": prefix + _owner(listing.parent, place)}
            path = listing.parent / entry["path"]
            found.variants.extend(in_runtimes(path, entry, told, held, experiment.model, is_scored=True))
    return found


def _models(place: Path) -> Iterator[tuple[str, Path]]:
    """Name and file of each Keras model: `base`, and those of the stages, the baselines marked."""
    first = artifacts.model_path(place)
    stages = sorted((place / artifacts.STAGES).glob(f"*/{artifacts.MODEL}"), key=_number)
    yield ("base" if stages else "model"), first
    names = {one["name"]: label(one) for one in artifacts.read_record(place).get("stages") or ()}
    yield from ((names.get(file.parent.name, file.parent.name), file) for file in stages)


def _number(file: Path) -> int:
    return int(file.parent.name.partition("_")[0])


def _owner(folder: Path, place: Path) -> str:
    """The name of the folder of exported files, within the run's."""
    if not folder.is_relative_to(place):
        return folder.name
    within = folder.relative_to(place).as_posix()
    return folder.name if folder.parent.name == artifacts.STAGES else within.removeprefix(f"{artifacts.STAGES}/")


def _counted(network: Any, file: Path, experiment: Experiment) -> dict[str, Any]:
    specs = graph.batches(network, experiment.train).element_spec[0]
    products = macs.count(graph.forward(network, graph.of_size(specs, 1)), frozenset(dict(layer_paths(network))))
    size, squeezed = sizes(file)
    return {
        "parameters": count(network.weights),
        "nonzeros": sum(int(np.count_nonzero(one.numpy())) for one in network.weights),
        "macs": None if products.uncounted else products.total,
        "size": size,
        "gzip": squeezed,
    }


def in_keras(
    network: Any, told: Mapping[str, Any], held: Held, *, is_baseline: bool, is_scored: bool
) -> Iterator[Variant]:
    """The model in Keras, by its two ways of predicting a batch.

    told: its name, `model`, its `file`, and what else to say of it. is_scored: its metrics are measured too, else None.
    """
    inner, prepare, note = network_of(network)
    arrays = named(inner, prepare(held.some(whole=False)))
    compiled = tf.function(lambda x: inner(x, training=False), reduce_retracing=False)
    what = Subject(network, whole=False)
    metrics = measured(_as_runtime(inner, compiled), what, held) if is_scored else None
    size, squeezed = sizes(Path(told["file"]))
    precision = str(network.dtype_policy.compute_dtype)
    ways: dict[str, Callable[[Any], Any]] = {"predict_on_batch": inner.predict_on_batch, "tf.function": compiled}
    for way, function in ways.items():
        facts = {
            **told,
            "runtime": f"Keras {way}",
            "form": "keras",
            "precision": precision,
            "size": size,
            "gzip": squeezed,
            "metrics": metrics,
            "is_baseline": is_baseline,
            "note": note,
        }
        call = partial(_keras_call, function, inner, arrays, tensors=way == "tf.function")
        yield Variant(f"{told['model']}: {facts['runtime']}", call, facts)


def _keras_call(function: Any, network: Any, arrays: Mapping[str, Any], size: int, *, tensors: bool) -> Any:
    batch = _batch(arrays, size)
    given: Any = {name: tf.constant(values) for name, values in batch.items()} if tensors else batch
    if not isinstance(getattr(network, "_inputs_struct", None), Mapping):
        given = list(given.values()) if len(given) > 1 else next(iter(given.values()))
    return partial(function, given)


def _as_runtime(network: Any, compiled: Any) -> Any:
    def run(arrays: Mapping[str, Any]) -> Any:
        return np.asarray(_keras_call(compiled, network, arrays, 0, tensors=True)().numpy(), np.float32)

    return run


def in_runtimes(
    path: Path, entry: Mapping[str, Any], told: Mapping[str, Any], held: Held, network: Any, *, is_scored: bool
) -> Iterator[Variant]:
    """A file in its runtime; OpenVINO's also in the precision that OpenVINO takes on this processor.

    entry: what `export.json` says of it. network: whose file it is, or one that reads the same.
    is_scored: its metrics are measured again; else those of the entry count, which are of float32.
    """
    what = subject(held.experiment, network, entry["format"]) if entry["reads"] == "features" else None
    what = what or Subject(network, whole=False)
    inner, prepare, _ = network_of(what.model)
    arrays = named(inner, prepare(held.some(whole=what.whole)))
    for run in _runtimes(path, entry["format"]):
        precision = entry["precision"]
        if run.precision != "float32":  # what is int8 stays so, and what else there is has that precision
            precision = f"int8, {run.precision}" if precision == "int8" else run.precision
        facts = {
            **told,
            "file": str(path),
            "runtime": run.name,
            "form": entry["format"],
            "precision": precision,
            "size": entry["size"],
            "gzip": entry["gzip"],
            "metrics": measured(run, what, held) if is_scored or run.precision != "float32" else entry["metrics"],
            "is_baseline": False,
            "note": "; ".join(entry["notes"]),
        }
        name = f"{told['model']}: {entry['format']} {entry['precision']} in {run.name} ({precision})"
        yield Variant(name, partial(_file_call, run, arrays), facts)


def _file_call(run: Runtime, arrays: Mapping[str, Any], size: int) -> Any:
    return partial(run, _batch(arrays, size))


def _runtimes(path: Path, form: str) -> list[Runtime]:
    try:
        first = run_file(path)
        if form != "openvino":
            return [first]
        own = run_file(path, precision="auto")
    except (ExportError, ImportError) as error:
        raise UsageError(f"{path}: cannot be run: {error}\n       hint: pip install 'kspec[export]'") from error
    return [first] if own.precision == first.precision else [first, own]


def _batch(arrays: Mapping[str, Any], size: int) -> dict[str, Any]:
    """So many examples, begun anew where there are fewer; all of them for 0."""
    count = len(next(iter(arrays.values())))
    places = np.arange(size or count) % count
    return {name: values[places] for name, values in arrays.items()}
