"""What the compiled loss says of the student's output: numbers, or logits of one sigmoid for each class."""

from __future__ import annotations

from typing import Any

import keras

_REGRESSION = (
    keras.losses.mean_squared_error,
    keras.losses.mean_absolute_error,
    keras.losses.mean_absolute_percentage_error,
    keras.losses.mean_squared_logarithmic_error,
    keras.losses.huber,
    keras.losses.log_cosh,
    keras.losses.poisson,
    keras.losses.cosine_similarity,
)
_BINARY = (keras.losses.BinaryCrossentropy, keras.losses.BinaryFocalCrossentropy)


def regression_loss(loss: Any) -> str | None:
    """The name of the first regression loss of Keras in what `compile` is given; None where there is none.

    A loss of another origin is taken for one of classes.
    """
    functions = (getattr(one, "fn", one) for one in _losses(loss))
    return next((function.__name__ for function in functions if function in _REGRESSION), None)


def takes_sigmoid_logits(loss: Any) -> bool:
    """Whether what `compile` is given holds a binary cross-entropy with `from_logits=True`."""
    return any(isinstance(one, _BINARY) and one.from_logits for one in _losses(loss))


def _losses(loss: Any) -> list[Any]:
    return [keras.losses.get(one) for one in keras.tree.flatten(loss) if one is not None]
