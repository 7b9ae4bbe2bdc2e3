import keras
import numpy as np
import pytest

from kspec.parts.callbacks.linear_warmup import LinearWarmup

X = np.ones((12, 2), "float32")
Y = np.zeros((12, 1), "float32")


class Seen(keras.callbacks.Callback):
    """Notes the rate that each step runs with."""

    def __init__(self):
        super().__init__()
        self.rates = []

    def on_train_batch_begin(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))


def fit(callbacks, optimizer=None, epochs=2, **arguments):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer or keras.optimizers.SGD(0.4), "mse", jit_compile=False, **arguments)
    model.fit(X, Y, batch_size=2, epochs=epochs, verbose=0, callbacks=callbacks)
    return model


def test_rises_in_a_straight_line_over_epochs_and_then_stays():
    seen = Seen()
    fit([LinearWarmup(8, initial=0.08), seen])
    assert seen.rates == pytest.approx([0.08, 0.12, 0.16, 0.2, 0.24, 0.28, 0.32, 0.36, 0.4, 0.4, 0.4, 0.4])


def test_same_weights_as_the_schedule():
    from kspec.parts.schedules import Warmup

    weights = []
    for optimizer, callbacks in [
        (keras.optimizers.SGD(0.1), [LinearWarmup(8)]),
        (keras.optimizers.SGD(Warmup(0.1, 8)), []),
    ]:
        keras.utils.set_random_seed(0)
        weights.append(fit(callbacks, optimizer).get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_leaves_the_rate_to_others_afterwards():
    reduce = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, factor=0.5, min_delta=100.0)
    assert float(fit([LinearWarmup(2), reduce], epochs=3).optimizer.learning_rate) == pytest.approx(0.1)


def test_moves_every_execution_where_several_steps_are_one_call():
    seen = Seen()
    fit([LinearWarmup(4), seen], steps_per_execution=3)
    assert seen.rates == pytest.approx([0.0, 0.3, 0.4, 0.4])


def test_warms_up_the_optimizer_inside_loss_scaling():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.4))
    assert float(fit([LinearWarmup(4)], optimizer).optimizer.learning_rate) == pytest.approx(0.4)


def test_starts_anew_with_every_training():
    warmup, seen = LinearWarmup(4), Seen()
    model = fit([warmup])
    model.fit(X, Y, batch_size=2, epochs=1, verbose=0, callbacks=[warmup, seen])
    assert seen.rates[:5] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_a_schedule_for_a_rate_is_refused():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    with pytest.raises(ValueError, match="use Warmup"):
        fit([LinearWarmup(4)], keras.optimizers.SGD(schedule))


@pytest.mark.parametrize("arguments", [{"warmup_steps": 0}, {"warmup_steps": 3, "initial": -0.1}])
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="must be at least"):
        LinearWarmup(**arguments)
