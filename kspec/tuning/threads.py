"""The share of the processor cores that a training has where several run beside each other."""

from __future__ import annotations

import os

NAMES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
"""Environment variables that TensorFlow reads the number of its threads from."""


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(jobs: int) -> int | None:
    """Threads of each of `jobs` trainings; None for a training that has the machine to itself, as `kspec run` has."""
    return max(1, cores() // jobs) if jobs > 1 else None
