"""The stages of a run: what comes after the base training, one after another, each from the model before it.

This is the contract of a stage. A key of a stage (`prune_neurons`, `train`, ...) has

    a section    a frozen pydantic model in kspec/spec/<key>.py, and a field in `Stage` of kspec/spec/stages.py
    a file       kspec/commands/stages/<key>.py, with two functions:
                     run(context: Context) -> Outcome
                     rehearse(context: Context) -> network
    a row        in STAGES of kspec/commands/stages/known.py: key -> Work(run, rehearse)

`run` does the work. The caller (kspec/commands/stages/sequence.py) has made the folder, and afterwards saves the
network as `model.keras` there, measures it, counts it, writes the entry into run.json and prints what it has become. A
stage that was stopped is called once more with the same folder, with what it had left there; a finished one is never
run again. So `run` must give the same result from the same context, whatever process it runs in: everything random
follows from `context.seed`, and only measured times differ. It writes nothing outside `context.folder`. A baseline
(`context.is_baseline`) is measured and kept like any other stage, and the stages after it go on from the model before
it.

`rehearse` is called before the base training, and by `kspec check`. It refuses what could not work, with a SpecError at
`context.path`, and gives the network as the stage would leave it, with any weights, for the next stage to rehearse on;
a stage that only makes files gives `context.network()`. The folder is a temporary one; files of stages that only make
files are not there. It takes seconds at most and trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kspec.builders.experiment import Experiment
from kspec.commands.measure import Metrics
from kspec.commands.signals import Stopping
from kspec.spec.train import Train

Address = tuple[str | int, ...]


@dataclass(frozen=True)
class Context:
    """What a stage is given.

    number: from 1. key: of the stage, such as `prune_neurons`. section: its typed section.
    file: the model before it, a `.keras` file from raw features to predictions; base: that of the base training.
    folder: the stage's own; it is there.
    experiment: of the base: spec, datasets, targets, settings, loss and metrics (`plan`), validation and test batches.
        Its model is used up: take `network()` for the model before the stage.
    earlier: what run.json says of the stages before it; in a rehearsal nothing.
    seed: of this stage. stop: what asks it to stop. timing: seconds by the name of what took them, to be added to.
    smoke: on generated data, as few steps as do.
    """

    number: int
    key: str
    section: Any
    file: Path
    base: Path
    folder: Path
    experiment: Experiment
    earlier: Sequence[Mapping[str, Any]]
    seed: int
    stop: Stopping
    timing: dict[str, float]
    smoke: bool = False

    @property
    def path(self) -> Address:
        """Where the section stands in the spec, for a `Problem`."""
        return ("stages", self.number - 1, self.key)

    @property
    def is_baseline(self) -> bool:
        """Whether what it makes is only to compare with."""
        return isinstance(self.section, Train) and self.section.baseline

    def network(self) -> Any:
        """The network before the stage, from what the pipeline gives to predictions, loaded anew; not compiled."""
        return read_network(self.file)


@dataclass(frozen=True)
class Artifact:
    """A file, or a folder, that a stage has made for use without Keras.

    path: in the stage's folder. runtime: what runs it, such as `LiteRT`.
    metrics: of the file itself, run on the data; None where it was not measured on them.
    """

    path: Path
    runtime: str
    metrics: Metrics | None = None


@dataclass(frozen=True)
class Outcome:
    """What a stage gives back.

    network: from what the pipeline gives to predictions; None where the stage leaves the model as it is, to make files.
    artifacts: what it made. product: the one of them that is from now on what the run makes, whose size and metrics
        count in the table and the gates; None leaves that as it was.
    quantities, base_quantities: numbers for the entries of the stage and of the base, beside what the caller counts.
    facts: for the stage's entry in run.json, beside what the caller measures: plain data. lines: to print.
    """

    network: Any = None
    artifacts: tuple[Artifact, ...] = ()
    product: Artifact | None = None
    quantities: Mapping[str, float] = field(default_factory=dict)
    base_quantities: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Work:
    """A row of the table of stages; see the docstring of this module."""

    run: Callable[[Context], Outcome]
    rehearse: Callable[[Context], Any]


def read_network(file: Path) -> Any:
    """The network in a saved model, without what prepares raw features for it; loaded anew, not compiled."""
    from kspec.builders.saved import load_model, taken_apart

    return taken_apart(load_model(file, compile=False))[1]
