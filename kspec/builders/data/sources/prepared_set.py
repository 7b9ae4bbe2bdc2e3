"""A prepared data set of TFDS, looked at before TFDS opens it: its features.json names classes, which TFDS imports."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kspec.errors import DataError, Problem

PATH = ("data", "tfds")
FILE = "features.json"
KEYS = ("pythonClassName", "python_class_name", "type")
"""Where features.json names a class, in its present and its older form."""
OWN = "tensorflow_datasets."


def check_classes(folder: Path) -> None:
    """Checks every features.json below a folder, which need not exist.

    Raises:
        DataError: one names a class that is neither TFDS' own nor of a module that was imported before. TFDS would
            import it, and a file of data must not say what is imported.
    """
    for file in sorted(folder.rglob(FILE)):
        for name in _classes(file):
            if not name.startswith(OWN) and name.rpartition(".")[0] not in sys.modules:
                message = "the prepared set names a class that is none of TFDS' own"
                raise DataError(Problem(PATH, message, f"{OWN}...", f"{name[:80]} in {file}"))


def _classes(file: Path) -> Iterator[str]:
    try:
        waiting: list[Any] = [json.loads(file.read_text(encoding="utf-8"))]
    except (ValueError, OSError, RecursionError):
        return  # TFDS says what is wrong with it
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield from (node[key] for key in KEYS if isinstance(node.get(key), str) and "." in node[key])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
