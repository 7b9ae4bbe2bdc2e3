"""`kspec bench RUN ...`: size, accuracy and latency of everything that runs hold, side by side."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import tensorflow as tf

from kspec import artifacts
from kspec.commands import bench_plot, record
from kspec.commands.bench_tables import show_all
from kspec.commands.console import phase, restart_log, say
from kspec.commands.variants import Variant, of_run
from kspec.errors import UsageError
from kspec.parts.export.runtimes import processors
from kspec.parts.export.silence import no_warnings
from kspec.parts.export.timing import interleaved
from kspec.spec.bench import Bench

BATCHES = Bench().batch_sizes
CPU_INFO = Path("/proc/cpuinfo")
PACKAGES = (*record.PACKAGES, "ai-edge-litert", "openvino", "nncf", "onnx", "tf2onnx", "onnxruntime")


def bench(folders: Sequence[str], rounds: int, output: str | None) -> Path:
    """Measures the models and files of runs, prints tables, writes a JSON file and a PNG beside it, returns the first.

    rounds: in each, every variant is called some times; see kspec.parts.export.timing.
    output: the JSON file; by default `bench.json` in the first run's folder, with a number where that is taken.

    Raises:
        UsageError: not a finished run, or one that is named twice; a file that is there already.
        SpecError: the data of a run cannot be read any more.
    """
    restart_log()
    prefixes, path = _prefixes(folders), _place(Path(folders[0]), output)
    timing: dict[str, float] = {}
    models: list[dict[str, Any]] = []
    variants: list[Variant] = []
    for folder, prefix in zip(folders, prefixes, strict=True):
        with phase(timing, f"models of {folder}"), no_warnings():
            found = of_run(Path(folder), prefix)
        models += found.models
        variants += found.variants
    with phase(timing, "latency"), no_warnings():
        rows = timed(variants, BATCHES, rounds)
    result = {
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": record.command_line(),
        "machine": machine(),
        "versions": record.versions(PACKAGES),
        "rounds": rounds,
        "models": models,
        "variants": [{**row, "faster": faster(row, rows)} for row in rows],
    }
    artifacts.write_text(path, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    artifacts.write_file(path.with_suffix(".png"), lambda file: bench_plot.draw(result, file))
    show_all(result)
    say(f"written to {path} and {path.with_suffix('.png').name}")
    return path


def timed(variants: Sequence[Variant], sizes: Sequence[int], rounds: int) -> list[dict[str, Any]]:
    """The facts of each variant with its `latency_ms` by batch size; all have their turn in each round."""
    latency = {size: interleaved({one.name: one.call(size) for one in variants}, rounds) for size in sizes}
    return [
        {**one.facts, "latency_ms": {str(size): asdict(latency[size][one.name]) for size in sizes}} for one in variants
    ]


def machine() -> dict[str, Any]:
    """What the latencies were measured on."""
    gpus = [one.name for one in tf.config.list_physical_devices("GPU")]
    return {"processor": processor(), "threads": processors(), "gpus_of_tensorflow": gpus, "load": _load()}


def processor(info: Path = CPU_INFO) -> str:
    """The processor's name."""
    lines = info.read_text().splitlines() if info.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _load() -> float | None:
    """How many programs wanted a processor in the last minute; with more than `threads` the machine was busy."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def faster(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Batch size -> how many times as fast as the base model of the same run in Keras, its faster way."""
    base = [one for one in rows if one["run"] == row["run"] and one["is_baseline"]]
    return {
        size: min(one["latency_ms"][size]["p50"] for one in base) / each["p50"]
        for size, each in row["latency_ms"].items()
    }


def _prefixes(folders: Sequence[str]) -> list[str]:
    """What the names of each run's models begin with: of several the folder's name, or its whole path where two share
    one.

    Raises:
        UsageError: a run that is named twice.
    """
    whole = [Path(folder).resolve() for folder in folders]
    twice = [folder for folder, path in zip(folders, whole, strict=True) if whole.count(path) > 1]
    if twice:
        raise UsageError(f"{twice[-1]}: is named twice; each run once")
    if len(folders) == 1:
        return [""]
    names = [path.name for path in whole]
    return [f"{name} " if names.count(name) == 1 else f"{path} " for name, path in zip(names, folders, strict=True)]


def _place(folder: Path, output: str | None) -> Path:
    if output is not None:
        path = Path(output)
        if path.suffix != ".json":
            raise UsageError(f"--output {path}: a .json file is written, and a .png beside it")
        for one in (path, path.with_suffix(".png")):
            if one.exists():
                raise UsageError(f"{one}: exists already; name another file, or remove it first")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"{path}: there is no folder {path.parent}; make it first")
        return path
    numbers = range(1, 100_000)
    names = (folder / ("bench.json" if number == 1 else f"bench-{number}.json") for number in numbers)
    return next(one for one in names if not one.exists() and not one.with_suffix(".png").exists())
