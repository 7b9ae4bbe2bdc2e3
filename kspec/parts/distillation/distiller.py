"""The Distiller: `fit` trains the student on the labels and on what its teacher says of the same batch."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
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
    PredictionDistillation,
)
from kspec.parts.distillation.objectives import regression_loss, takes_sigmoid_logits
from kspec.parts.distillation.scores import Activation, Scores, activation_of, check_activation, scores_of
from kspec.parts.distillation.teachers import FixedTeachers, PastSelf, SelfTeacher
from kspec.parts.distillation.weight import Weight, check_weight, weight_at

OfClasses = LogitsDistillation | DecoupledDistillation
SoftLoss = OfClasses | PredictionDistillation | FeatureDistillation | AttentionTransfer
Teacher: TypeAlias = "keras.Model | Sequence[keras.Model] | SelfTeacher | TeacherCache"


class Distiller(keras.Model):
    """Trains a student network on labels and on its teacher's predictions and features.

    loss = hard_weight * (the compiled loss) + sum of weight * (each of `soft`) + the student's own regularizers.

    Teacher and student see the same batch, so the same augmented view (L. Beyer et al., arXiv:2106.05237), in one run
    each: features come from the pass that gives the output. Sample weights and class weights count in every part; where
    a part is one number for an example, those of its positions (batch, positions) count by their mean. The
    teacher runs in inference mode and gets no gradient; nothing of it is changed. Predictions, evaluation (its loss is
    the compiled one, with regularizers), metrics, `save`, `save_weights`, `load_weights` and `export` are the
    student's alone: no checkpoint holds a teacher, nor the optimizer, so `fit` takes no `BackupAndRestore`. It works
    with jit on and off, in mixed precision, on TensorFlow and JAX.

    teacher: a trained network; a list of them (their mean speaks); a `SelfTeacher`; or a `TeacherCache`, where the
        batches bring the teacher's scores along (`TeacherCache.attach`).
    student: a built network with one output, of logits, probabilities, or numbers in a regression.
    soft: losses to the teacher: `LogitsDistillation` (default, T = 4, weight 0.9), `DecoupledDistillation`,
        `FeatureDistillation`, `AttentionTransfer`; one or several. For a regression `PredictionDistillation` in place
        of the first two.
    hard_weight: of the compiled loss, 0.1 by default; a number or a function of the step, as every weight. Compiled
        without a loss, the student learns from the teacher alone.
    teacher_weights: of several teachers; equal by default.
    teacher_activation, student_activation: "linear", "softmax", "sigmoid" or "sigmoid_logits", where the last layer
        does not say it. Several linear units are logits of a softmax, unless the student is compiled with a binary
        cross-entropy of `from_logits=True`: then each is a sigmoid's, and a linear teacher's too.

    Training logs hold `hard_loss`, the compiled one, and `soft_loss`, the weighted sum of the others, beside `loss`.
    Raises ValueError for networks that do not fit each other and for arguments out of range; `compile` raises it for a
    regression loss on linear units with a loss to the teacher that takes them for logits.

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
        self._parts = _Parts(soft, student, student_activation)
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

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """As `keras.Model.compile`.

        Raises:
            ValueError: a regression loss of Keras on linear units, which a loss to the teacher takes for logits.
        """
        given = _argument(keras.Model.compile, "loss", self, *args, **kwargs)
        # Keras keeps the loss of an earlier `compile` where this one gives none.
        self._parts.read_for(self.loss if given is None else given)
        super().compile(*args, **kwargs)

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.fit`.

        Raises:
            ValueError: a `BackupAndRestore` among the callbacks, or what does not fit is seen in the first batch.
        """
        callbacks = _argument(keras.Model.fit, "callbacks", self, *args, **kwargs)
        found = getattr(callbacks, "callbacks", callbacks)  # of a CallbackList
        if any(isinstance(one, keras.callbacks.BackupAndRestore) for one in keras.tree.flatten(found)):
            raise ValueError(
                "BackupAndRestore would save the student's weights alone, and go on without the optimizer's state and "
                "the step: `kspec run` and `kspec resume` go on exactly; ModelCheckpoint keeps the student"
            )
        return super().fit(*args, **kwargs)

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
        if self._compile_loss is not None and y is None:
            raise ValueError(
                "the compiled loss needs labels, and the data have none: give them, or compile without a loss, so that "
                "the teacher alone teaches"
            )
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
            reduced = _Mean()(values, values, _weights_for(values, sample_weight))
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

    def __init__(
        self, soft: SoftLoss | Sequence[SoftLoss], student: keras.Model, activation: Activation | None
    ) -> None:
        self.losses: list[SoftLoss] = list(soft) if isinstance(soft, Sequence) else [soft]
        if not self.losses or not all(isinstance(loss, SoftLoss) for loss in self.losses):
            raise ValueError("soft must be a loss to the teacher or a list of them, such as LogitsDistillation()")
        self.features = [loss for loss in self.losses if isinstance(loss, FeatureLoss)]
        self.student = student
        given = self._as_read(activation, "student")
        self.activation = activation_of(student, given, "student")
        self._is_open = given is None and self.activation == "linear"
        layers = [loss.student_layer_name for loss in self.features]
        self.tapped = with_features(student, layers, "student") if layers else None
        self.teacher: FixedTeachers | PastSelf | TeacherCache

    def set_teacher(self, teacher: Teacher, weights: Sequence[float] | None, activation: Activation | None) -> None:
        """Raises ValueError for a teacher that does not fit the student and the losses."""
        layers = [loss.teacher_layer_name for loss in self.features]
        if isinstance(teacher, SelfTeacher | TeacherCache):
            _check_not_given(teacher, teacher_weights=weights, teacher_activation=activation)
        if isinstance(teacher, SelfTeacher):
            self.teacher = PastSelf(self.student, self.activation, teacher.decay, layers)
        elif isinstance(teacher, TeacherCache):
            if layers:
                raise ValueError("features need a network as the teacher: a cache holds predictions only")
            self.teacher = teacher
        else:
            models = list(teacher) if isinstance(teacher, Sequence) else [teacher]
            _check_models(models, self.student)
            self.teacher = FixedTeachers(models, weights, self._as_read(activation, "teacher"), layers)
            if self.activation == "sigmoid_logits":
                self.teacher.read_logits_as(self.activation)
        for loss, theirs, ours in self._pairs():
            check_shapes(loss, theirs, ours)

    def _as_read(self, given: Activation | None, whose: str) -> Activation | None:
        """What is to be known of an output; without a loss that softens it, it is read as it is.

        Raises ValueError for losses and activations that do not go together.
        """
        check_activation(given, whose)
        names = [type(loss).__name__ for loss in self.losses if isinstance(loss, OfClasses)]
        if any(isinstance(loss, PredictionDistillation) for loss in self.losses):
            if names:
                raise ValueError(f"{names[0]} is for classes, and PredictionDistillation for numbers: one of the two")
            if given not in (None, "numbers"):
                raise ValueError(
                    f"PredictionDistillation compares outputs as they are: no {whose}_activation={given!r}"
                )
        if names and given == "numbers":
            raise ValueError(f"{names[0]} is for classes: for numbers, soft=PredictionDistillation()")
        return given if names else given or "numbers"

    def read_for(self, loss: Any) -> None:
        """Reads linear units, of which nobody has said what they are, as the compiled loss does.

        Raises ValueError where that takes them for no logits.
        """
        if not self._is_open:
            return
        if (name := regression_loss(loss)) is not None:
            taken = next(type(one).__name__ for one in self.losses if isinstance(one, OfClasses))
            raise ValueError(
                f"{taken} takes the student's linear units for logits, and {name} trains them as numbers: for a "
                "regression soft=PredictionDistillation(); for logits student_activation='linear' or 'sigmoid_logits'"
            )
        self.activation = "sigmoid_logits" if takes_sigmoid_logits(loss) else "linear"
        if not isinstance(self.teacher, TeacherCache):
            self.teacher.read_logits_as(self.activation)

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
            hint = (
                "; say what logits are of by teacher_activation, student_activation" if theirs[1:] == ours[1:] else ""
            )
            raise ValueError(f"the teacher gives {theirs} for each example, the student {ours}{hint}")
        return teacher, features


class _Mean(keras.losses.Loss):
    """Keras' reduction, sample weights and all, of values that are losses already."""

    def __init__(self) -> None:
        super().__init__(name="mean")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return y_pred


def _weights_for(values: Any, sample_weight: Any) -> Any:
    """Sample weights of as many axes as values (batch, ...); those of axes that the values lack, by their mean."""
    if sample_weight is None:
        return None
    found = ops.cast(sample_weight, "float32")
    while len(found.shape) > len(values.shape):
        found = ops.mean(found, axis=-1)
    while len(found.shape) < len(values.shape):
        found = ops.expand_dims(found, axis=-1)
    return found


def _argument(function: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
    """What a call gives for an argument, by position or by name; None where it gives nothing."""
    return inspect.signature(function).bind(*args, **kwargs).arguments.get(name)


def _check_not_given(teacher: SelfTeacher | TeacherCache, **given: Any) -> None:
    name = "SelfTeacher" if isinstance(teacher, SelfTeacher) else "TeacherCache"
    where = "the student is its own teacher" if isinstance(teacher, SelfTeacher) else "TeacherCache.fill takes it"
    if said := [key for key, value in given.items() if value is not None]:
        raise ValueError(f"a {name} goes without {' and '.join(said)}: {where}")


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
    if isinstance(y_pred, dict) and set(y_pred) == {"output", "features"}:
        return y_pred["output"], y_pred["features"]
    if isinstance(y_pred, dict | list | tuple):
        raise ValueError(
            f"the student gives its output in a {type(y_pred).__name__}, and distillation needs the tensor itself"
        )
    return y_pred, []
