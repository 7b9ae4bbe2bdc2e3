import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.distillation.weight import Ramp, check_weight, weight_at


def test_a_number_or_a_function_of_the_step():
    assert weight_at(0.3, tf.constant(7)) == 0.3
    np.testing.assert_allclose(weight_at(lambda step: step / 2, tf.constant(7)), 3.5)
    schedule = keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)
    np.testing.assert_allclose(weight_at(schedule, tf.constant(4, tf.int64)), 0.6, rtol=1e-6)


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf"), True, "1", None])
def test_no_weight(wrong):
    with pytest.raises(ValueError, match="hard_weight must be a number of at least 0 or a function of the step"):
        check_weight("hard_weight", wrong)


def test_numbers_of_numpy():
    for number in (np.float32(0.5), np.float64(0.5), np.int64(2)):
        check_weight("hard_weight", number)
        assert type(weight_at(number, tf.constant(7))) is float
    with pytest.raises(ValueError, match="must be a number"):
        check_weight("hard_weight", np.bool_(True))


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ("linear", [1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.2]),
        # 0.2 + 0.8 * (1 + cos(pi * t)) / 2 at t = 0, 1/4, 1/2, 3/4, 1
        ("cosine", [1.0, 1.0, 0.8828427, 0.6, 0.3171573, 0.2, 0.2]),
    ],
)
def test_a_ramp_between_two_steps(curve, expected):
    ramp = Ramp(1.0, 0.2, begin=2, end=6, curve=curve)
    found = [float(weight_at(ramp, tf.constant(step))) for step in (0, 2, 3, 4, 5, 6, 9)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0, -0.1, 0, 4), "final must be a number of at least 0"),
        ((None, 1.0, 0, 4), "initial must be a number of at least 0"),
        ((0.0, 1.0, 4, 4), "begin must be at least 0 and below end"),
        ((0.0, 1.0, -1, 4), "begin must be at least 0 and below end"),
        ((0.0, 1.0, 0, 4, "steep"), "curve must be 'linear' or 'cosine'"),
    ],
)
def test_no_ramp(arguments, message):
    with pytest.raises(ValueError, match=message):
        Ramp(*arguments)
