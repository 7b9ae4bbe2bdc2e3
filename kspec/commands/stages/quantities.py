"""What is measured of a model beside its metrics: numbers, multiply-accumulates and bytes."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kspec.builders.experiment import Experiment
from kspec.builders.model.freeze import layer_paths
from kspec.check import graph, macs
from kspec.commands.measure import Metrics, held_out
from kspec.commands.summary import count

MEGABYTE = 1e6
CHUNK = 2**20

Quantities = dict[str, float | int | None]
"""By the names of kspec.spec.require.COUNTED; None for what cannot be counted."""


def quantities(network: Any, file: Path, experiment: Experiment) -> Quantities:
    """The size of a network, and of the file it is saved in."""
    nonzeros = sum(int(np.count_nonzero(keras.ops.convert_to_numpy(one))) for one in network.weights)
    counted = {"parameters": count(network.weights), "nonzeros": nonzeros, "macs": products(network, experiment)[0]}
    return {**counted, **sizes(file)}


def products(network: Any, experiment: Experiment) -> tuple[int | None, str]:
    """Multiply-accumulates of a prediction for one example; None with the reason where they cannot be counted."""
    if keras.backend.backend() != "tensorflow":
        return None, f"they are counted in TensorFlow's graph, and Keras runs on {keras.backend.backend()}"
    specs = graph.whole_specs(replace(experiment, model=network))
    found = macs.count(graph.forward(network, graph.of_size(specs[0], 1)), frozenset(dict(layer_paths(network))))
    if found.uncounted:
        return None, f"not known of {', '.join(sorted(found.uncounted)[:3])}"
    return found.total, ""


def sizes(path: Path) -> Quantities:
    """Megabytes of a file, or of all files in a folder: as they are, and each compressed by gzip's method."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    size = sum(one.stat().st_size for one in files)
    return {"size_mb": size / MEGABYTE, "gzip_mb": sum(map(_compressed, files)) / MEGABYTE}


def metrics_of(network: Any, experiment: Experiment) -> Metrics:
    """Loss and metrics of a network on validation and test, those of the base training; it is compiled for that."""
    plan = experiment.plan
    network.compile(
        loss=plan.loss,
        metrics=[type(metric).from_config(metric.get_config()) for metric in plan.metrics],
        jit_compile=experiment.settings.jit_compile,
    )
    return held_out(replace(experiment, model=network))


def _compressed(file: Path) -> int:
    """Bytes of a file in gzip's format, without its header of some 20 bytes."""
    packer, total = zlib.compressobj(6), 0
    with open(file, "rb") as stream:
        while chunk := stream.read(CHUNK):
            total += len(packer.compress(chunk))
    return total + len(packer.flush())
