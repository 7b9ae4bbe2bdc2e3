"""The losses against NumPy in float64, against Keras, and at the point where the student is as its teacher."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, softmax

from kspec.parts.distillation.losses import (
    AttentionTransfer,
    DecoupledDistillation,
    FeatureDistillation,
    LogitsDistillation,
    PredictionDistillation,
)
from kspec.parts.distillation.scores import scores_of

LOGITS = arrays("float32", (4, 5), elements=st.floats(-8, 8, width=32))
TEMPERATURES = st.floats(1, 10)
LABELS = np.array([0, 4, 2, 2])


def _of_outputs(loss, teacher, student, labels=None, activation="linear"):
    found = loss.of_outputs(labels, *(scores_of(tf.constant(one), activation) for one in (teacher, student)))
    return np.asarray(found)


def _kl(teacher, student):
    return (teacher * (np.log(teacher) - np.log(student))).sum(axis=-1)


def _soft(logits, temperature):
    return softmax(logits.astype("float64") / temperature, axis=-1)


@settings(max_examples=150, deadline=None)
@given(teacher=LOGITS, student=LOGITS, temperature=TEMPERATURES)
def test_logits_are_numpys_and_keras_divergence_at_the_temperature(teacher, student, temperature):
    expected = temperature**2 * _kl(_soft(teacher, temperature), _soft(student, temperature))
    loss = LogitsDistillation(temperature)
    # 1e-6 of T^2 times the log-probabilities that are subtracted from each other.
    np.testing.assert_allclose(_of_outputs(loss, teacher, student), expected, rtol=1e-6, atol=1e-6 * temperature**2)
    given_probabilities = _of_outputs(loss, softmax(teacher, -1), softmax(student, -1), activation="softmax")
    np.testing.assert_allclose(given_probabilities, expected, rtol=1e-5, atol=2e-6 * temperature**2)
    keras_own = keras.losses.KLDivergence(reduction="none")(
        *(tf.nn.softmax(one / np.float32(temperature)) for one in (teacher, student))
    )
    np.testing.assert_allclose(keras_own * temperature**2, expected, rtol=1e-4, atol=1e-5 * temperature**2)


def test_logits_by_hand():
    # Both softened at T = 2: teacher (0.8, 0.2), student (0.5, 0.5); 4 * (0.8 ln 1.6 + 0.2 ln 0.4).
    teacher, student = np.array([[2 * np.log(4), 0]], "float32"), np.zeros((1, 2), "float32")
    expected = 4 * (0.8 * np.log(1.6) + 0.2 * np.log(0.4))
    np.testing.assert_allclose(_of_outputs(LogitsDistillation(2.0), teacher, student), [expected], rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    teacher=arrays("float32", (4, 2), elements=st.floats(-5, 5, width=32)),
    student=arrays("float32", (4, 2), elements=st.floats(-5, 5, width=32)),
    temperature=TEMPERATURES,
)
def test_each_sigmoid_is_a_divergence_of_its_own(teacher, student, temperature):
    p, q = (expit(one.astype("float64") / temperature) for one in (teacher, student))
    expected = temperature**2 * (_kl(np.stack([p, 1 - p], -1), np.stack([q, 1 - q], -1)))
    found = _of_outputs(LogitsDistillation(temperature), expit(teacher), expit(student), activation="sigmoid")
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * temperature**2)


@settings(max_examples=60, deadline=None)
@given(logits=LOGITS, temperature=TEMPERATURES, shift=st.floats(-5, 5))
def test_a_student_like_its_teacher_has_no_loss_and_no_gradient(logits, temperature, shift):
    student = tf.constant(logits)
    for loss in (LogitsDistillation(temperature), DecoupledDistillation(temperature)):
        with tf.GradientTape() as tape:
            tape.watch(student)
            value = loss.of_outputs(
                LABELS, scores_of(logits + np.float32(shift), "linear"), scores_of(student, "linear")
            )
        np.testing.assert_allclose(value, np.zeros(4), atol=1e-5 * temperature**2)
        np.testing.assert_allclose(tape.gradient(value, student), np.zeros((4, 5)), atol=1e-5 * temperature)
    exact = _of_outputs(LogitsDistillation(temperature), logits, logits)
    np.testing.assert_array_equal(exact, np.zeros(4))


@settings(max_examples=60, deadline=None)
@given(teacher=LOGITS, student=LOGITS, temperature=TEMPERATURES)
def test_the_gradient_is_hintons(teacher, student, temperature):
    # arXiv:1503.02531, equation 2, times T^2: T * (q - p).
    x = tf.constant(student)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = LogitsDistillation(temperature).of_outputs(None, scores_of(teacher, "linear"), scores_of(x, "linear"))
    expected = temperature * (_soft(student, temperature) - _soft(teacher, temperature))
    np.testing.assert_allclose(tape.gradient(value, x), expected, rtol=1e-4, atol=1e-5 * temperature)


def _decoupled(teacher, student, temperature, alpha, beta):
    """Equations 5 to 7 of arXiv:2203.08679, a row at a time."""
    found = []
    for p, q, target in zip(_soft(teacher, temperature), _soft(student, temperature), LABELS, strict=True):
        pair = [np.array([one[target], 1 - one[target]]) for one in (p, q)]
        rest = [np.delete(one, target) / (1 - one[target]) for one in (p, q)]
        found.append(alpha * _kl(*pair) + beta * _kl(*rest))
    return temperature**2 * np.array(found)


@settings(max_examples=100, deadline=None)
@given(teacher=LOGITS, student=LOGITS, temperature=st.floats(2, 8), alpha=st.floats(0, 4), beta=st.floats(0, 8))
def test_decoupled_is_the_papers(teacher, student, temperature, alpha, beta):
    loss = DecoupledDistillation(temperature, alpha, beta)
    expected = _decoupled(teacher, student, temperature, alpha, beta)
    one_hot = np.eye(5)[LABELS]
    for labels in (LABELS, LABELS[:, None], one_hot, 0.9 * one_hot + 0.02):
        found = _of_outputs(loss, teacher, student, labels)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * temperature**2)


@settings(max_examples=60, deadline=None)
@given(teacher=LOGITS, student=LOGITS)
def test_the_plain_divergence_is_the_decoupled_one_weighed_with_doubt(teacher, student):
    plain = _of_outputs(LogitsDistillation(3.0), teacher, student)
    for row, doubt in enumerate(1 - _soft(teacher, 3.0)[np.arange(4), LABELS]):
        apart = _of_outputs(DecoupledDistillation(3.0, 1.0, float(doubt)), teacher, student, LABELS)
        np.testing.assert_allclose(apart[row], plain[row], rtol=1e-4, atol=1e-4)


def test_decoupled_needs_a_target_class():
    scores = scores_of(tf.zeros((2, 1)), "linear")
    with pytest.raises(ValueError, match="softmax"):
        DecoupledDistillation().of_outputs(np.zeros(2), scores, scores)
    scores = scores_of(tf.zeros((2, 3)), "linear")
    with pytest.raises(ValueError, match="labels"):
        DecoupledDistillation().of_outputs(None, scores, scores)


def test_features_by_hand():
    loss = FeatureDistillation("a", "b")
    found = loss.of_features(tf.constant([[1.0, 2.0], [0.0, 0.0]]), tf.constant([[3.0, 2.0], [0.0, 1.0]]))
    np.testing.assert_allclose(found, [2.0, 0.5])


def _map(features):
    flat = (features.astype("float64") ** 2).sum(-1).reshape(len(features), -1)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def test_attention_is_the_papers_whatever_the_widths():
    random = np.random.default_rng(0)
    teacher, student = random.normal(size=(2, 4, 6, 8)), random.normal(size=(2, 4, 6, 3))
    expected = ((_map(teacher) - _map(student)) ** 2).mean(axis=1)
    found = AttentionTransfer("a", "b").of_features(teacher.astype("float32"), student.astype("float32"))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_the_larger_map_is_averaged():
    random = np.random.default_rng(0)
    teacher, student = random.normal(size=(2, 4, 6, 8)), random.normal(size=(2, 2, 2, 3))
    squares = (teacher**2).sum(-1).reshape(2, 2, 2, 2, 3).mean(axis=(2, 4))
    expected = ((_map(np.sqrt(squares)[..., None]) - _map(student)) ** 2).mean(axis=1)
    loss = AttentionTransfer("a", "b")
    np.testing.assert_allclose(loss.of_features(np.float32(teacher), np.float32(student)), expected, rtol=1e-5)
    np.testing.assert_allclose(loss.of_features(np.float32(student), np.float32(teacher)), expected, rtol=1e-5)


def test_a_dead_layer_has_a_finite_gradient():
    x = tf.zeros((2, 3, 3, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = AttentionTransfer("a", "b").of_features(tf.ones((2, 3, 3, 2)), x)
    assert np.isfinite(tape.gradient(value, x)).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LogitsDistillation(0), "temperature must be a number above 0, not 0"),
        (lambda: LogitsDistillation(float("nan")), "temperature"),
        (lambda: LogitsDistillation(weight=-1), "weight must be a number of at least 0 or a function"),
        (lambda: DecoupledDistillation(temperature=-1), "temperature"),
        (lambda: DecoupledDistillation(alpha=-1), "alpha must be"),
        (lambda: DecoupledDistillation(beta=float("inf")), "beta must be"),
        (lambda: FeatureDistillation("a", "b", weight="1"), "weight must be"),
        (lambda: AttentionTransfer("a", "b", weight=True), "weight must be"),
        (lambda: AttentionTransfer("a", "b", projection=True), "nothing to project"),
    ],
)
def test_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_predictions_by_hand():
    teacher, student = np.array([[3.0, 50.0], [1.0, 1.0]], "float32"), np.array([[1.0, 53.0], [1.0, 1.0]], "float32")
    found = _of_outputs(PredictionDistillation(), teacher, student, activation="numbers")
    np.testing.assert_allclose(found, [6.5, 0.0])  # (2^2 + 3^2) / 2


@pytest.mark.parametrize("wrong", ["0.5", True, -1, float("inf")])
@pytest.mark.parametrize("name", ["temperature", "alpha", "beta", "weight"])
def test_arguments_that_are_no_numbers(name, wrong):
    with pytest.raises(ValueError, match=f"{name} must be a number"):
        DecoupledDistillation(**{name: wrong})


def test_arguments_of_numpy_give_the_same_loss():
    logits = np.array([[1.0, 2.0, 0.0]], "float32"), np.array([[0.0, 1.0, 3.0]], "float32")
    ours = _of_outputs(DecoupledDistillation(3.0, 1.0, 8.0), *logits, np.array([0]))
    numpys = _of_outputs(DecoupledDistillation(np.float64(3), np.float32(1), np.int64(8)), *logits, np.array([0]))
    assert (numpys.dtype, numpys.tolist()) == (ours.dtype, ours.tolist())
