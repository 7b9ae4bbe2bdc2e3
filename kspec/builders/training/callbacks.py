"""`training.callbacks`: instances, with monitors that exist and files that stay in the run's folder."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import keras

from kspec import catalog
from kspec.builders.training.monitors import Names
from kspec.builders.training.places import check_fields, inside
from kspec.errors import Gathered, Problem, SpecError
from kspec.parts.callbacks.terminate_on_nan import TerminateOnNaN
from kspec.spec.component import Component
from kspec.spec.training import Training

PATH = ("training", "callbacks")

FILES: Mapping[str, str] = {
    "ModelCheckpoint": "filepath",
    "OrbaxCheckpoint": "directory",
    "CSVLogger": "filename",
    "TensorBoard": "log_dir",
}
"""Callback -> the argument that says where it writes, relative to the run's folder."""

NEEDS: Mapping[str, tuple[str, str]] = {
    "TensorBoard": ("tensorboard", "pip install 'kspec[tracking]'"),
    "OrbaxCheckpoint": ("orbax", "pip install orbax-checkpoint"),
    "RemoteMonitor": ("requests", "pip install requests"),
}
"""Callback -> the module it needs, and how to get it. Keras notices only when the training begins."""


def build_callbacks(training: Training, names: Names, folder: Path) -> tuple[keras.callbacks.Callback, ...]:
    """The callbacks of the spec in order, and a `TerminateOnNaN` in front where the spec has none.

    Raises:
        SpecError: of every callback, a monitor that is not logged, a path that leads out of the folder, a library that
            is not installed, or `SwapEMAWeights` without an average to swap.
    """
    gathered = Gathered()
    built = [
        gathered.part(partial(_callback, component, training, names, folder, (*PATH, number)), None)
        for number, component in enumerate(training.callbacks)
    ]
    gathered.stop()
    guarded = any(isinstance(callback, TerminateOnNaN) for callback in built)
    return tuple(built) if guarded else (TerminateOnNaN(), *built)


def _callback(
    component: Component, training: Training, names: Names, folder: Path, path: tuple[str | int, ...]
) -> keras.callbacks.Callback:
    name = component.name
    place = (*path, name)
    _installed(name, place)
    if name == "SwapEMAWeights" and not _has_average(training):
        message = "there is no moving average of the weights to swap"
        expected = f"`use_ema: true` in training.optimizer: {training.optimizer.name}"
        raise SpecError(Problem(place, message, expected, on_key=True))
    arguments = {**catalog.defaults("callback", name), **component.arguments}
    if name == "EarlyStopping" and _has_average(training):
        _keeps_average(bool(arguments["restore_best_weights"]), training, place)
    _watched(name, arguments, names, (*place, "monitor"))
    if name == "CSVLogger" and len(arguments["separator"]) != 1:  # csv says so only when the training begins
        raise SpecError(Problem((*place, "separator"), "not one character", "e.g. `,`", arguments["separator"]))
    for key in _files(name, arguments):
        if name == "ModelCheckpoint":
            check_fields(arguments[key], tuple(names.directions), (*place, key))
        arguments[key] = inside(arguments[key], folder, (*place, key))
    return catalog.instantiate("callback", name, arguments, path)


def _files(name: str, arguments: Mapping[str, Any]) -> list[str]:
    """The arguments that say where a callback writes; a plug-in's are those that are called as in Keras."""
    if name in FILES:
        return [FILES[name]]
    of_plugin = catalog.entry("callback", name).plugin
    return [key for key in sorted({*FILES.values(), "backup_dir"}) if of_plugin and isinstance(arguments.get(key), str)]


def _installed(name: str, path: tuple[str | int, ...]) -> None:
    if name in NEEDS:
        module, how = NEEDS[name]
        if importlib.util.find_spec(module) is None:
            raise SpecError(
                Problem(path, f"{name} needs a library that is not installed", module, hint=how, on_key=True)
            )


def _has_average(training: Training) -> bool:
    arguments = training.optimizer.arguments
    return "use_ema" in arguments and bool(arguments["use_ema"])


def _keeps_average(restores: bool, training: Training, path: tuple[str | int, ...]) -> None:
    """Refuses an early stop that would leave the last weights, or the best ones, in the place of their average.

    Keras puts the average in when the training ends. EarlyStopping then restores what stood in the model at the end of
    the best epoch, the average only if it was swapped in by then; and SwapEMAWeights with `swap_on_epoch` makes that
    final step right only in the last epoch of all, so that a training which stops before has to restore.
    """
    swaps = [
        number
        for number, component in enumerate(training.callbacks)
        if component.name == "SwapEMAWeights" and component.arguments.get("swap_on_epoch")
    ]
    number = path[2]
    if restores and not any(swap < int(number) for swap in swaps):
        message = "the weights that are restored would not be the moving average"
        expected = "`SwapEMAWeights: {swap_on_epoch: true}` before it in the list"
        raise SpecError(Problem((*path, "restore_best_weights"), message, expected, "true"))
    if swaps and not restores:
        message = "a training that stops early would lose the moving average"
        raise SpecError(Problem((*path, "restore_best_weights"), message, "true", "false"))


def _watched(name: str, arguments: Mapping[str, Any], names: Names, path: tuple[str | int, ...]) -> None:
    """Checks the monitor of any callback that has one."""
    if "monitor" not in arguments or not isinstance(arguments["monitor"], str):  # a plug-in's can be null
        return
    if "save_best_only" in arguments and not arguments["save_best_only"] and arguments["monitor"] == "val_loss":
        return  # a checkpoint of every epoch does not read its monitor
    names.check(arguments["monitor"], str(arguments.get("mode") or ""), path)
