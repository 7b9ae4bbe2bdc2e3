import keras
import numpy as np
import pytest

from kspec.parts.callbacks.lookahead import Lookahead

X = np.ones((24, 1), "float32")


class _Record(keras.callbacks.Callback):
    """The single weight after every batch, as callbacks that come later see it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(float(self.model.get_weights()[0].item()))


def _fit(callback, epochs=1, **fit):
    """Trains w with loss -w, so that every plain step adds exactly 1; 6 steps an epoch."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    steps_per_execution = fit.pop("steps_per_execution", 1)
    model.compile(
        keras.optimizers.SGD(1.0), lambda y, p: -p, jit_compile=False, steps_per_execution=steps_per_execution
    )
    record = _Record()
    model.fit(X, X, batch_size=4, epochs=epochs, verbose=0, callbacks=[callback, record], **fit)
    return record.seen, model


def test_constant_decay_by_hand():
    # Slow 0; after 2 steps the weight is 2, slow becomes 1; then 3 -> 2; then 4 -> 3; the last copy changes nothing.
    assert _fit(Lookahead(every=2, decay=0.5))[0] == [1, 1, 2, 2, 3, 3]


def test_last_step_takes_the_slow_weights():
    # Moves after steps 4 (4 -> 2), 8 (6 -> 4); steps 9 to 12: 5, 6, 7, then 8 -> 6 and the copy.
    assert _fit(Lookahead(every=4, decay=0.5), epochs=2)[0] == [1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6]
    # 5 does not divide 6: after step 5 slow = 2.5, after the last step the weight 3.5 is given up for it.
    assert _fit(Lookahead(every=5, decay=0.5))[0] == [1, 2, 3, 4, 2.5, 2.5]


def test_decay_grows_with_time():
    # d = (t / 6)^1: t=2: 1/3 of 0 + 2/3 of 2; t=4: 2/3 of slow + 1/3 of (slow + 2); t=6: stays.
    seen, _ = _fit(Lookahead(every=2, decay=1.0, power=1))
    slow = [4 / 3, 4 / 3 + 2 / 3, 4 / 3 + 2 / 3]
    np.testing.assert_allclose(seen, [1, slow[0], slow[0] + 1, slow[1], slow[1] + 1, slow[2]], rtol=1e-6)


def test_several_steps_an_execution():
    # The callback sees steps 3 and 6 only; each passes a multiple of 2.
    assert _fit(Lookahead(every=2, decay=0.5), steps_per_execution=3)[0] == [1.5, 3.0]


def test_starting_in_a_later_epoch():
    # Steps 7 to 12 of 12, d = t / 12: t = 9: d = .75, 3 -> .75; t = 12: d = 1.
    seen, _ = _fit(Lookahead(every=3, decay=1.0, power=1), epochs=2, initial_epoch=1)
    np.testing.assert_allclose(seen, [1, 2, 0.75, 1.75, 2.75, 0.75], rtol=1e-6)


def test_stopped_early_keeps_the_weights():
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(stop.model, "stop_training", True))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(1.0), lambda y, p: -p, jit_compile=False)
    model.fit(X, X, batch_size=4, epochs=5, verbose=0, callbacks=[Lookahead(every=4, decay=0.5), stop])
    assert model.get_weights()[0].item() == 4.0


def test_batch_normalization_statistics_move_along():
    model = keras.Sequential([keras.Input((1,)), keras.layers.BatchNormalization(momentum=0.0), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(X * 8, X, batch_size=4, epochs=1, verbose=0, callbacks=[Lookahead(every=1, decay=1.0)])
    # The slow weights never follow, so each step brings back the beginning.
    assert model.layers[0].moving_mean.numpy() == pytest.approx([0.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"every": 0}, "every"), ({"decay": 1.5}, "decay"), ({"power": -1}, "power")],
)
def test_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        Lookahead(**arguments)


def test_a_training_shorter_than_the_period_is_left_alone():
    model = keras.Sequential([keras.Input((1,)), keras.layers.BatchNormalization(momentum=0.0), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    before = model.layers[1].kernel.numpy()
    model.fit(X * 8, X, batch_size=4, epochs=1, verbose=0, callbacks=[Lookahead(every=100)])
    assert (model.layers[1].kernel.numpy() != before).all()


def test_unknown_number_of_steps():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)

    def batches():
        yield X, X

    with pytest.raises(ValueError, match="steps_per_epoch"):
        model.fit(batches(), verbose=0, shuffle=False, callbacks=[Lookahead()])
