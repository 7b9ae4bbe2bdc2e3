import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, log_expit, log_softmax, softmax

from kspec.parts.distillation.scores import activation_of, scores_of

LOGITS = arrays("float32", (3, 5), elements=st.floats(-15, 15, width=32))
TEMPERATURES = st.floats(0.5, 20)


@settings(max_examples=100, deadline=None)
@given(logits=LOGITS, temperature=TEMPERATURES)
def test_probabilities_tell_the_same_as_logits_at_every_temperature(logits, temperature):
    expected = log_softmax(logits.astype("float64") / temperature, axis=-1)
    probabilities = softmax(logits, axis=-1)
    for output, activation in ((logits, "linear"), (probabilities, "softmax")):
        found = scores_of(tf.constant(output), activation).log_probabilities(temperature)
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


@settings(max_examples=100, deadline=None)
@given(logits=arrays("float32", (4, 1), elements=st.floats(-9, 9, width=32)), temperature=TEMPERATURES)
def test_a_sigmoid_is_a_distribution_over_two(logits, temperature):
    wide = logits.astype("float64") / temperature
    expected = np.stack([log_expit(wide), log_expit(-wide)], axis=-1)
    for output, activation in ((logits, "linear"), (expit(logits), "sigmoid")):
        found = scores_of(tf.constant(output), activation).log_probabilities(temperature)
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)  # 1 - p has few bits left near 1


def test_certain_predictions_are_finite_with_their_gradients():
    for output, activation in (([[1.0, 0.0, 0.0]], "softmax"), ([[1.0]], "sigmoid"), ([[0.0]], "sigmoid")):
        x = tf.constant(output)
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = tf.reduce_sum(scores_of(x, activation).log_probabilities(4.0))
        assert np.isfinite(found)
        assert np.isfinite(tape.gradient(found, x)).all()


def test_a_gap_of_sixty_logits_survives_and_is_no_clipped_probability():
    found = scores_of(tf.nn.softmax([[0.0, 60.0]]), "softmax").log_probabilities(1.0)
    np.testing.assert_allclose(found, [[-60.0, 0.0]], rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_probabilities_of_sixteen_bits_are_refused_and_logits_are_not(dtype):
    with pytest.raises(ValueError, match="dtype='float32'"):
        scores_of(tf.cast([[0.5, 0.5]], dtype), "softmax")
    assert scores_of(tf.cast([[0.5, 0.5]], dtype), "linear").values.dtype == "float32"


def _ends(*layers):
    return keras.Sequential([keras.Input((3,)), *layers])


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([keras.layers.Dense(2)], "linear"),
        ([keras.layers.Dense(2, activation="softmax")], "softmax"),
        ([keras.layers.Dense(1, activation="sigmoid")], "sigmoid"),
        ([keras.layers.Dense(2), keras.layers.Softmax()], "softmax"),
        ([keras.layers.Dense(2), keras.layers.Activation("softmax", dtype="float32")], "softmax"),
        ([keras.layers.Dense(2, activation="softmax"), keras.layers.Activation("linear")], "softmax"),
        ([keras.layers.Dense(2), keras.layers.Activation("linear")], "linear"),
        ([_ends(keras.layers.Dense(2, activation="softmax"))], "softmax"),
    ],
)
def test_the_last_layer_says_what_comes_out(layers, expected):
    assert activation_of(_ends(*layers), None, "student") == expected


def test_what_cannot_be_seen_must_be_said():
    model = _ends(keras.layers.Dense(2), keras.layers.Rescaling(0.1))
    with pytest.raises(ValueError, match="say student_activation="):
        activation_of(model, None, "student")
    assert activation_of(model, "linear", "student") == "linear"
    with pytest.raises(ValueError, match=r"teacher_activation must be one of linear, .*, numbers, not 'relu'"):
        activation_of(model, "relu", "teacher")


def test_one_output():
    x = keras.Input((3,))
    with pytest.raises(ValueError, match="the teacher has 2 outputs"):
        activation_of(keras.Model(x, [x, x]), None, "teacher")


def test_logits_of_several_labels_and_numbers():
    logits = np.array([[1.0, -2.0]], "float32")
    labels, numbers = scores_of(logits, "sigmoid_logits"), scores_of(logits, "numbers")
    assert (labels.kind, numbers.kind) == ("sigmoid", "numbers")
    expected = [[[np.log(1 / (1 + np.exp(-z))), np.log(1 / (1 + np.exp(z)))] for z in (0.5, -1.0)]]
    np.testing.assert_allclose(labels.log_probabilities(2.0), expected, rtol=1e-6)
    np.testing.assert_array_equal(numbers.values, logits)
    assert scores_of(tf.cast(logits, "float16"), "numbers").values.dtype == "float32"
    with pytest.raises(ValueError, match="numbers have no probabilities to soften"):
        numbers.log_probabilities(2.0)
