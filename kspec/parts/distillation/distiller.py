"""The Distiller: `fit` trains the student on the labels and on what its teacher says of the same batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
from keras import ops

from kspec.parts.distillation.cache import INPUTS, TEACHER_SCORES, TeacherCache
from kspec.parts.distillation.features import FeatureLoss, check_shapes, projection_for, with_features
from kspec.parts.distillation.losses import (
    AttentionTransfer,
    DecoupledDistillation,
    FeatureDistillation,
    LogitsDistillation,
)
from kspec.parts.distillation.scores import Activation, Scores, activation_of, scores_of
from kspec.parts.distillation.teachers import FixedTeachers, PastSelf, SelfTeacher
from kspec.parts.distillation.weight import Weight, check_weight, weight_at

SoftLoss = LogitsDistillation | DecoupledDistillation | FeatureDistillation | AttentionTransfer
Teacher: TypeAlias = "keras.Model | Sequence[keras.Model] | SelfTeacher | TeacherCache"


class Distiller(keras.Model):
    """Trains a student network on labels and on its teacher's predictions and features.

    loss = hard_weight * (the compiled loss) + sum of weight * (each of `soft`) + the student's own regularizers.

    Teacher and student see the same batch, so the same augmented view (L. Beyer et al., arXiv:2106.05237), in one run
    each: features come from the pass that gives the output. Sample weights and class weights count in every part. The
    teacher runs in inference mode and gets no gradient; nothing of it is changed. Predictions, evaluation (its loss is
    the compiled one, with regularizers), metrics, `save`, `save_weights`, `load_weights` and `export` are the
    student's alone: no checkpoint holds a teacher. It works with jit on and off, in mixed precision, on TensorFlow and
    JAX.

    teacher: a trained network; a list of them (their mean speaks); a `SelfTeacher`; or a `TeacherCache`, where the
        batches bring the teacher's scores along (`TeacherCache.attach`).
    student: a built network with one output, of logits or probabilities.
    soft: losses to the teacher: `LogitsDistillation` (default, T = 4, weight 0.9), `DecoupledDistillation`,
        `FeatureDistillation`, `AttentionTransfer`; one or several.
    hard_weight: of the compiled loss, 0.1 by default; a number or a function of the step, as every weight. Compiled
        without a loss, the student learns from the teacher alone.
    teacher_weights: of several teachers; equal by default.
    teacher_activation, student_activation: "linear", "softmax" or "sigmoid" where the last layer does not say it.

    Training logs hold `hard_loss`, the compiled one, and `soft_loss`, the weighted sum of the others, beside `loss`.
    Raises ValueError for networks that do not fit each other and for arguments out of range.

    Example:
        distiller = Distiller(teacher, student, LogitsDistillation(temperature=4, weight=0.9), hard_weight=0.1)
        distiller.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        distiller.fit(x, y, epochs=10, validation_data=(x_val, y_val))
        distiller.save("student.keras")
    """

    def __init__(
        self,
        teacher: Teacher,
        student: keras.Model,
        soft: SoftLoss | Sequence[SoftLoss] = LogitsDistillation(),  # noqa: B008 (frozen)
        *,
        hard_weight: Weight = 0.1,
        teacher_weights: Sequence[float] | None = None,
        teacher_activation: Activation | None = None,
        student_activation: Activation | None = None,
        name: str = "distiller",
    ) -> None:
        # The student casts its inputs itself; cast here, they would lose bits before the student's first layers.
        super().__init__(name=name, dtype=student.dtype_policy, autocast=False)
        check_weight("hard_weight", hard_weight)
        if not student.built:
            raise ValueError("the student must be built: call it on a batch, or give it an Input")
        self.student, self.hard_weight = student, hard_weight
        self._parts = _Parts(soft, student, activation_of(student, student_activation, "student"))
        self._parts.set_teacher(teacher, teacher_weights, teacher_activation)
        self.projections = self._parts.projections(student.dtype_policy)
        if isinstance(self._parts.teacher, PastSelf):
            self._parts.teacher.make_variables(self.add_weight)
        self._step = self.add_weight(
            name="step", shape=(), dtype="int", initializer="zeros", trainable=False, aggregation="only_first_replica"
        )
        self.hard_tracker, self.soft_tracker = keras.metrics.Mean("hard_loss"), keras.metrics.Mean("soft_loss")
        self._is_training = False  # of the step that is being traced: Keras asks for its metrics after its loss
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The student's output; when training on features, {"output": it, "features": its features}."""
        inputs, _ = _split(inputs)
        if training and self._parts.tapped is not None:
            output, *features = self._parts.tapped(inputs, training=True)
            return {"output": output, "features": features}
        return self.student(inputs, training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of the class docstring; outside training that of the student alone."""
        output, features = _parted(y_pred)
        self._is_training = training
        # First, since calling a network clears what its layers added.
        own = sum((self._aggregate_additional_loss(loss) for loss in self.losses), ops.zeros(()))
        hard = None if self._compile_loss is None else self._compile_loss(y, output, sample_weight)
        hard = ops.zeros(()) if hard is None else hard
        if not training:
            return hard + own
        soft = self._soft_loss(x, y, output, features, sample_weight)
        self.hard_tracker.update_state(hard)
        self.soft_tracker.update_state(soft)
        total = weight_at(self.hard_weight, self._step) * hard + soft + own
        self._step.assign_add(1)
        return total

    def _soft_loss(self, x: Any, y: Any, output: Any, features: list[Any], sample_weight: Any) -> Any:
        """The weighted sum of the losses to the teacher."""
        inputs, given = _split(x)
        student = scores_of(output, self._parts.activation)
        of_teacher, teacher_features = self._parts.ask(inputs, given, student)
        pairs = iter(zip(teacher_features, features, self.projections, strict=True))
        total = ops.zeros(())
        for loss in self._parts.losses:
            if isinstance(loss, FeatureLoss):
                theirs, ours, projection = next(pairs)
                values = loss.of_features(theirs, projection(ours))
            else:
                values = loss.of_outputs(y, of_teacher, student)
            reduced = _Mean()(values, values, sample_weight)
            total = total + weight_at(loss.weight, self._step) * reduced
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The student's metrics; outside training without the parts of the loss."""
        output, _ = _parted(y_pred)
        found = super().compute_metrics(_split(x)[0], y, output, sample_weight)
        parts = () if self._is_training else (self.hard_tracker.name, self.soft_tracker.name)
        return {name: value for name, value in found.items() if name not in parts}

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The layer's own; on JAX with the teachers', which would otherwise be compiled into the step as constants.

        They are in neither `variables` nor `weights`, so in no checkpoint and no state of a training.
        """
        own: list[Any] = super().non_trainable_variables
        return [*own, *self._parts.teacher_variables] if keras.backend.backend() == "jax" else own

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves the student, as `keras.Model.save` does."""
        self.student.save(filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves the student's weights."""
        self.student.save_weights(filepath, overwrite=overwrite, **kwargs)

    def load_weights(self, filepath: Any, **kwargs: Any) -> None:
        """Loads weights into the student."""
        self.student.load_weights(filepath, **kwargs)

    def export(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Exports the student."""
        self.student.export(filepath, *args, **kwargs)


class _Parts:
    """What a Distiller uses and does not own: Keras neither tracks, counts nor saves what it holds."""

    def __init__(self, soft: SoftLoss | Sequence[SoftLoss], student: keras.Model, activation: Activation) -> None:
        self.losses: list[SoftLoss] = list(soft) if isinstance(soft, Sequence) else [soft]
        if not self.losses or not all(isinstance(loss, SoftLoss) for loss in self.losses):
            raise ValueError("soft must be a loss to the teacher or a list of them, such as LogitsDistillation()")
        self.features = [loss for loss in self.losses if isinstance(loss, FeatureLoss)]
        self.student, self.activation = student, activation
        layers = [loss.student_layer_name for loss in self.features]
        self.tapped = with_features(student, layers, "student") if layers else None
        self.teacher: FixedTeachers | PastSelf | TeacherCache

    def set_teacher(self, teacher: Teacher, weights: Sequence[float] | None, activation: Activation | None) -> None:
        """Raises ValueError for a teacher that does not fit the student and the losses."""
        layers = [loss.teacher_layer_name for loss in self.features]
        if isinstance(teacher, SelfTeacher):
            self.teacher = PastSelf(self.student, self.activation, teacher.decay, layers)
        elif isinstance(teacher, TeacherCache):
            if layers:
                raise ValueError("features need a network as the teacher: a cache holds predictions only")
            self.teacher = teacher
        else:
            models = list(teacher) if isinstance(teacher, Sequence) else [teacher]
            _check_models(models, self.student)
            self.teacher = FixedTeachers(models, weights, activation, layers)
        for loss, theirs, ours in self._pairs():
            check_shapes(loss, theirs, ours)

    def _pairs(self) -> list[tuple[FeatureLoss, Any, Any]]:
        """Each feature loss with the shapes of the features of teacher and student, (batch, ..., channels)."""
        if self.tapped is None or not isinstance(self.teacher, FixedTeachers | PastSelf):
            return []
        ours = [tensor.shape for tensor in self.tapped.outputs[1:]]
        return list(zip(self.features, self.teacher.feature_shapes, ours, strict=True))

    @property
    def teacher_variables(self) -> list[Any]:
        """The variables of fixed teachers; those of a `PastSelf` belong to the Distiller."""
        return self.teacher.variables if isinstance(self.teacher, FixedTeachers) else []

    def projections(self, policy: Any) -> list[keras.layers.Layer]:
        """A layer for each feature loss: the trained map to the teacher's width, or one that changes nothing."""
        found = (projection_for(loss, theirs, ours, policy) for loss, theirs, ours in self._pairs())
        return [keras.layers.Identity(dtype=policy) if one is None else one for one in found]

    def ask(self, inputs: Any, given: Any, student: Scores) -> tuple[Scores, list[Any]]:
        """The teacher's scores and features for a batch; `given` are scores that came with it."""
        features: list[Any] = []
        if isinstance(self.teacher, TeacherCache):
            if given is None or self.teacher.kind is None:
                raise ValueError(
                    "the teacher is a cache, and the batch brings no scores along: see TeacherCache.attach"
                )
            teacher = Scores(ops.cast(given, "float32"), self.teacher.kind)
        elif given is not None:
            raise ValueError("the batch brings a teacher's scores along: give the TeacherCache as the teacher")
        else:
            if isinstance(self.teacher, PastSelf):
                self.teacher.follow()
            teacher, features = self.teacher(inputs)
        theirs, ours = (teacher.kind, *teacher.values.shape[1:]), (student.kind, *student.values.shape[1:])
        if theirs != ours:
            raise ValueError(f"the teacher gives {theirs} for each example, the student {ours}")
        return teacher, features


class _Mean(keras.losses.Loss):
    """Keras' reduction, sample weights and all, of values that are losses already."""

    def __init__(self) -> None:
        super().__init__(name="mean")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return y_pred


def _check_models(models: Sequence[Any], student: keras.Model) -> None:
    if not models or not all(isinstance(model, keras.Model) for model in models):
        raise ValueError("the teacher must be a keras.Model, a list of them, a SelfTeacher or a TeacherCache")
    if not all(model.built for model in models):
        raise ValueError("a teacher must be built, and trained")
    ours = {id(variable) for variable in student.variables}
    if any(id(variable) in ours for model in models for variable in model.variables):
        raise ValueError("teacher and student share weights: a SelfTeacher teaches the student by its own past")


def _split(inputs: Any) -> tuple[Any, Any]:
    """The inputs of the student, and the teacher's scores where the batch brings them along (else None)."""
    if isinstance(inputs, dict) and set(inputs) == {INPUTS, TEACHER_SCORES}:
        return inputs[INPUTS], inputs[TEACHER_SCORES]
    return inputs, None


def _parted(y_pred: Any) -> tuple[Any, list[Any]]:
    """The student's output and its features, from what `call` gives."""
    return (y_pred["output"], y_pred["features"]) if isinstance(y_pred, dict) else (y_pred, [])
