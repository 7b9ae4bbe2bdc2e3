"""What a student is told by its teacher: a loss each, as a number for every example."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from keras import ops

from kspec.parts.distillation.scores import Scores
from kspec.parts.distillation.weight import Weight, check_weight, is_number


@dataclass(frozen=True)
class LogitsDistillation:
    """T^2 * KL(softmax(teacher / T) || softmax(student / T)): the teacher's softened prediction is the target.

    T^2 keeps the gradients as large as those of the labels whatever T is. Of several sigmoids it is the mean.

    Source: G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531, section 2;
    KL instead of cross-entropy, which has the same gradient and is 0 where the student is as its teacher.

    temperature: T, above 0; 4 by default (the CIFAR setting of RepDistiller). weight: number or function of the step.
    Raises ValueError for an argument out of range.
    """

    temperature: float = 4.0
    weight: Weight = 0.9

    def __post_init__(self) -> None:
        check_weight("weight", self.weight)
        _check_positive("temperature", self.temperature)

    def of_outputs(self, labels: Any, teacher: Scores, student: Scores) -> Any:
        """The loss of each example and position, float32 (batch, ...)."""
        temperature = float(self.temperature)
        of_teacher = teacher.log_probabilities(temperature)
        return temperature**2 * _divergence(of_teacher, student.log_probabilities(temperature))


@dataclass(frozen=True)
class PredictionDistillation:
    """The mean squared difference between the student's and the teacher's predictions, for a regression.

    The outputs are compared as they are: in the unit of the labels, without a temperature. Of a network with classes
    it compares what the last layer gives, probabilities or logits.

    Source: J. Ba, R. Caruana, "Do Deep Nets Really Need to be Deep?", arXiv:1312.6184, equation 1; here the mean over
    the outputs in place of half the sum.

    weight: number or function of the step, 0.9 by default. Raises ValueError for an argument out of range.
    """

    weight: Weight = 0.9

    def __post_init__(self) -> None:
        check_weight("weight", self.weight)

    def of_outputs(self, labels: Any, teacher: Scores, student: Scores) -> Any:
        """The loss of each example and position, float32 (batch, ...)."""
        return ops.mean(ops.square(teacher.values - student.values), axis=-1)


@dataclass(frozen=True)
class DecoupledDistillation:
    """T^2 * (alpha * TCKD + beta * NCKD): the divergence in its two parts, weighted apart.

    TCKD is the divergence of (target class, all others), NCKD that among the other classes alone, which the plain
    divergence weighs with the teacher's doubt: KL = TCKD + (1 - p_target) * NCKD.

    Source: B. Zhao et al., "Decoupled Knowledge Distillation", CVPR 2022, arXiv:2203.08679, equations 5 to 7. The
    paper raises the weight over the first 20 epochs on CIFAR-100: give `weight` a function of the step.

    alpha, beta: at least 0; 1 and 8 by default, the paper's on CIFAR-100. temperature: T, 4 by default.
    Labels are class numbers (batch,) or (batch, 1), or one-hot or mixed (batch, classes), whose largest is the target.
    Only for softmax networks. Raises ValueError for an argument out of range.
    """

    temperature: float = 4.0
    alpha: float = 1.0
    beta: float = 8.0
    weight: Weight = 1.0

    def __post_init__(self) -> None:
        check_weight("weight", self.weight)
        _check_positive("temperature", self.temperature)
        for name, value in (("alpha", self.alpha), ("beta", self.beta)):
            if not (is_number(value) and value >= 0):
                raise ValueError(f"{name} must be a number of at least 0, not {value!r}")

    def of_outputs(self, labels: Any, teacher: Scores, student: Scores) -> Any:
        """The loss of each example, float32 (batch,)."""
        if student.kind != "softmax":
            raise ValueError("DecoupledDistillation needs networks with a softmax: a sigmoid has no other classes")
        if labels is None:
            raise ValueError("DecoupledDistillation needs labels: it treats the target class apart")
        target = _one_hot(labels, student.values)
        temperature, alpha, beta = float(self.temperature), float(self.alpha), float(self.beta)
        of_teacher, of_student = (one.log_probabilities(temperature) for one in (teacher, student))
        teacher_pair, teacher_others = _decoupled(of_teacher, target)
        student_pair, student_others = _decoupled(of_student, target)
        others = ops.where(target, 0.0, ops.exp(teacher_others) * (teacher_others - student_others))
        return temperature**2 * (alpha * _divergence(teacher_pair, student_pair) + beta * ops.sum(others, axis=-1))


@dataclass(frozen=True)
class FeatureDistillation:
    """The mean squared difference between a feature map of the student and one of the teacher.

    Where the two have different widths, a linear map of the student's channels (a 1 x 1 convolution), which is trained
    along and thrown away, makes them comparable; positions must agree.

    Source: A. Romero et al., "FitNets: Hints for Thin Deep Nets", arXiv:1412.6550, equation 3; here the mean over
    channels and positions, and together with the other losses instead of a stage before them.

    teacher_layer_name, student_layer_name: layers of the networks, whose outputs are (batch, ..., channels).
    weight: number or function of the step, 1 by default. projection: None (default) where the widths differ; True
    always, False never. Raises ValueError for an argument out of range.
    """

    teacher_layer_name: str
    student_layer_name: str
    weight: Weight = 1.0
    projection: bool | None = None

    def __post_init__(self) -> None:
        check_weight("weight", self.weight)

    def of_features(self, teacher: Any, student: Any) -> Any:
        """The loss of each example, float32 (batch,). Features of equal shape (batch, ...)."""
        return _mean_square(ops.cast(teacher, "float32") - ops.cast(student, "float32"))


@dataclass(frozen=True)
class AttentionTransfer:
    """The mean squared difference between the attention maps of two layers: where the networks look.

    A map is the sum over channels of the squared features, as one vector of length 1. The larger map is averaged to the
    size of the smaller. Widths may differ.

    Source: S. Zagoruyko, N. Komodakis, "Paying More Attention to Attention", arXiv:1612.03928, equation 2 with p = 2,
    as in the authors' code: the mean over positions instead of the norm, to which the weight of 1000 belongs.

    teacher_layer_name, student_layer_name: layers whose outputs are (batch, ..., channels) with at least one axis of
    positions. weight: number or function of the step, 1000 by default. Raises ValueError for an argument out of range.
    """

    teacher_layer_name: str
    student_layer_name: str
    weight: Weight = 1000.0
    projection: bool | None = False

    def __post_init__(self) -> None:
        check_weight("weight", self.weight)
        if self.projection:
            raise ValueError("AttentionTransfer compares maps without channels: there is nothing to project")

    def of_features(self, teacher: Any, student: Any) -> Any:
        """The loss of each example, float32 (batch,)."""
        maps = [ops.sum(ops.square(ops.cast(one, "float32")), axis=-1) for one in (teacher, student)]
        sizes = tuple(min(pair) for pair in zip(*(one.shape[1:] for one in maps), strict=True))
        return _mean_square(ops.subtract(*(_unit(_averaged(one, sizes)) for one in maps)))


def _check_positive(name: str, value: float) -> None:
    if not (is_number(value) and value > 0):
        raise ValueError(f"{name} must be a number above 0, not {value!r}")


def _divergence(teacher: Any, student: Any) -> Any:
    """KL(teacher || student) over the last axis. Log-probabilities in, so that nothing has to be clipped."""
    return ops.sum(ops.exp(teacher) * (teacher - student), axis=-1)


def _one_hot(labels: Any, values: Any) -> Any:
    """Labels as booleans of the shape of `values`, (batch, classes), one True each."""
    classes = values.shape[-1]
    if len(labels.shape) == len(values.shape) and labels.shape[-1] == classes:
        labels = ops.argmax(labels, axis=-1)
    elif len(labels.shape) == len(values.shape):
        labels = ops.squeeze(labels, axis=-1)
    return ops.one_hot(ops.cast(labels, "int32"), classes, dtype="bool")


def _decoupled(log_probabilities: Any, target: Any) -> tuple[Any, Any]:
    """Log-probabilities of (target, all others), (batch, 2), and those among the others alone, (batch, classes)."""
    others = ops.where(target, -1e9, log_probabilities)
    of_others = ops.logsumexp(others, axis=-1, keepdims=True)
    of_target = ops.sum(ops.where(target, log_probabilities, 0.0), axis=-1, keepdims=True)
    return ops.concatenate([of_target, of_others], axis=-1), others - of_others


def _mean_square(difference: Any) -> Any:
    return ops.mean(ops.square(difference), axis=tuple(range(1, len(difference.shape))))


def _averaged(map_: Any, sizes: tuple[int, ...]) -> Any:
    """A map (batch, ...) averaged to smaller sizes, each of which divides the present one."""
    if tuple(map_.shape[1:]) == sizes:
        return map_
    split = [part for now, then in zip(map_.shape[1:], sizes, strict=True) for part in (then, now // then)]
    return ops.mean(ops.reshape(map_, (-1, *split)), axis=tuple(range(2, len(split) + 1, 2)))


def _unit(map_: Any) -> Any:
    """Each map as a vector of length 1; one of zeros stays zeros, with a gradient of zero."""
    flat = ops.reshape(map_, (-1, math.prod(map_.shape[1:])))
    return flat / ops.sqrt(ops.maximum(ops.sum(ops.square(flat), axis=-1, keepdims=True), 1e-24))
