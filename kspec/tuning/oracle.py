"""KerasTuner's oracles: which values the next trial takes. The only file that knows KerasTuner.

An oracle is asked for trials and told how they ended; it runs nothing and writes nothing. Before it draws, its random
state is set to a function of the seed and the trial's number, so that it proposes the same after a resumption, whose
oracle has only been told again what happened (`replay`). KerasTuner's own files do not serve for that: they lack the
order of the grid and the random state of the Bayesian oracle (KerasTuner 1.4.8, `get_state` of both).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Literal

import keras_tuner
import numpy as np
from keras_tuner.engine import trial as kt_trial
from threadpoolctl import threadpool_limits

from kspec.spec.dimension import listed, meets
from kspec.spec.tune import Tune
from kspec.tuning.proposal import Proposal
from kspec.tuning.space import Axis, shown

SPREAD = 1_000_003
"""Seeds of trials lie so far apart; each value that is drawn uses one."""
COLLISIONS = 1000
"""Draws until a space counts as exhausted. KerasTuner's 20 end a search of a small space with values left."""
HYPERBAND = "tuner/"
"""The names that KerasTuner's Hyperband adds to the values of a trial begin so."""


class _Kept:
    """What every oracle here leaves out: files, and lines on the screen."""

    def save(self, *_: Any) -> None:
        """The search's own record holds everything: see kspec/tuning/record.py."""

    def _save_trial(self, trial: Any) -> None:
        """See `save`."""


class _Grid(_Kept, keras_tuner.oracles.GridSearchOracle):
    pass


class _Random(_Kept, keras_tuner.oracles.RandomSearchOracle):
    pass


class _Hyperband(_Kept, keras_tuner.oracles.HyperbandOracle):
    pass


class _Bayesian(_Kept, keras_tuner.oracles.BayesianOptimizationOracle):
    """KerasTuner's with two changes: no combination twice, and a model of the finished trials to guess running ones."""

    trials: dict[str, Any]
    recalled: dict[str, Any] | None = None
    """Values to propose instead of searching for them."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The values for a trial; see KerasTuner."""
        if self.recalled is not None:
            return {"status": kt_trial.TrialStatus.RUNNING, "values": self.recalled}
        # Thousands of predictions for a few trials each: threads only wait for each other, and for the trainings
        # beside them (4 to 7 times slower on a busy machine with 2 cores).
        with threadpool_limits(1):
            if self.ongoing_trials:
                self._fit_finished()
            found: dict[str, Any] = super().populate_space(trial_id)
        if found["values"] is not None and self._duplicate(found["values"]):
            found = self._random_populate_space()
        return found

    def _fit_finished(self) -> None:
        """KerasTuner guesses the scores of running trials by the model that it fitted last, or by none."""
        whole = dict(self.trials)
        self.trials = {key: one for key, one in whole.items() if one.status == kt_trial.TrialStatus.COMPLETED}
        try:
            self.gpr = self._make_gpr()
            if self.trials:
                self.gpr.fit(*(np.nan_to_num(part, posinf=0, neginf=0) for part in self._vectorize_trials()))
        finally:
            self.trials = whole


class Oracle:
    """Asks and tells one of KerasTuner's oracles.

    Args:
        tune: the search. axes: its space. seed: of everything random in it.
        epochs: the length of the longest training, for Hyperband.
    """

    def __init__(self, tune: Tune, axes: Sequence[Axis], seed: int, epochs: int) -> None:
        self.axes = axes
        self.seed = seed
        # What can be counted goes to KerasTuner as a choice of texts: it takes no components, and its own ranges with
        # a step lose the upper end to rounding (0.5 // 0.1 is 4).
        whole = tune.algorithm.grid is not None
        counted = [one for one in axes if whole or one.dimension.kind == "choice" or one.dimension.step is not None]
        self._by_label = {axis.key: {shown(value): value for value in axis.points()} for axis in counted}
        self._direction = tune.objective[0].direction if len(tune.objective) == 1 else "min"
        with _quiet():
            self._oracle = _made(tune, self._direction, self._space(), seed, epochs)
        self._oracle.verbose = 0
        self._oracle._max_collisions = COLLISIONS

    def ask(self, number: int) -> Proposal | Literal["idle", "done"]:
        """The values of trial `number`, the next one; "idle": a running one must end first; "done": none is left."""
        self._seed(number)
        with _quiet():
            trial = self._oracle.create_trial(str(number))
        if trial.status == kt_trial.TrialStatus.RUNNING:
            return self._proposal(trial.hyperparameters.values)
        return "idle" if trial.status == kt_trial.TrialStatus.IDLE else "done"

    def tell(self, number: int, score: float | None) -> None:
        """How trial `number` ended: its score, or None where it failed."""
        trial = self._oracle.trials[self._id(number)]
        with _quiet():
            if score is None:
                trial.status = kt_trial.TrialStatus.FAILED
            else:
                self._oracle.update_trial(trial.trial_id, {self._oracle.objective.name: score})
                trial.status = kt_trial.TrialStatus.COMPLETED
            self._oracle.end_trial(trial)

    def rescore(self, scores: Mapping[int, float]) -> None:
        """New scores of trials that have ended."""
        for number, score in scores.items():
            self._oracle.trials[self._id(number)].score = score

    def replay(self, number: int, proposal: Proposal) -> bool:
        """Brings the oracle to where it was after it proposed this; False where it now proposes something else."""
        if not isinstance(self._oracle, _Bayesian):
            return self.ask(number) == proposal
        values = {key: self._label(key, value) for key, value in proposal.values.items()}
        # Its state is the trials alone, and to find a proposal again would take it a second.
        self._oracle.recalled = values
        try:
            return self.ask(number) == proposal
        finally:
            self._oracle.recalled = None

    def _id(self, number: int) -> str:
        return str(list(self._oracle.trials)[number])

    def _seed(self, number: int) -> None:
        self._oracle._seed_state = SPREAD * (number + 1) + self.seed
        if isinstance(self._oracle, _Bayesian):
            self._oracle._random_state = np.random.RandomState((SPREAD * (number + 1) + self.seed) % 2**32)

    def _proposal(self, found: Mapping[str, Any]) -> Proposal:
        values = {key: self._value(key, one) for key, one in found.items() if not key.startswith(HYPERBAND)}
        extra = {key.removeprefix(HYPERBAND): one for key, one in found.items() if key.startswith(HYPERBAND)}
        past = None if extra.get("trial_id") is None else list(self._oracle.trials).index(extra["trial_id"])
        return Proposal(values, extra.get("epochs"), past, extra.get("bracket"))

    def _value(self, key: str, found: Any) -> Any:
        if key in self._by_label:
            return self._by_label[key][found]
        return float(found) if isinstance(found, float) else found  # NumPy's floats are floats too

    def _label(self, key: str, value: Any) -> Any:
        return shown(value) if key in self._by_label else value

    def _space(self) -> keras_tuner.HyperParameters:
        """The axes in KerasTuner's words; its names are the keys."""
        space = keras_tuner.HyperParameters()
        by_key = {axis.key: axis for axis in self.axes}
        for axis in self.axes:
            with ExitStack() as conditions:
                for parent, wanted in axis.dimension.when.items():
                    conditions.enter_context(space.conditional_scope(parent, self._met(by_key[parent], wanted)))
                self._register(space, axis)
        # With the values that registering gave it: the grid looks in them for what is active in its first trial.
        return space

    def _register(self, space: keras_tuner.HyperParameters, axis: Axis) -> None:
        one = axis.dimension
        if axis.key in self._by_label:
            space.Choice(axis.key, list(self._by_label[axis.key]))
        elif one.bool:
            space.Boolean(axis.key)
        elif one.int is not None:
            space.Int(axis.key, *one.int)
        else:
            sampling = "log" if one.kind == "log" else "linear"
            space.Float(axis.key, *getattr(one, one.kind), sampling=sampling)

    def _met(self, parent: Axis, wanted: Any) -> list[Any]:
        """The values of a parent, as KerasTuner has them, that meet a condition."""
        if parent.key not in self._by_label:
            return listed(wanted)
        labels = self._by_label[parent.key].items()
        return [label for label, value in labels if any(meets(value, one) for one in listed(wanted))]


def _made(tune: Tune, direction: str, space: Any, seed: int, epochs: int) -> Any:
    kind, extra = _kind(tune, epochs)
    return kind(
        objective=keras_tuner.Objective("objective", direction),
        hyperparameters=space,
        seed=seed + 1,  # KerasTuner takes 0 for no seed
        max_consecutive_failed_trials=10**9,  # the search counts failures itself
        **extra,
    )


def _kind(tune: Tune, epochs: int) -> tuple[type, dict[str, Any]]:
    """The oracle of an algorithm, and its own arguments."""
    name, given = tune.algorithm.chosen
    if name == "grid":
        return _Grid, {}
    if name == "random":
        return _Random, {"max_trials": None}
    if name == "bayesian":
        extra = {"num_initial_points": given.initial, "alpha": given.alpha, "beta": given.beta}
        return _Bayesian, {"max_trials": None, **extra}
    return _Hyperband, {"max_epochs": epochs, "factor": given.factor, "hyperband_iterations": given.iterations}


class _quiet(warnings.catch_warnings):
    """KerasTuner calls functions of Python that are to go, and warns of what it does by design."""

    def __enter__(self) -> Any:
        entered = super().__enter__()
        warnings.simplefilter("ignore")
        return entered
