"""What to say when a training does not fit in memory: what it needs, what there is, and which batch would fit."""

from __future__ import annotations

import math
from dataclasses import replace

from kspec.builders.device import MIXED
from kspec.builders.experiment import Experiment
from kspec.check import graph, machine, peak
from kspec.check.memory import Estimate, largest_batch

MARGIN = 1.5
"""What is asked for each example, in terms of its estimate; how far that is off was measured, see kspec.check.peak."""
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def step_estimate(experiment: Experiment) -> Estimate:
    """The memory of a training step of the experiment."""
    return peak.estimate(experiment.model, graph.whole_specs(experiment), experiment.spec.data.batch_size)


def available() -> machine.Memory | None:
    """The memory that a training runs in: the GPU's where there is one, else the machine's or the container's."""
    return machine.gpu_memory() or machine.memory()


def fitting(estimate: Estimate, room: machine.Memory) -> int:
    """The largest batch that fits beside what this process, which has the model's weights, holds already; 0 if none."""
    careful = replace(estimate, per_example=math.ceil(MARGIN * estimate.per_example))
    return largest_batch(careful, room.available + estimate.weights)


def advice(experiment: Experiment, room: machine.Memory | None = None) -> str:
    """The message for a training that ran out of memory, in two lines: needs and has, and what would fit.

    It traces the training step twice, which takes seconds, and computes nothing.

    Args:
        experiment: built; it may have trained.
        room: what there is; by default what is free now.

    Example:
        except (MemoryError, tf.errors.ResourceExhaustedError) as error:
            raise RunError(advice(experiment)) from error
    """
    estimate, batch = step_estimate(experiment), experiment.spec.data.batch_size
    room = available() if room is None else room
    said = f"a step of {batch:,} examples needs about {needs(estimate, batch)}"
    if room is None:
        return f"{said}\n       hint: a smaller data.batch_size"
    has = f"the {room.where} has {shown(room.available)} free of {shown(room.total)}"
    return f"{said}; {has}\n       hint: {hint(experiment, estimate, room)}"


def needs(estimate: Estimate, batch: int) -> str:
    """The estimate in words, part by part."""
    parts = {
        "weights": estimate.weights,
        "optimizer": estimate.optimizer,
        "gradients": estimate.gradients,
        "activations": estimate.activations(batch),
    }
    listed = ", ".join(f"{name} {shown(size)}" for name, size in parts.items())
    return f"{shown(estimate.total(batch))} ({listed})"


def hint(experiment: Experiment, estimate: Estimate, room: machine.Memory) -> str:
    """What to change so that it fits."""
    batch, fits = experiment.spec.data.batch_size, fitting(estimate, room)
    halves = experiment.settings.precision not in MIXED
    lower = "device.precision=mixed_bfloat16 (about half for each example)"
    if fits >= batch:
        return "by this estimate it fits: what else holds memory? Other programs, or the data themselves"
    if not fits:
        smaller = "no batch fits beside weights and optimizer: a smaller network or smaller examples"
        return f"{smaller}, or {lower}" if halves else smaller
    steps = math.ceil(batch / fits)
    same = f"gradient_accumulation_steps: {steps} in training.optimizer then averages over as many examples as before"
    return f"data.batch_size={fits} would fit; {same}" + (f"; or try {lower}" if halves else "")


def shown(size: float) -> str:
    """Bytes as `1.5 GiB`."""
    power = min(int(math.log(size, 1024)), len(UNITS) - 1) if size >= 1 else 0
    return f"{size / 1024**power:.{0 if power == 0 else 1}f} {UNITS[power]}"
