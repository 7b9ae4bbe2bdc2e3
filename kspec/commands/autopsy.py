"""Why a training diverged: its last minutes once more, with an eye on the gradients."""

from __future__ import annotations

import time
from contextlib import suppress

from kspec.builders.experiment import Experiment
from kspec.commands.progress import EpochLines
from kspec.parts.gradient_norm import GradientNorm
from kspec.parts.resume.resumable import ResumableCallbacks, StopAsked
from kspec.parts.resume.training_state import TrainingState

PATIENCE = 120.0
"""Seconds: a training whose last state is older is not repeated."""


def gradient_norm(experiment: Experiment, callbacks: ResumableCallbacks, state: TrainingState) -> str:
    """The gradient's norm before the loss became NaN, as the message about it goes on; "" where it cannot be known.

    callbacks: of the training that failed. state: its last one.

    Watching the gradients in every training would cost small networks a tenth of their time. A training goes on from
    its last state to the same bits, so the steps that led to the NaN are taken once more, watched.
    """
    if time.monotonic() - callbacks.saved_at > PATIENCE:
        return ""
    norm = GradientNorm(experiment.model.optimizer)
    for callback in callbacks.callbacks:
        if isinstance(callback, EpochLines):
            callback.mute()
    experiment.first.assign(state.step)
    again = callbacks.repeated(state)
    experiment.model.make_train_function(force=True)
    with suppress(StopAsked):
        experiment.fit(again, initial_epoch=again.initial_epoch)
    found = norm.last_finite
    return "" if found is None else f", last finite gradient norm {found:.6g}"
