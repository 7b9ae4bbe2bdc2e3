"""The process behind `kspec tune --dry-run`: reads a spec from standard input and times a few of its steps."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from kspec import text
from kspec.builders.experiment import Experiment, build
from kspec.commands.start import start
from kspec.errors import KspecError
from kspec.garbage import collect_seldom
from kspec.spec.reader import read

STEPS = 30
"""Steps that are timed."""


def main() -> int:
    """Prints the costs as a line of JSON; the exit code is that of `kspec run` where the spec is wrong."""
    began = float(sys.argv[1])
    spec = sys.stdin.read()
    collect_seldom()
    start()
    try:
        print(json.dumps(costs(build(read(text.read_text(spec, "the spec"))), began)))
    except KspecError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def costs(experiment: Experiment, began: float) -> dict[str, Any]:
    """Seconds and bytes of a training. began: when the process began, by `time.time`."""
    ready = time.time()
    some = experiment.train.take(STEPS)
    first = _seconds(lambda: experiment.model.fit(some, verbose=0))
    again = _seconds(lambda: experiment.model.fit(some, verbose=0))
    held_out = [part for part in (experiment.validation, experiment.test) if part is not None]
    times = [_evaluation(experiment.model, part) for part in held_out]
    steps = min(STEPS, experiment.steps_per_epoch)
    weights = sum(_bytes(one) for one in experiment.model.variables)
    return {
        "start_seconds": ready - began,
        "compile_seconds": max(0.0, first - again),
        "step_seconds": again / steps,
        "steps": experiment.steps_per_epoch,
        "validation_seconds": times[0] if experiment.validation is not None else 0.0,
        "held_out_seconds": sum(times),
        "model_bytes": weights,
        "state_bytes": weights + sum(_bytes(one) for one in experiment.model.optimizer.variables),
    }


def _evaluation(model: Any, part: Any) -> float:
    """Seconds of measuring on a split, by about STEPS of its batches at equal distances: texts are sorted by length."""
    batches = int(part.cardinality())
    some = part.shard(max(1, batches // STEPS), 0)
    model.evaluate(some, verbose=0)
    return _seconds(lambda: model.evaluate(some, verbose=0)) * batches / int(some.cardinality())


def _seconds(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _bytes(variable: Any) -> int:
    return int(variable.numpy().nbytes)


if __name__ == "__main__":
    sys.exit(main())
