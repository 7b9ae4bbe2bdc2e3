"""A spec for an .npz file: which arrays are features and labels, and what they are."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from kspec.errors import UsageError
from kspec.guess.draft import Draft, batch_size, early_stopping, epochs, imbalance, scaled, splits

SPLITS = ("train", "validation", "val", "test")
FEATURES, LABELS = ("x", "X", "images", "features", "data"), ("y", "Y", "labels", "targets", "label", "target")
"""Names of arrays that say what they are, or begin so (`x_train`)."""
FEW = 20
"""Up to so many distinct values whole numbers are read as classes."""


def draft(path: Path, written: str) -> Draft:
    """The spec for an .npz file.

    Raises:
        UsageError: not an .npz file, or no pair of arrays.
    """
    with _opened(path, written) as archive:
        names = list(archive.files)
        x, y = _pair(names, written)
        parts = [split for split in SPLITS if f"{x}_{split}" in names and f"{y}_{split}" in names]
        first_x, first_y = (f"{x}_{parts[0]}", f"{y}_{parts[0]}") if parts else (x, y)
        features, labels = _array(archive, first_x, written), _array(archive, first_y, written)
    made = Draft(f"kspec init {written}: {len(features):,} examples of shape {features.shape[1:]}")
    is_named = (x, y) == ("x", "y")
    made.data["npz"] = written if is_named else {"path": written, "x": x, "y": y}
    made.notes.append(f"arrays features {first_x} {features.shape}, labels {first_y} {labels.shape}")
    made.training["epochs"] = epochs(len(features))
    made.training["learning_rate"] = {"peak": 0.003, "warmup": "5%", "decay": "cosine"}
    _labels(made, labels)
    splits(made, ["validation" if one == "val" else one for one in parts])
    is_image = features.dtype.name == "uint8" and features.ndim in (3, 4)
    made.data["batch_size"] = batch_size(len(features))
    if features.dtype.kind in "US":
        made.data["text"] = {"output": "multi_hot", "max_tokens": 10_000}
        made.model["MLP"] = {"hidden": [64], "dropout": 0.4}
    elif is_image:
        stages = [32, 64, 128] if min(features.shape[1:3]) >= 24 else [32, 64]
        made.model["CNN"] = {"filters": stages, "dropout": 0.25}
    else:
        made.model["MLP"] = {"hidden": [128, 64], "dropout": 0.1}
    made.training["callbacks"] = early_stopping(max(3, made.training["epochs"] // 5))
    return made


def _opened(path: Path, written: str) -> Any:
    """The archive, which reads an array when it is asked for one."""
    import numpy as np

    try:
        archive = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        archive = None
    if not hasattr(archive, "files"):
        raise UsageError(f"{written}: not an .npz file of arrays saved by numpy.savez")
    return archive


def _array(archive: Any, name: str, written: str) -> Any:
    try:
        found = archive[name]
    except ValueError:
        raise UsageError(f"{written}: the array '{name}' holds pickled objects, which are not loaded") from None
    if found.ndim == 0 or len(found) < 10:
        raise UsageError(f"{written}: the array '{name}' has fewer than 10 examples")
    return found


def _pair(names: list[str], written: str) -> tuple[str, str]:
    """The names, or the starts of the names, of features and labels."""
    starts = list(
        dict.fromkeys(name.rpartition("_")[0] if name.endswith(SPLITS) and "_" in name else name for name in names)
    )
    x = [one for one in FEATURES if one in starts]
    y = [one for one in LABELS if one in starts]
    if x and y:
        return x[0], y[0]
    raise UsageError(f"{written}: no pair of arrays that look like features and labels\n"
                     "       expected: x and y, or x_train, y_train, x_test, y_test\n"
                     f"       found: {', '.join(names) or 'no array'}\n"
                     "       hint: `kspec init arrays` writes a spec, in which x: and y: name them")  # fmt: skip


def _labels(made: Draft, labels: Any) -> None:
    """Task and metrics."""
    import numpy as np

    if labels.ndim > 1 and labels.shape[1:] != (1,):
        made.notes.append(
            "labels of several numbers: kspec reads zeros and ones as labels of their own, else as numbers"
        )
        return
    values, counts = np.unique(labels.reshape(-1), return_counts=True)
    is_class = labels.dtype.kind in "USb" or (len(values) <= FEW and bool(np.all(values == np.round(values))))
    made.data["task"] = "classification" if is_class else "regression"
    if is_class:
        imbalance(made, counts.tolist())
        made.notes.append(f"task   classification: {len(values)} classes")
    else:
        made.training["metrics"] = ["MeanAbsoluteError", "RootMeanSquaredError", "R2Score"]
        scaled(made, float(labels.std()), abs(float(labels.mean())))
        made.notes.append(f"task   regression: numbers from {values[0]:g} to {values[-1]:g}")
