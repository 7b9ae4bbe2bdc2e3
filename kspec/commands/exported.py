"""The files that a run is exported to: what goes into them, what they are measured on, what is written down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kspec import artifacts
from kspec.builders.data.pipeline import pipeline
from kspec.builders.data.raw import raw_features
from kspec.builders.examples import Examples
from kspec.builders.experiment import Experiment
from kspec.builders.saved import with_preprocessor
from kspec.commands.measure import Metrics
from kspec.parts.export.compare import LEAST_AGREEMENT, Task
from kspec.parts.export.export import converted_in_vain, export
from kspec.parts.export.make import EXAMPLES, Exported
from kspec.parts.export.runtimes import Runtime, run_file
from kspec.parts.export.signature import named, network_of, texts_inside
from kspec.parts.export.table import Format, Precision, file_name

LIST = "export.json"
"""In the folder of exported files: what each of them is."""
SPLITS = ("validation", "test")
TRIED = 8
"""Examples that a conversion is tried with."""
SHOWN = 4
"""How many inputs a line names."""


@dataclass
class Held:
    """The examples of an experiment, prepared for its network or as its saved model reads them.

    smoke: they are generated. raw: filled when it is first needed, for the data are read once more for it.
    """

    experiment: Experiment
    smoke: bool = False
    raw: dict[str, Any] = field(default_factory=dict)

    def batches(self, split: str, *, whole: bool) -> Iterator[tuple[Any, np.ndarray]]:
        """Features and labels of a split, in order. whole: as the saved model reads them."""
        start = 0
        for x, y in getattr(self.experiment, split).as_numpy_iterator():
            yield (_rows(self._raw(split), slice(start, start + len(y))) if whole else x), y
            start += len(y)

    def some(self, *, whole: bool) -> Any:
        """The first examples of test, or of the split there is, to compare on."""
        split = next((one for one in ("test", "validation") if getattr(self.experiment, one) is not None), "train")
        part = getattr(self.experiment.datasets, split)
        return self._prepared(split, np.arange(min(EXAMPLES, len(part))), whole)

    def calibration(self, count: int, *, whole: bool) -> Any:
        """Examples of train at equal distances, not augmented: the same for every seed, also of sorted sources."""
        total = len(self.experiment.datasets.train)
        return self._prepared("train", np.linspace(0, total - 1, min(count, total)).astype(int), whole)

    def _prepared(self, split: str, places: Any, whole: bool) -> Any:
        """Examples of a split as one batch."""
        if whole:
            return _rows(self._raw(split), places)
        part, spec = getattr(self.experiment.datasets, split), self.experiment.spec
        data = spec.data.model_copy(update={"batch_size": len(places), "augment": ()})
        some = Examples(_rows(part.x, places), part.y[places])
        made = pipeline(some, data, self.experiment.targets, seed=spec.seed, training=False)
        return next(made.as_numpy_iterator())[0]

    def _raw(self, split: str) -> Any:
        if not self.raw:
            spec = self.experiment.spec
            before = self.experiment.datasets.preprocessor
            self.raw.update(raw_features(spec.data, spec.seed, before, smoke=self.smoke))
        return self.raw[split]


@dataclass(frozen=True)
class Subject:
    """What goes into a file. model: all of it, or the network alone. whole: it begins with raw features."""

    model: Any
    whole: bool
    note: str = ""


def subject(experiment: Experiment, network: Any, form: Format) -> Subject:
    """As much of a run's model as a format can hold: strings and look-up tables are for SavedModel alone."""
    before = experiment.datasets.preprocessor
    whole = with_preprocessor(before, network)
    if whole is network:
        return Subject(network, whole=False)
    if form == "saved_model" or not (layers := texts_inside(before)):
        return Subject(whole, whole=True)
    shape = ", ".join(str(size) for size in network.inputs[0].shape[1:])
    note = f"begins after the preprocessor ({layers[0]} needs strings or look-up tables): reads "
    return Subject(network, whole=False, note=note + f"{network.inputs[0].dtype} (batch, {shape})")


def refused(held: Held, network: Any, form: Format, precision: Precision) -> str:
    """Why a format cannot hold a network, found by converting it with a few examples; "" where it can."""
    what = subject(held.experiment, network, form)
    return converted_in_vain(what.model, held.calibration(TRIED, whole=what.whole), form, precision)


@dataclass(frozen=True)
class File:
    """A file that was made. whole: it reads raw features; else what the pipeline gives. metrics: of the file itself."""

    made: Exported
    whole: bool
    metrics: Metrics | None

    def record(self, folder: Path) -> dict[str, Any]:
        """As plain data, the path relative to the folder."""
        told = asdict(self.made)
        path = None if self.made.path is None else str(self.made.path.relative_to(folder))
        return {**told, "path": path, "reads": "features" if self.whole else "prepared", "metrics": self.metrics}


def make_files(
    held: Held,
    network: Any,
    folder: Path,
    formats: Sequence[Format],
    precision: Precision,
    calibration: int,
    *,
    anew: bool = False,
) -> list[File]:
    """Writes a network in each format, measures each file on validation and test, and writes `export.json`.

    calibration: examples of train. anew: what a stopped attempt has left in the folder is removed.

    Raises:
        FileExistsError: a file is there already.
    """
    task: Task = held.experiment.targets.task
    files = []
    for form in formats:
        if anew:
            _remove(folder / file_name(form, precision))
        what = subject(held.experiment, network, form)
        [made] = export(
            what.model,
            folder,
            [form],
            examples=held.some(whole=what.whole),
            precision=precision,
            calibration=held.calibration(calibration, whole=what.whole) if precision == "int8" else None,
            task=task,
            agreement=0.0 if held.smoke else LEAST_AGREEMENT,  # what random weights predict is close to a tie
        )
        if what.note and made.path is not None:
            made = Exported(**{**vars(made), "notes": (what.note, *made.notes)})
        metrics = None if made.path is None else measured(run_file(made.path), what, held)
        files.append(File(made, what.whole, metrics))
    done = [one.record(folder) for one in files if one.made.path is not None]
    before = [] if anew or not (folder / LIST).is_file() else json.loads((folder / LIST).read_text("utf-8"))
    before = [one for one in before if one["path"] not in [each["path"] for each in done]]
    if done:
        artifacts.write_text(folder / LIST, json.dumps([*before, *done], indent=2, ensure_ascii=False) + "\n")
    return files


def measured(run: Runtime, what: Subject, held: Held) -> Metrics:
    """Loss and metrics of a file on validation and test; the loss without what regularizers add to it."""
    network, prepare, _ = network_of(what.model)
    return {
        split: _scores(lambda x: run(named(network, prepare(x))), held, split, what.whole)
        for split in SPLITS
        if getattr(held.experiment, split) is not None
    }


def _scores(predict: Any, held: Held, split: str, whole: bool) -> dict[str, float]:
    plan = held.experiment.plan
    metrics = [type(metric).from_config(metric.get_config()) for metric in plan.metrics]
    labels, outputs = [], []
    for x, y in held.batches(split, whole=whole):
        found = predict(x)
        for metric in metrics:
            metric.update_state(y, found)
        labels.append(y)
        outputs.append(found)
    loss = float(plan.loss(np.concatenate(labels), np.concatenate(outputs)))
    return {"loss": loss, **{metric.name: float(metric.result()) for metric in metrics}}


def lines(file: File) -> list[str]:
    """A file for a person: what it is, how near to Keras, how good."""
    made = file.made
    name = f"{made.format} {made.precision}"
    if made.path is None:
        return [f"{name}: FAILED: {made.reason}"]
    near = made.compared
    told = f"{name}: {made.path.name}, {made.size / 1000:,.1f} kB ({made.gzip / 1000:,.1f} kB compressed)"
    if near is not None:
        same = "" if near.agreement is None else f", the same decision for {100 * near.agreement:.1f} %"
        told += f"; {near.examples} examples: differs from Keras by {near.max_difference:.1e} at most{same}"
    scores = [f"  {split} " + "  ".join(f"{name} {value:.4f}" for name, value in each.items())
              for split, each in (file.metrics or {}).items()]  # fmt: skip
    return [told, *scores, *_names_inside(made.inputs), *(f"  note: {one}" for one in made.notes)]


def _names_inside(inputs: Mapping[str, str]) -> list[str]:
    """Which input is which, in a line, where a file cannot name all as the model does."""
    told = [f"{inside} for '{name}'" for name, inside in inputs.items() if inside != name]
    more = f", and {len(told) - SHOWN} more: see `inputs` in {LIST}" if len(told) > SHOWN else ""
    return [f"  inputs in the file: {', '.join(told[:SHOWN])}{more}"] if told else []


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _rows(features: Any, places: Any) -> Any:
    if isinstance(features, Mapping):
        return {name: values[places] for name, values in features.items()}
    return features[places]
