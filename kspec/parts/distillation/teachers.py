"""Who teaches: fixed networks, one or several, or the student's own past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kspec.parts.distillation.features import with_features
from kspec.parts.distillation.scores import Activation, Scores, activation_of, scores_of
from kspec.parts.distillation.weight import is_number


@dataclass(frozen=True)
class SelfTeacher:
    """The student as its own teacher: its weights as they were, or their moving average.

    Before each step: average = decay * average + (1 - decay) * weights, beginning with the weights at the construction
    of the Distiller; statistics of batch normalization are averaged alike. With `gradient_accumulation_steps` every
    batch is a step.

    Sources: A. Tarvainen, H. Valpola, "Mean teachers are better role models", arXiv:1703.01780, section 2 (0.99 to
    0.999); T. Furlanello et al., "Born-Again Neural Networks", arXiv:1805.04770, for a trained network as the teacher
    of a new one like it: that is an ordinary teacher.

    decay: in [0, 1]; 0.999 by default, and 1 keeps the weights as they were. Raises ValueError out of this range.
    """

    decay: float = 0.999

    def __post_init__(self) -> None:
        if not (is_number(self.decay) and 0 <= self.decay <= 1):
            raise ValueError(f"decay must be between 0 and 1, not {self.decay!r}")


class FixedTeachers:
    """Trained networks, run in inference mode. Nothing of them is changed, `trainable` neither.

    Several teachers speak with one voice, the weighted mean of their scores: the geometric mean of their predictions
    (Hinton, arXiv:1503.02531, section 1, has it beside the arithmetic one), which a temperature leaves what it is. Of
    numbers, as in a regression, it is the arithmetic mean.
    """

    def __init__(
        self,
        models: Sequence[keras.Model],
        weights: Sequence[float] | None,
        activation: Activation | None,
        layers: Sequence[str],
    ) -> None:
        self.models = list(models)
        weights = [1.0] * len(self.models) if weights is None else list(weights)
        are_weights = all(is_number(one) and one >= 0 for one in weights)
        if len(weights) != len(self.models) or not are_weights or sum(weights) <= 0:
            raise ValueError(
                f"teacher_weights must be {len(self.models)} numbers of at least 0, one above 0, not {weights}"
            )
        self.weights = [float(weight) / float(sum(weights)) for weight in weights]
        self.activations = [activation_of(model, activation, "teacher") for model in self.models]
        self._logits = [activation is None and found == "linear" for found in self.activations]
        if layers and len(self.models) > 1:
            raise ValueError("features come from one teacher: several have no common layer")
        self._tapped = with_features(self.models[0], layers, "teacher") if layers else None

    def read_logits_as(self, activation: Activation) -> None:
        """Logits of which nobody has said what they are of, are of what the student's are."""
        self.activations = [
            activation if is_open else found for is_open, found in zip(self._logits, self.activations, strict=True)
        ]

    @property
    def variables(self) -> list[Any]:
        """All variables of the networks, each once."""
        return list({id(one): one for model in self.models for one in model.variables}.values())

    @property
    def feature_shapes(self) -> list[Any]:
        """Shapes of the features, (batch, ..., channels)."""
        return [] if self._tapped is None else [tensor.shape for tensor in self._tapped.outputs[1:]]

    def __call__(self, inputs: Any) -> tuple[Scores, list[Any]]:
        """The scores and the features for a batch, without a gradient."""
        if self._tapped is not None:
            output, *features = self._tapped(inputs, training=False)
            found = scores_of(ops.stop_gradient(output), self.activations[0])
            return found, [ops.stop_gradient(feature) for feature in features]
        return self.together([ops.stop_gradient(model(inputs, training=False)) for model in self.models]), []

    def together(self, outputs: Sequence[Any]) -> Scores:
        """The weighted mean of the scores of all teachers' outputs.

        Raises:
            ValueError: the outputs are of different kinds or widths.
        """
        found = [scores_of(output, name) for output, name in zip(outputs, self.activations, strict=True)]
        kinds = {(one.kind, one.values.shape[-1]) for one in found}
        if len(kinds) > 1:
            raise ValueError(f"the teachers give different outputs: {sorted(kinds)}")
        mean = sum(weight * one.values for weight, one in zip(self.weights, found, strict=True))
        return Scores(mean, found[0].kind)


class PastSelf:
    """The student, called with the moving average of its weights in their place."""

    def __init__(self, student: keras.Model, activation: Activation, decay: float, layers: Sequence[str]) -> None:
        self._model = with_features(student, layers, "student") if layers else student
        self._has_features = bool(layers)
        self.activation, self.decay = activation, decay
        self._follows = [*self._model.trainable_variables, *self._model.non_trainable_variables]
        self._trainable = len(self._model.trainable_variables)
        self.average: list[Any] = []

    def read_logits_as(self, activation: Activation) -> None:
        """The logits are the student's own."""
        self.activation = activation

    def make_variables(self, add_weight: Any) -> None:
        """Makes the average with the `add_weight` of the layer that owns it."""
        for number, variable in enumerate(self._follows):
            value = keras.ops.convert_to_numpy(variable)
            kept = add_weight(
                name=f"average_{number}",
                shape=variable.shape,
                dtype=variable.dtype,
                initializer=lambda shape, dtype, value=value: ops.convert_to_tensor(value, dtype),
                trainable=False,
                aggregation="mean" if "float" in variable.dtype else "only_first_replica",
            )
            self.average.append(kept)

    @property
    def feature_shapes(self) -> list[Any]:
        """Shapes of the features, (batch, ..., channels)."""
        return [tensor.shape for tensor in self._model.outputs[1:]] if self._has_features else []

    def follow(self) -> None:
        """Moves the average towards the weights. Whole numbers, the state of random generators, stay."""
        if self.decay == 1:
            return
        for average, variable in zip(self.average, self._follows, strict=True):
            if "float" in variable.dtype:
                step = (1 - float(self.decay)) * (ops.stop_gradient(ops.convert_to_tensor(variable)) - average)
                average.assign(average + ops.cast(step, average.dtype))

    def __call__(self, inputs: Any) -> tuple[Scores, list[Any]]:
        """The scores and the features for a batch, without a gradient."""
        values = [ops.stop_gradient(ops.convert_to_tensor(one)) for one in self.average]
        trainable, others = values[: self._trainable], values[self._trainable :]
        outputs, _ = self._model.stateless_call(trainable, others, inputs, training=False)
        output, *features = outputs if self._has_features else [outputs]
        found = scores_of(ops.stop_gradient(output), self.activation)
        return found, [ops.stop_gradient(feature) for feature in features]
