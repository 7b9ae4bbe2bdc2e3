"""Masks in the optimizer of a model, applied as constraints in the graph, and taken out again.

The optimizer is the only place from which a mask reaches the compiled step on TensorFlow and on JAX and is saved with
the model: a variable of a layer is not part of the state that JAX's optimizer step is given, and dense and convolution
layers save a fixed list of variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras


class Masked(keras.constraints.Constraint):
    """Multiplies a weight by its mask after each update, after the constraint that the weight had before.

    mask: a Keras variable of the weight's shape. inner: the other constraint, or None. owner: the mask's callback.
    """

    def __init__(self, mask: Any, inner: Any, owner: Any) -> None:
        self.mask, self.inner, self.owner = mask, inner, owner

    def __call__(self, weight: Any) -> Any:
        """The masked weight."""
        inner = weight if self.inner is None else self.inner(weight)
        return keras.ops.multiply(inner, keras.ops.cast(self.mask, inner.dtype))

    def get_config(self) -> dict[str, Any]:
        """Nothing: layers keep their own constraints, so no file holds this one."""
        return {}


def attach(model: keras.Model, weights: Sequence[Any], dtypes: Sequence[str], owner: Any) -> list[Any]:
    """Gives each weight a mask of ones, and has the training step made again so that it applies them.

    dtypes: of the masks. owner: the callback whose masks they are. Masks of an earlier pruning that was not taken off
    are taken off first.
    """
    optimizer = model.optimizer
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    in_training = model.train_function is not None
    detach(model)
    holder, masks = inner(optimizer), []
    with scope(model):
        for weight, dtype in zip(weights, dtypes, strict=True):
            mask = holder.add_variable(weight.shape, "ones", dtype, name=f"{weight.path.replace('/', '_')}_mask")
            weight.constraint = Masked(mask, weight.constraint, owner)
            masks.append(mask)
    if in_training:  # `fit` has made the step before it calls its callbacks
        model.make_train_function(force=True)
    return masks


def detach(model: keras.Model) -> None:
    """Takes every mask off: the constraints are as before, and the optimizer holds its own variables only."""
    owner, was_masked = inner(model.optimizer), False
    for variable in model.weights:  # those that have been frozen since, too
        if isinstance(variable.constraint, Masked):
            was_masked = True
            if any(one is variable.constraint.mask for one in owner.variables):
                owner._untrack_variable(variable.constraint.mask)
            variable.constraint = variable.constraint.inner
    if was_masked:
        model.train_function = None  # it was traced with the masks


def owners(model: keras.Model) -> list[Any]:
    """The callbacks whose masks are on the model."""
    constraints = [variable.constraint for variable in model.weights]
    return [one.owner for one in constraints if isinstance(one, Masked)]


def apply(model: keras.Model, weights: Sequence[Any], masks: Sequence[Any]) -> None:
    """Multiplies the weights, and the optimizer's moving averages of them, by their masks now."""
    averages = _averages(model)
    with scope(model):
        for weight, mask in zip(weights, masks, strict=True):
            for one in (weight, averages.get(id(weight))):
                if one is not None:
                    one.assign(keras.ops.multiply(one, keras.ops.cast(mask, one.dtype)))


def inner(optimizer: Any) -> Any:
    """The optimizer that updates the weights: the one inside, where mixed precision has put a loss scale around it."""
    return optimizer.inner_optimizer if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) else optimizer


@contextmanager
def scope(model: keras.Model) -> Iterator[None]:
    """Where variables of the model can be made and assigned: within its `tf.distribute` strategy, if it has one."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    with model.distribute_strategy.scope():
        yield


def _averages(model: keras.Model) -> dict[int, Any]:
    """Weight, by its identity -> its moving average, where the optimizer keeps one (`use_ema`)."""
    optimizer = inner(model.optimizer)
    if not optimizer.use_ema:
        return {}
    pairs = zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True)
    return {id(weight): average for weight, average in pairs}
