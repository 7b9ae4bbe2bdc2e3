"""The door for people who come from TF-MOT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from kspec.parts.pruning.callback import PruneLowMagnitude
from kspec.parts.pruning.schedules import Schedule
from kspec.parts.pruning.targets import groups


def prune_low_magnitude(
    to_prune: keras.Model,
    pruning_schedule: Schedule | None = None,
    block_size: Sequence[int] = (1, 1),
    block_pooling_type: str = "AVG",
    pruning_policy: None = None,
    sparsity_m_by_n: Sequence[int] | None = None,
    **kwargs: Any,
) -> PruneLowMagnitude:
    """`tfmot.sparsity.keras.prune_low_magnitude` for Keras 3: the same arguments, but it gives back a callback.

    TF-MOT gives back a copy of the model with each layer in a wrapper, which has to be compiled again, trained with
    the callback `UpdatePruningStep`, and unwrapped by `strip_pruning`. Keras 3 needs no wrapper: the model stays what
    it is, compiled or not, the callback that is given back takes the place of `UpdatePruningStep` in `fit`, and there
    is nothing to strip. What is given back has neither `compile` nor `fit`: call those of the model.

    to_prune: the model. A layer or a list of them, as TF-MOT takes, is a pattern here: `match="dense_1/*"`.
    pruning_schedule: of kspec or of TF-MOT; ConstantSparsity(0.5, 0) by default.
    block_size, block_pooling_type, sparsity_m_by_n: as in TF-MOT. pruning_policy: must be None: TF-MOT's policies know
        layers of Keras 2 only.
    kwargs: further arguments of `PruneLowMagnitude`: match, exclude, layers, scope, engine, warn.

    Raises TypeError for what is no model, ValueError for a policy and, at once for a model that is built, for a pattern
    that matches nothing or a shape that does not fit.

    Example:
        pruning = prune_low_magnitude(model, tfmot.sparsity.keras.PolynomialDecay(0.0, 0.8, 0, 2000))
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, y, epochs=10, callbacks=[pruning])
    """
    if not isinstance(to_prune, keras.Model):
        raise TypeError(
            f"prune_low_magnitude needs a model of Keras 3, not {type(to_prune).__name__}; "
            'for some of its layers: prune_low_magnitude(model, match=["dense_1/*"])'
        )
    if pruning_policy is not None:
        raise ValueError("pruning_policy must be None: TF-MOT's policies know layers of Keras 2 only; use `match`")
    callback = PruneLowMagnitude(
        pruning_schedule,
        block_size=block_size,
        block_pooling_type=block_pooling_type,
        sparsity_m_by_n=sparsity_m_by_n,
        **kwargs,
    )
    if to_prune.built:
        groups(to_prune, callback.schedule, callback.choice, callback.pattern)
    return callback
