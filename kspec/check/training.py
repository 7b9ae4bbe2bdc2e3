"""Traps in `training`: callbacks that never act, or against each other, or watch the wrong number; rates; few steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kspec import catalog
from kspec.builders.experiment import Experiment
from kspec.builders.training.callbacks import FILES
from kspec.check.findings import Finding, warning
from kspec.spec import Spec

ADAPTIVE = ("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lion", "Lamb")
HIGH_RATE = 0.05
"""A rate that suits SGD and breaks optimizers which scale their steps by the gradient's size: 0.001 is theirs."""
FEW_STEPS = 50


def findings(experiment: Experiment) -> Iterator[Finding]:
    """What the section `training` says that runs, and is probably not meant."""
    spec = experiment.spec
    named = [(number, one.name, _filled(one)) for number, one in enumerate(spec.training.callbacks)]
    yield from _watching(experiment, named)
    yield from _patience(spec, named)
    yield from _files(named)
    yield from _rate(spec)
    yield from _length(experiment)
    yield from _last_batch(experiment)
    if experiment.validation is None and experiment.test is None:
        hint = "data.validation: 0.1, or data.test: 0.2"
        yield warning(("data",), "neither validation nor test: the result cannot be measured on unseen examples", hint)


def _filled(component: Any) -> dict[str, Any]:
    return {**catalog.defaults("callback", component.name), **component.arguments}


Named = list[tuple[int, str, dict[str, Any]]]


def _watching(experiment: Experiment, named: Named) -> Iterator[Finding]:
    """The best epoch by a number of the training itself is the one that fits train best, which overfits."""
    for number, name, arguments in named:
        keeps = next((key for key in ("restore_best_weights", "save_best_only") if arguments.get(key)), None)
        if keeps is None or str(arguments["monitor"]).startswith("val_"):
            continue
        message = f"{name} keeps the epoch that is best on train ({arguments['monitor']}), which favours overfitting"
        has = experiment.validation is not None
        hint = f"monitor: val_{arguments['monitor']}" if has else "set data.validation and watch val_loss"
        yield warning(("training", "callbacks", number, name, "monitor"), message, hint)


def _patience(spec: Spec, named: Named) -> Iterator[Finding]:
    epochs, waiting = spec.training.epochs, {}
    for number, name, arguments in named:
        if name not in ("EarlyStopping", "ReduceLROnPlateau"):
            continue
        waiting[name] = (number, arguments)
        if arguments["patience"] >= epochs:
            message = f"{name} never acts: its patience of {arguments['patience']} is not below the {epochs} epochs"
            path = ("training", "callbacks", number, name, "patience")
            yield warning(path, message, f"patience below {epochs}, or more epochs")
    rate = spec.training.learning_rate
    plateau = None if rate is None else rate.decay.plateau
    slow = waiting["ReduceLROnPlateau"][1] if "ReduceLROnPlateau" in waiting else plateau and plateau.model_dump()
    if slow and "EarlyStopping" in waiting:
        number, stop = waiting["EarlyStopping"]
        if stop["monitor"] == slow["monitor"] and stop["patience"] <= slow["patience"] < epochs:
            message = "the training stops before the learning rate falls: both wait for the same number"
            found = f"EarlyStopping waits {stop['patience']} epochs, the plateau {slow['patience']}"
            path = ("training", "callbacks", number, "EarlyStopping", "patience")
            yield warning(path, message, "a patience at least twice that of the plateau", found)


def _files(named: Named) -> Iterator[Finding]:
    """Two writers of one file; the run's own files are refused by the builder."""
    taken: dict[str, str] = {}
    for number, name, arguments in named:
        if name not in FILES:
            continue
        path = ("training", "callbacks", number, name, FILES[name])
        file = str(arguments[FILES[name]]).replace("\\", "/").removeprefix("./").rstrip("/")
        if file in taken:
            yield warning(path, f"{name} writes to {file}, as {taken[file]} does before it in the list", "another name")
        taken.setdefault(file, name)


def _rate(spec: Spec) -> Iterator[Finding]:
    rate, optimizer = spec.training.learning_rate, spec.training.optimizer
    name = catalog.entry("optimizer", optimizer.name).name
    if rate is not None and name in ADAPTIVE and rate.peak >= HIGH_RATE:
        hint = f"0.001 is {name}'s usual rate; 0.0003 to 0.01 its usual range"
        message = (
            f"a learning rate of {rate.peak:g} is very high for {name}, whose steps do not shrink with the gradient"
        )
        yield warning(("training", "learning_rate"), message, hint)


def _length(experiment: Experiment) -> Iterator[Finding]:
    steps = experiment.steps_per_epoch * experiment.spec.training.epochs
    if steps < FEW_STEPS:
        message = f"the whole training has {steps} steps: {experiment.steps_per_epoch} an epoch"
        yield warning(
            ("data", "batch_size"), message, "a smaller batch, or more epochs", str(experiment.spec.data.batch_size)
        )


def _last_batch(experiment: Experiment) -> Iterator[Finding]:
    """Batch normalization of one example learns from that example alone."""
    data, count = experiment.spec.data, len(experiment.datasets.train)
    named = {type(layer).__name__ for layer in experiment.model._flatten_layers() if layer.trainable}
    is_alone = not data.drop_remainder and data.batch_size > 1 and count % data.batch_size == 1
    if is_alone and any("BatchNormalization" in name for name in named):
        message = "the last batch of each epoch holds one example, which batch normalization takes for all"
        found = f"{count:,} examples, {data.batch_size} a batch"
        yield warning(("data", "batch_size"), message, "drop_remainder: true", found)
