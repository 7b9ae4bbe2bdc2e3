import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.distillation.weight import check_weight, weight_at


def test_a_number_or_a_function_of_the_step():
    assert weight_at(0.3, tf.constant(7)) == 0.3
    np.testing.assert_allclose(weight_at(lambda step: step / 2, tf.constant(7)), 3.5)
    schedule = keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)
    np.testing.assert_allclose(weight_at(schedule, tf.constant(4, tf.int64)), 0.6, rtol=1e-6)


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf"), True, "1", None])
def test_no_weight(wrong):
    with pytest.raises(ValueError, match="hard_weight must be a number of at least 0 or a function of the step"):
        check_weight("hard_weight", wrong)
