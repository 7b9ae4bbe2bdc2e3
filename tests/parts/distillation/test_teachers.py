import keras
import numpy as np
import pytest
from scipy.special import softmax

from kspec import Distiller, LogitsDistillation, SelfTeacher

X = np.random.default_rng(0).normal(size=(24, 2)).astype("float32")
Y = np.arange(24) % 3


def _line(scale):
    """Logits that are scale * (x0, x1, 0)."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, use_bias=False)])
    model.set_weights([np.array([[scale, 0, 0], [0, scale, 0]], "float32")])
    return model


def _said(distiller):
    scores, _ = distiller._parts.teacher(X)
    return np.asarray(scores.values)


def test_several_teachers_are_the_geometric_mean_of_their_predictions():
    student = _line(1.0)
    predictions = [softmax(model.predict(X, verbose=0), -1) for model in (_line(1.0), _line(4.0))]
    mean = Distiller([_line(1.0), _line(4.0)], student)
    np.testing.assert_allclose(softmax(_said(mean), -1), _normed(np.sqrt(predictions[0] * predictions[1])), rtol=1e-5)
    weighted = Distiller([_line(1.0), _line(4.0)], student, teacher_weights=[3, 1])
    expected = _normed(predictions[0] ** 0.75 * predictions[1] ** 0.25)
    np.testing.assert_allclose(softmax(_said(weighted), -1), expected, rtol=1e-5)


def _normed(values):
    return values / values.sum(axis=-1, keepdims=True)


class _Weights(keras.callbacks.Callback):
    """The student's kernel before every step, and after the last."""

    def on_train_begin(self, logs=None):
        self.seen = [self.model.student.get_weights()[0]]

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(self.model.student.get_weights()[0])


@pytest.mark.parametrize("jit", [False, True])
def test_the_average_follows_the_student_step_by_step(jit):
    student = _line(1.0)
    distiller = Distiller(SelfTeacher(0.8), student, LogitsDistillation(2.0), hard_weight=1.0)
    distiller.compile(keras.optimizers.SGD(0.5), _cross_entropy(), jit_compile=jit)
    record = _Weights()
    distiller.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[record])
    average = record.seen[0]
    for kernel in record.seen[:-1]:  # the average moves before the step
        average = 0.8 * average + 0.2 * kernel
    np.testing.assert_allclose(_said(distiller), X @ average, rtol=1e-5, atol=1e-6)
    assert np.abs(record.seen[-1] - average).max() > 0.01


def test_decay_one_is_the_student_as_it_was():
    student = _line(1.0)
    distiller = Distiller(SelfTeacher(1.0), student)
    distiller.compile(keras.optimizers.SGD(0.5), _cross_entropy())
    distiller.fit(X, Y, batch_size=8, verbose=0)
    np.testing.assert_allclose(_said(distiller), _line(1.0)(X), rtol=1e-6)
    assert np.abs(student.get_weights()[0] - _line(1.0).get_weights()[0]).max() > 0.01


def test_statistics_are_averaged_and_random_states_left_alone(network):
    student = network(dropout=0.5)
    distiller = Distiller(SelfTeacher(0.0), student)
    distiller.compile("sgd", "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).normal(3, 2, size=(8, 8, 8, 1)).astype("float32")
    distiller.fit(x, np.arange(8) % 3, batch_size=8, verbose=0)
    random_state = [one for one in distiller._parts.teacher.average if "float" not in one.dtype]
    before = [np.asarray(one) for one in random_state]
    distiller._parts.teacher.follow()
    said, _ = distiller._parts.teacher(x)
    np.testing.assert_allclose(softmax(said.values, -1), student.predict(x, verbose=0), rtol=1e-4)
    assert len(random_state) == 1
    np.testing.assert_array_equal(random_state, before)


def _cross_entropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize("decay", [-0.1, 1.1, float("nan")])
def test_decay_out_of_range(decay):
    with pytest.raises(ValueError, match="decay must be between 0 and 1"):
        SelfTeacher(decay)


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], ["1", 1], [float("nan"), 1]])
def test_wrong_teacher_weights(weights):
    with pytest.raises(ValueError, match="teacher_weights must be 2 numbers"):
        Distiller([_line(1.0), _line(2.0)], _line(1.0), teacher_weights=weights)
