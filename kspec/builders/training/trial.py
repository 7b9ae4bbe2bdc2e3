"""Two examples on which a loss or a metric is tried before the training."""

from __future__ import annotations

import re

import numpy as np

from kspec.builders.targets import Targets


def examples(targets: Targets) -> tuple[np.ndarray, np.ndarray]:
    """Labels, (2,) or (2, units), as the pipeline writes them, and predictions (2, units) as the network makes them."""
    last = np.full((2,), targets.units - 1, "int64")
    labels = last if targets.labels == "ids" else np.eye(targets.units, dtype="float32")[last]
    return labels, np.full((2, targets.units), 1.0 / targets.units, "float32")


def reason(error: Exception) -> str:
    """The first line of an error, without the node of TensorFlow's graph in front."""
    lines = re.sub(r"\{\{.*?\}\} ", "", str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
