"""`kspec predict RUN DATA`: predictions of a run's model as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from kspec import artifacts
from kspec.builders.data.predict_input import read_input
from kspec.builders.saved import load_model
from kspec.commands.load import load
from kspec.errors import UsageError
from kspec.parts.autotune import in_order


def predict(folder: str, data: str, output: str | None) -> None:
    """Prints, or writes to `output`, one row per example: its name, the prediction, and each class's probability.

    Raises:
        UsageError: not the folder of a finished run; the output exists already.
        DataError: the data are not what the model reads.
    """
    place = Path(folder)
    record = artifacts.read_record(place)
    saved = artifacts.model_path(place)
    if output is not None and Path(output).exists():
        raise UsageError(f"{output}: exists already; name another file, or remove it first")
    if output is not None and not Path(output).absolute().parent.is_dir():
        raise UsageError(f"{output}: there is no folder {Path(output).parent}; make it first")
    _, spec = load(str(artifacts.spec_path(place)), ())
    model = load_model(saved, compile=False)
    names, features = read_input(Path(data), spec.data, model)
    found = model.predict(**in_order(features, batch_size=spec.data.batch_size), verbose=0)
    predictions = np.asarray(found, dtype=np.float64)
    table = as_csv(names, predictions.reshape(len(names), -1), record["data"])
    if output is None:
        print(table, end="")
    else:
        artifacts.write_text(Path(output), table)


def as_csv(names: list[str], predictions: np.ndarray[Any, Any], data: dict[str, Any]) -> str:
    """The predictions as CSV text.

    Args:
        names: of the examples.
        predictions: (n, outputs); one sigmoid output stands for the second of two classes.
        data: the record of the run's data: task and names of classes or labels.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    classes = data["class_names"]
    if data["task"] == "classification" and predictions.shape[1] == 1:
        predictions = np.concatenate([1 - predictions, predictions], axis=1)
    labels = classes or data["label_names"] or [str(index) for index in range(predictions.shape[1])]
    if data["task"] == "classification":
        writer.writerow(["example", "prediction", *labels])
        for name, row in zip(names, predictions, strict=True):
            writer.writerow([name, labels[int(row.argmax())], *(f"{value:.6g}" for value in row)])
    else:
        writer.writerow(["example", *labels])
        for name, row in zip(names, predictions, strict=True):
            writer.writerow([name, *(f"{value:.6g}" for value in row)])
    return text.getvalue()
