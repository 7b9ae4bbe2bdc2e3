import keras
import numpy as np
import pytest

from kspec.parts.callbacks.terminate_on_nan import TerminateOnNaN


def fit(x, callback, epochs=3, **arguments):
    """Trains one weight on one example a step; the loss is the prediction itself, the weight stays 1."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(1e-30), loss=lambda y, out: out, jit_compile=False, **arguments)
    x = np.array(x, "float32").reshape(-1, 1)
    return model.fit(x, x, batch_size=1, shuffle=False, epochs=epochs, verbose=0, callbacks=[callback])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_stops_at_the_step_and_remembers_it(bad):
    guard = TerminateOnNaN()
    history = fit([1.0, 3.0, bad, 5.0], guard)
    assert len(history.epoch) == 1
    found = guard.stopped
    assert (found.step, found.epoch) == (3, 1)
    assert found.last_finite_loss == pytest.approx(2.0)  # the mean of 1 and 3
    assert found.learning_rate == pytest.approx(1e-30)
    assert not np.isfinite(found.loss)
    assert "at step 3 (epoch 1); last finite loss 2, learning rate 1e-30" in str(found)


def test_counts_steps_over_epochs():
    class Poison(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.model.set_weights([np.array([[np.nan]], "float32")])

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse", jit_compile=False)
    guard = TerminateOnNaN()
    x = np.ones((4, 1), "float32")
    model.fit(x, x, batch_size=1, epochs=5, verbose=0, callbacks=[Poison(), guard])
    assert (guard.stopped.step, guard.stopped.epoch) == (5, 2)
    assert guard.stopped.last_finite_loss is not None


def test_a_first_step_without_a_loss_has_no_last_finite_one():
    guard = TerminateOnNaN()
    fit([np.nan, 1.0], guard)
    assert guard.stopped.last_finite_loss is None
    assert "last finite loss none" in str(guard.stopped)


def test_with_several_steps_a_call_the_step_is_the_last_of_the_call():
    guard = TerminateOnNaN()
    fit([1.0, np.nan, 1.0, 1.0], guard, steps_per_execution=2)
    assert guard.stopped.step == 2


def test_a_healthy_training_goes_to_its_end_and_a_new_one_forgets_the_old():
    guard = TerminateOnNaN()
    fit([np.nan], guard)
    assert len(fit([1.0, 2.0], guard).epoch) == 3
    assert guard.stopped is None
