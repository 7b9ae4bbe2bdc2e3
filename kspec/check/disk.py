"""How much disk space the folder of a run will take."""

from __future__ import annotations

import math
import re
from typing import Any

from kspec import catalog
from kspec.builders.experiment import Experiment
from kspec.checkpoints import KEPT

REST = 200_000
"""Bytes of everything else in a run's folder: spec, record, history, curves, log."""
SAVING = ("ModelCheckpoint", "OrbaxCheckpoint")


def needed(experiment: Experiment) -> int:
    """Bytes of a run's folder: the model, the states to resume from, and what each saving callback of the spec leaves.

    Of the states two are kept, and a third one stands beside them while it is written.

    A checkpoint whose file name has a number in it (`{epoch:02d}`) leaves a file for each epoch, or for each
    `save_freq` steps. TensorBoard's and CSVLogger's files are left out.
    """
    weights = _bytes(experiment.model.weights)
    optimizer = _bytes(experiment.model.optimizer.variables)
    # Without a preprocessor before it, the model is saved as it was compiled, with the optimizer's state.
    own = weights + (optimizer if experiment.deployable() is experiment.model else 0)
    states = (KEPT + 1) * (weights + optimizer)
    return (
        REST
        + own
        + states
        + sum(_left(one, weights, optimizer, experiment) for one in experiment.spec.training.callbacks)
    )


def _left(component: Any, weights: int, optimizer: int, experiment: Experiment) -> int:
    if component.name not in SAVING:
        return 0
    arguments = {**catalog.defaults("callback", component.name), **component.arguments}
    one = weights if arguments.get("save_weights_only") else weights + optimizer
    if component.name != "ModelCheckpoint" or not re.search(r"\{(epoch|batch)\b", str(arguments["filepath"])):
        return one
    epochs, every = experiment.spec.training.epochs, arguments["save_freq"]
    if isinstance(every, int):
        return one * math.ceil(epochs * experiment.steps_per_epoch / every)
    return one * epochs


def _bytes(variables: Any) -> int:
    return sum(variable.value.dtype.size * math.prod(variable.shape) for variable in variables)
