"""`training.loss`: the loss that `targets` chose, checked against what the network puts out."""

from __future__ import annotations

from typing import Any

import keras

from kspec import catalog
from kspec.builders.targets import Targets
from kspec.builders.training.trial import examples, reason
from kspec.errors import Problem, SpecError

PATH = ("training", "loss")


def build_loss(targets: Targets, model: keras.Model) -> keras.losses.Loss:
    """The Keras loss.

    Networks of kspec end in probabilities, so `from_logits: true` is refused, and so is a network for classes whose
    last layer has no activation: Keras would train both without a word, on the wrong numbers.

    The loss is tried once on labels and predictions of the right shape.

    Raises:
        SpecError: the loss and the network's last activation do not agree, or the loss refuses an argument.
    """
    loss = targets.loss
    if loss.arguments.get("from_logits"):
        found = f"the network ends in {targets.activation}"
        message = "the loss expects logits, and the network puts out probabilities"
        raise SpecError(Problem((*PATH, loss.name, "from_logits"), message, "from_logits: false", found))
    if targets.activation != "linear" and _activation(model) == "linear":
        message = f"the network ends without activation, and {loss.name} expects probabilities"
        hint = f"give the last layer `activation: {targets.activation}`"
        raise SpecError(Problem(("model",), message, targets.activation, "linear", hint))
    built = catalog.instantiate("loss", loss.name, loss.arguments, PATH)
    _try(built, targets)
    return built


def _try(loss: keras.losses.Loss, targets: Targets) -> None:
    """Computes the loss once on two examples."""
    labels, predictions = examples(targets)
    try:
        loss(labels, predictions)
    except Exception as error:
        found = f"labels {labels.shape[1:]}, predictions {predictions.shape[1:]}"
        raise SpecError(Problem(PATH, f"{targets.loss.name} cannot be computed: {reason(error)}", "", found)) from error


def _activation(model: keras.Model) -> str:
    """The name of the last layer's activation, "" where it is not known."""
    last = model.layers[-1]
    function: Any = last.activation if hasattr(last, "activation") else None
    return str(function.__name__) if hasattr(function, "__name__") else ""
