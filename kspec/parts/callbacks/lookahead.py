"""Lookahead: slow weights that follow the optimizer's fast weights."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Lookahead(keras.callbacks.Callback):
    """Every few steps moves slow weights towards the trained ones and continues from there.

    Every `every` steps: slow = d * slow + (1 - d) * weights, then weights = slow. After the last planned step the slow
    weights are the result. It works with any optimizer in any `model.fit`; batch-normalization statistics move along.

    Sources: M. Zhang et al., "Lookahead Optimizer: k steps forward, 1 step back", arXiv:1907.08610, algorithm 1, whose
    alpha is 1 - d (k = 5, alpha = 0.5 there); d growing with time: K. Jordan, arXiv:2404.00498, section 3.4.

    every: steps between two moves, 5 by default.
    decay: d at the end of training, in [0, 1], 0.5 by default.
    power: d at step t of T is decay * (t / T)^power: 0 (default) is the constant d of the paper; 3 with
        decay = 0.95**5 is airbench94's.
    A training that is stopped before its last planned step, or is shorter than `every` steps, keeps the weights it has.
    The slow weights are in the attribute `slow`. Raises ValueError for an argument out of range, and when training
    begins without a known number of steps.

    Example:
        model.fit(x, y, epochs=10, callbacks=[Lookahead(every=5, decay=0.95**5, power=3)])
    """

    def __init__(self, every: int = 5, decay: float = 0.5, power: float = 0.0) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"every must be at least 1 step, not {every}")
        if not 0 <= decay <= 1:
            raise ValueError(f"decay must be between 0 and 1, not {decay}")
        if power < 0:
            raise ValueError(f"power must be at least 0, not {power}")
        self.every, self.decay, self.power = every, decay, power
        self._synchronized = self._before = 0
        self.slow: list[Any] = []
        self._move: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the slow weights from the model."""
        if not self.params.get("steps"):
            raise ValueError("Lookahead needs a known number of steps an epoch: give fit() steps_per_epoch")
        fast = [weight for weight in self.model.weights if "float" in keras.backend.standardize_dtype(weight.dtype)]
        # A copy: on TensorFlow weight.value is the variable itself, and JAX gives its memory away with the next step.
        self.slow = [keras.Variable(ops.copy(weight), dtype=weight.dtype, trainable=False) for weight in fast]
        self._move = _compiled_move(self.slow, fast)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the steps of earlier epochs."""
        self._before = epoch * self.params["steps"]
        self._synchronized = self._before

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves the slow weights if `every` steps have passed, and ends with them after the last step."""
        # With steps_per_execution > 1 `batch` is the last one of several.
        step = self._before + batch + 1
        total = self.params["steps"] * self.params["epochs"]
        self.model  # noqa: B018 (on JAX, reading the attribute writes the trained state back into the variables)
        if step // self.every > self._synchronized // self.every:
            self._synchronized = step
            self._move(self.decay * (step / total) ** self.power)
        if step == total and total >= self.every:
            self._move(1.0)


def _compiled_move(slow: list[Any], fast: list[Any]) -> Any:
    """A function of d that moves all slow weights and copies them into the fast ones, one graph call on TensorFlow."""

    def move(decay: Any) -> None:
        for slow_weight, weight in zip(slow, fast, strict=True):
            step = ops.cast(1.0 - decay, slow_weight.dtype)
            slow_weight.assign(slow_weight + step * (weight - slow_weight))
            weight.assign(ops.copy(slow_weight))

    if keras.backend.backend() != "tensorflow":
        return move
    import tensorflow as tf

    compiled = tf.function(move, jit_compile=False)
    return lambda decay: compiled(tf.constant(decay, tf.float32))
