"""Magnitude pruning while a model trains: a callback for any Keras 3 model."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras

from kspec.parts.pruning import arguments, masked, schedules
from kspec.parts.pruning.engines import Engine, Pattern, make_engine
from kspec.parts.pruning.reached import Reached, reached, shortfalls
from kspec.parts.pruning.schedules import ConstantSparsity, Schedule
from kspec.parts.pruning.targets import Choice, Group, Scope, groups

STATE = ("step", "_began", "_looked", "_renewed", "_kept")
"""The attributes that a resumed training needs, besides the masks, which are among the optimizer's variables."""


class PruneLowMagnitude(keras.callbacks.Callback):
    """Sets the weights of small magnitude to zero while the model trains, as TensorFlow Model Optimization does.

    For any Keras 3 model: Sequential, Functional, subclassed, nested, KerasHub; no layer is wrapped. A model that
    TensorFlow builds in its first step only gets its masks after that step.
    Each pruned weight has a mask among the optimizer's variables, which the compiled step applies after every update.
    At the steps that the schedule names, the masks are renewed from the magnitudes of the weights after a whole update,
    masked ones included, so that a weight can come back: TF-MOT's rule, and the same masks bit for bit. Steps count
    from the first one with this callback; count and masks go on in the next `fit` of the same model with it, and begin
    anew with another model, as in a loop over folds (one that was loaded from a file or cloned is another model). When
    the training ends, masks and constraints are taken off: the model and its optimizer are saved and loaded without
    kspec, the zeros stay. A `fit` that was interrupted (Ctrl-C) leaves them on: `detach(model)` takes them off.

    pruning_schedule: PolynomialDecay or ConstantSparsity of kspec or of TF-MOT, or any function of a step that gives
        (renew, sparsity). ConstantSparsity(0.5, 0) by default, as in TF-MOT.
    match: patterns over weight paths such as "*/kernel"; "auto" (default) is all kernels but depthwise ones, and
        embeddings. exclude: patterns of weights that stay dense.
    layers: pattern -> final sparsity for its weights, in place of the schedule's; 0 leaves them dense.
    scope: "layer" (default): every weight gets the schedule's sparsity. "global": all together do.
    block_size: (rows, columns) of blocks that stay or go together, matrices only; (1, 1) by default.
    block_pooling_type: "AVG" (default) or "MAX" of the magnitudes in a block.
    sparsity_m_by_n: (2, 4) sets two of every four consecutive weights along the inputs to zero, at the first step and
        for good; the schedule has no say then. None by default.
    engine: "tfmot" runs TF-MOT's own code (TensorFlow only), "native" the same rule for every backend, about eight
        times as fast (benchmarks/pruning.py); "auto" (default): "tfmot" on TensorFlow where it is installed.

    warn: at the end about weights that are less sparse than asked for, also where the training ends or is stopped
        before the schedule ends; False leaves that to `shortfalls()`.

    Put it before callbacks that save the model or swap averaged weights in (ModelCheckpoint, SwapEMAWeights), and after
    EarlyStopping with `restore_best_weights`, which restores weights of an earlier epoch when the training ends. Those
    then get the last masks, without having been trained with them; listed after this callback, it would bring back the
    fewer zeros of their epoch, and nothing would say so. A `start_from_epoch` with the final sparsity avoids both.
    With `steps_per_execution` above 1 masks are renewed between two executions, at the first chance, and no weight
    comes back. During the training and after it, `report()` gives the zeros of each weight.

    Raises TypeError and ValueError for arguments that do not fit; ValueError when training begins for a pattern that
    matches nothing, a shape that does not fit the blocks, or a second one in the same `fit`, and at the step at which a
    function gives a sparsity out of range; ImportError where TF-MOT is asked for and not installed.

    Sources: Zhu & Gupta, arXiv:1710.01878; `tfmot.sparsity.keras.prune_low_magnitude`.

    Example:
        pruning = PruneLowMagnitude(PolynomialDecay(0.0, 0.8, begin_step=0, end_step=2000))
        model.fit(x, y, epochs=10, callbacks=[pruning])
        print(pruning.report())
    """

    def __init__(
        self,
        pruning_schedule: Schedule | None = None,
        match: str | Sequence[str] = "auto",
        exclude: str | Sequence[str] = (),
        layers: Mapping[str, float] | None = None,
        scope: Scope = "layer",
        block_size: Sequence[int] = (1, 1),
        block_pooling_type: str = "AVG",
        sparsity_m_by_n: Sequence[int] | None = None,
        engine: str = "auto",
        warn: bool = True,
    ) -> None:
        super().__init__()
        self.schedule: Schedule = _schedule(pruning_schedule)
        self.choice = Choice(
            match if match == "auto" else arguments.patterns(match, "match"),
            arguments.patterns(exclude, "exclude"),
            arguments.shares(layers, "layers"),
            scope,
        )
        self.pattern = _pattern(block_size, block_pooling_type, sparsity_m_by_n, self.choice)
        self.engine: Engine = make_engine(engine, self.pattern)
        self.warn = warn
        self._forget()

    def _forget(self) -> None:
        """As before the first training."""
        self.step = 0
        self._began = self._looked = 0
        self._next: float = 0  # no mask is renewed before this step
        self._renewed: list[int] = []
        self._kept: list[Any] | None = None
        self._groups: tuple[Group, ...] = ()
        self._schedules: list[Schedule] = []
        self._weights: list[Any] = []
        self._masks: list[Any] = []

    def get_state(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {key: getattr(self, key) for key in STATE}

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from `get_state`."""
        for key in STATE:
            setattr(self, key, state[key])
        self._next = 0

    def attach(self, model: keras.Model) -> None:
        """Places the masks. `fit` does so by itself; before `model.load_weights` of a file saved while pruning was on,
        call it yourself: the file then gives its masks and the optimizer's state back.

        model: built and compiled. Raises ValueError as the class says, and for a model that is not.
        """
        _check_can_hold_masks(model)
        self._check_is_alone(model)
        found = groups(model, self.schedule, self.choice, self.pattern)
        if self._was_on_another(model):
            self._forget()
        weights = [weight for group in found for weight in group.weights]
        before = {
            id(one): keras.ops.convert_to_numpy(mask) for one, mask in zip(self._weights, self._masks, strict=True)
        }
        renewed = {id(one): at for group, at in zip(self._groups, self._renewed, strict=True) for one in group.weights}
        self._masks = masked.attach(model, weights, [self._mask_dtype(weight) for weight in weights], self)
        for weight, mask in zip(weights, self._masks, strict=True):
            if id(weight) in before:
                mask.assign(before[id(weight)])
        self._groups, self._weights, self._next = found, weights, 0
        self._renewed = [max(renewed.get(id(one), 0) for one in group.weights) for group in found]
        self._schedules = list({id(group.schedule): group.schedule for group in found}.values())

    def detach(self, model: keras.Model) -> None:
        """Takes the masks off; the zeros stay until the weights are updated. `fit` does so by itself when it ends.

        After one that was interrupted, call it before the model is saved, or trained without pruning; the next `fit`
        with this callback goes on where it was. A model without masks stays as it is.
        """
        if self._is_attached() and not self._was_on_another(model):
            self._mask(model)
        if masked.owners(model):
            masked.detach(model)

    def _check_is_alone(self, model: keras.Model) -> None:
        """Refuses a second callback in one `fit`, which Keras gives the same `params`; those of a failed one differ."""
        if self.params is not None and any(
            one is not self and one.params is self.params for one in masked.owners(model)
        ):
            raise ValueError(
                "two PruneLowMagnitude in one `fit`, and a model has the masks of one: use a single one, with "
                "`layers={pattern: sparsity}` for weights of another sparsity"
            )

    def _was_on_another(self, model: keras.Model) -> bool:
        """Whether this callback has pruned weights, and none of them is the model's."""
        own = {id(variable) for variable in model.variables}
        return bool(self._weights) and all(id(weight) not in own for weight in self._weights)

    def report(self) -> list[Reached]:
        """How sparse each pruned weight is now, in the order of the model's weights; [] before the first training."""
        return [reached(weight) for weight in self._weights]

    def shortfalls(self) -> list[str]:
        """A sentence about each weight that is less sparse than the schedule asks for, and why."""
        return shortfalls(self._groups, self.pattern, self._renewed, self.step)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Places the masks, unless `attach` has, or the model has no weights before its first step."""
        if self._was_on_another(self.model):
            self._forget()
        if not self._is_attached() and self.model.built:
            self.attach(self.model)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the steps of earlier epochs."""
        self._began = self.step

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Renews masks that are due, and lets the update before the next renewal through unmasked."""
        step = self._began + batch + 1
        executed = self._model.steps_per_execution
        self._renew(range(step, step + executed))
        if executed == 1 and not self._is_last(batch) and self._due(range(step + 1, step + 2)):
            self._kept = [keras.ops.copy(mask) for mask in self._synced_masks()]
            with masked.scope(self._model):
                for mask in self._masks:
                    mask.assign(keras.ops.ones(mask.shape, mask.dtype))

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Renews the masks of the next step, so that callbacks after this one see masked weights."""
        self.step = self._began + batch + 1
        if not self._masks:
            self.attach(self.model)
            self._renew(range(1, self.step + 1))
        if self.params.get("steps") and not self._is_last(batch) and self._model.steps_per_execution == 1:
            self._renew(range(self.step + 1, self.step + 2))

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Masked weights are what is validated."""
        if self._is_attached():
            self._mask(self.model)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Masked weights are what an epoch ends with, as in TF-MOT."""
        self._mask(self.model)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Masks once more, since Keras may have put averaged weights in, and takes the masks off."""
        self.detach(self.model)
        for said in self.shortfalls() if self.warn else ():
            warnings.warn(said, stacklevel=2)

    def _is_attached(self) -> bool:
        mine = [isinstance(weight.constraint, masked.Masked) for weight in self._weights]
        return bool(mine) and all(mine) and self._weights[0].constraint.mask is self._masks[0]

    def _is_last(self, batch: int) -> bool:
        return bool(batch + 1 == self.params.get("steps"))

    def _due(self, steps: range) -> dict[int, int]:
        """Number of a group -> the last of these steps at which it gets new masks."""
        if steps[-1] < self._next:
            return {}
        if self.pattern.sparsity_m_by_n:  # TF-MOT chooses m of n once
            at = dict.fromkeys(map(id, self._schedules), 1 if 1 in steps and self._looked < 1 else 0)
        else:
            at = {id(one): self._last_due(one, steps) for one in self._schedules}
        return {number: at[id(group.schedule)] for number, group in enumerate(self._groups) if at[id(group.schedule)]}

    def _last_due(self, schedule: Schedule, steps: range) -> int:
        return max((step for step in steps if step > self._looked and schedules.read(schedule, step)[0]), default=0)

    def _renew(self, steps: range) -> None:
        """Gives the groups that are due at one of these steps new masks, and masks all weights."""
        due = self._due(steps)
        self._looked = max(self._looked, steps[-1])
        if self._looked >= self._next:
            self._next = self._next_due()
        if not due:
            return
        self._restore()
        masks = dict(zip(map(id, self._weights), self._masks, strict=True))

        def update(number: int) -> None:
            group = self._groups[number]
            with masked.scope(self._model):  # a strategy's scope holds for one thread
                own = [masks[id(weight)] for weight in group.weights]
                self.engine.update(group.weights, own, group.schedule, due[number])

        with ThreadPoolExecutor() as pool:  # ranking uses one core for each group
            list(pool.map(update, due))
        for number, step in due.items():
            self._renewed[number] = step
        masked.apply(self._model, self._weights, self._masks)

    def _next_due(self) -> float:
        if self.pattern.sparsity_m_by_n:
            return math.inf
        return min((schedules.next_due(one, self._looked) for one in self._schedules), default=math.inf)

    def _mask(self, model: keras.Model) -> None:
        self._restore()
        masked.apply(model, self._weights, self._masks)

    def _restore(self) -> None:
        """Puts the masks back that let an update through."""
        masks = self._synced_masks()
        if self._kept is None:
            return
        with masked.scope(self._model):
            for mask, value in zip(masks, self._kept, strict=True):
                mask.assign(value)
        self._kept = None

    def _synced_masks(self) -> list[Any]:
        self.model  # noqa: B018 (on JAX, reading the attribute writes the trained state back into the variables)
        return self._masks

    def _mask_dtype(self, weight: Any) -> str:
        # TF-MOT makes masks of m of n in float32, whatever the weight is.
        return "float32" if self.pattern.sparsity_m_by_n else keras.backend.standardize_dtype(weight.dtype)


def _schedule(given: Schedule | None) -> Schedule:
    """The schedule, kspec's own for one of TF-MOT's of the same name.

    Raises:
        TypeError: it cannot be asked about a step.
    """
    if given is None:
        return ConstantSparsity(0.5, 0)
    if not callable(given) or isinstance(given, type):
        raise TypeError(f"pruning_schedule must be a schedule such as ConstantSparsity(0.5, 0), not {given!r}")
    return schedules.known(given) or given


def _check_can_hold_masks(model: keras.Model) -> None:
    """Refuses a model without optimizer or weights.

    Raises:
        ValueError: there are none.
    """
    if getattr(model, "optimizer", None) is None:
        raise ValueError("the model has no optimizer, which holds the masks: compile the model first")
    if not model.variables:
        raise ValueError("the model has no weights yet: build the model first, or call it on a batch")


def _pattern(
    block_size: Sequence[int], block_pooling_type: str, sparsity_m_by_n: Sequence[int] | None, choice: Choice
) -> Pattern:
    """The checked form of the zeros.

    Raises:
        TypeError: an argument that is no pair of numbers.
        ValueError: an argument out of range, or two forms at once.
    """
    block = arguments.pair(block_size, "block_size")
    m_by_n = None if sparsity_m_by_n is None else arguments.pair(sparsity_m_by_n, "sparsity_m_by_n")
    if min(block) < 1:
        raise ValueError(f"block_size must be two lengths of at least 1, not {block_size}")
    if block_pooling_type not in ("AVG", "MAX"):
        raise ValueError(f"block_pooling_type must be 'AVG' or 'MAX', not {block_pooling_type!r}")
    if m_by_n is not None and not 0 < m_by_n[0] < m_by_n[1]:
        raise ValueError(f"sparsity_m_by_n must be two integers, 0 < m < n, not {sparsity_m_by_n}")
    if m_by_n is not None and block != (1, 1):
        raise ValueError("block_size and sparsity_m_by_n cannot be combined")
    if choice.scope not in ("layer", "global"):
        raise ValueError(f"scope must be 'layer' or 'global', not {choice.scope!r}")
    if choice.scope == "global" and (block != (1, 1) or m_by_n is not None):
        raise ValueError("scope 'global' ranks single weights: it goes with neither block_size nor sparsity_m_by_n")
    return Pattern(block, block_pooling_type, m_by_n)
