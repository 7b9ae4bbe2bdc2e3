"""One form for what networks give, logits or probabilities: scores, whose softmax or sigmoid is the prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import keras
from keras import ops

Activation = Literal["linear", "softmax", "sigmoid", "sigmoid_logits", "numbers"]
"""What a network ends with. "linear": logits of a softmax, or of a sigmoid where there is one unit. "sigmoid_logits":
logits of one sigmoid for each class (multi-label). "numbers": no classes, the output is the prediction (regression)."""

SMALLEST = 1e-30
"""Probabilities below it count as it. Not Keras' 1e-7, which hides every gap of logits over 16; and not the smallest
float32, since gradients of log p hold 1 / p, which must stay finite after loss weights and loss scaling."""
LARGEST = 1 - 2**-24
"""The largest float32 below 1: log-odds of a sigmoid end at 16.6."""


Kind = Literal["softmax", "sigmoid", "numbers"]


@dataclass(frozen=True)
class Scores:
    """The prediction of a network before its last function.

    values: float32 (batch, ..., classes). kind: "softmax" where the last axis is one distribution over classes,
    "sigmoid" where each number is the log-odds of its own class; "numbers" where the values are the prediction itself.
    """

    values: Any
    kind: Kind

    def log_probabilities(self, temperature: float) -> Any:
        """Logarithms of the softened distributions, (batch, ..., classes).

        A sigmoid is a distribution over two: (batch, ..., classes, 2), the class itself first.

        Raises:
            ValueError: the scores are numbers, which have no probabilities.
        """
        if self.kind == "numbers":
            raise ValueError("numbers have no probabilities to soften: PredictionDistillation compares them")
        softened = self.values / temperature
        if self.kind == "softmax":
            return ops.log_softmax(softened, axis=-1)
        return ops.stack([ops.log_sigmoid(softened), ops.log_sigmoid(-softened)], axis=-1)


def scores_of(output: Any, activation: Activation) -> Scores:
    """The scores of a network's output.

    Logits are scores. From probabilities p the logits z come back up to a constant that no softmax sees:
    log softmax(z) = z - logsumexp(z), so softmax(log p / T) = softmax(z / T) for every temperature T, exactly. The same
    with log(p / (1 - p)) for a sigmoid. What is lost are logits 69 below the largest (SMALLEST), and for a sigmoid
    those above 16.6 (LARGEST); there a student gets no gradient.

    output: (batch, ..., classes), or of one unit, which is a sigmoid's. activation: what made it.

    Raises:
        ValueError: probabilities of 16 bits, where those logits are lost that a temperature makes audible.
    """
    if activation in ("softmax", "sigmoid") and keras.backend.standardize_dtype(output.dtype) in (
        "float16",
        "bfloat16",
    ):
        raise ValueError(
            f"the {activation} at the end of a network gives {keras.backend.standardize_dtype(output.dtype)}, "
            "from which its logits cannot be recovered: give its last layer dtype='float32'"
        )
    values = ops.cast(output, "float32")
    if activation == "softmax":
        return Scores(ops.log(ops.maximum(values, SMALLEST)), "softmax")
    if activation == "sigmoid":
        values = ops.clip(values, SMALLEST, LARGEST)
        return Scores(ops.log(values) - ops.log1p(-values), "sigmoid")
    if activation == "numbers":
        return Scores(values, "numbers")
    return Scores(values, "sigmoid" if activation == "sigmoid_logits" or values.shape[-1] == 1 else "softmax")


def activation_of(model: keras.Model, given: Activation | None, whose: str) -> Activation:
    """The function at the end of a network: what is given, or what its last layer says.

    whose: "teacher" or "student", for the message.

    Raises:
        ValueError: the network does not give one tensor, or does not say what it ends with, or the given name is
            unknown.
    """
    check_activation(given, whose)
    _check_one_output(model, whose)
    if given is not None:
        return given
    outputs = getattr(model, "outputs", None)
    found = _activation_before(outputs[0]) if outputs else None
    if found is None:
        raise ValueError(
            f"cannot see whether the {whose} ends with logits or probabilities: "
            f"say {whose}_activation='linear', 'softmax', 'sigmoid' or 'sigmoid_logits'"
        )
    return found


def check_activation(given: Activation | None, whose: str) -> None:
    """Raises ValueError for a name that is none."""
    if given is not None and given not in get_args(Activation):
        raise ValueError(f"{whose}_activation must be one of {', '.join(get_args(Activation))}, not {given!r}")


def _check_one_output(model: keras.Model, whose: str) -> None:
    """Only of networks that are graphs of layers; what others give is seen when they run."""
    outputs = getattr(model, "outputs", None) or ()
    if len(outputs) > 1:
        raise ValueError(f"the {whose} has {len(outputs)} outputs; distillation needs a network with one")
    is_graph = outputs and not isinstance(model, keras.Sequential)
    if is_graph and not keras.backend.is_keras_tensor(model.output):
        raise ValueError(
            f"the {whose} gives its output in a {type(model.output).__name__}, and distillation needs the tensor "
            "itself: keras.Model(model.input, model.outputs[0]) gives it, with the same weights"
        )


def _activation_before(tensor: Any) -> Activation | None:
    """The last function on the way to a symbolic tensor; None where it is not one of the three."""
    operation = tensor._keras_history.operation
    if isinstance(operation, keras.Model):
        index = tensor._keras_history.tensor_index
        return _activation_before(operation.outputs[index]) if getattr(operation, "outputs", None) else None
    if isinstance(operation, keras.layers.Softmax):
        return "softmax"
    function = getattr(operation, "activation", None)
    if function is keras.activations.linear and isinstance(operation, keras.layers.Activation):
        return _activation_before(operation.input)  # it only changes the type
    known: dict[Any, Activation] = {
        keras.activations.linear: "linear",
        keras.activations.softmax: "softmax",
        keras.activations.sigmoid: "sigmoid",
    }
    return known.get(function)
