"""In plain Keras: a `fit` that is left after any step and gone on with ends as one that was not."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.callbacks.epoch_counter import EpochCounter
from kspec.parts.callbacks.terminate_on_nan import TerminateOnNaN
from kspec.parts.resume.resumable import ResumableCallbacks, StopAsked
from kspec.parts.resume.training_state import NotFiniteError, put_callbacks, put_variables, take

EPOCHS, STEPS, BATCH = 3, 5, 4
X = np.random.default_rng(0).normal(size=(BATCH * STEPS, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


class Training:
    """A model with dropout, data that know the epoch and the step they begin with, and callbacks with a memory."""

    def __init__(self, optimizer="adam"):
        keras.utils.set_random_seed(1)
        self.model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
        )
        self.model.compile(optimizer, "mse", metrics=["mae"])
        self.model.compute_metrics(None, Y[:2], Y[:2])
        self.epoch, self.first = (tf.Variable(0, dtype=tf.int64, trainable=False) for _ in range(2))
        self.history = keras.callbacks.History()
        self.listed = [
            EpochCounter(self.epoch, self.first),
            TerminateOnNaN(),
            keras.callbacks.ReduceLROnPlateau("loss", patience=0),
            self.history,
        ]

    def data(self):
        def rows(_):
            begin = self.epoch * STEPS + self.first
            steps = tf.data.Dataset.range(begin, begin + STEPS)
            return steps.map(lambda step: tf.roll(tf.range(len(X)), tf.cast(step * 7, tf.int32), 0)[:BATCH])

        batches = tf.data.Dataset.from_tensors(0).flat_map(rows)
        return batches.map(lambda i: (tf.gather(X, i), tf.gather(Y, i))).apply(
            tf.data.experimental.assert_cardinality(STEPS)
        )

    def fit(self, state=None, stop_after=None, seconds=1e9):
        self.states = []
        steps = {"taken": 0}

        def asked():
            steps["taken"] += 1
            return steps["taken"] == stop_after

        callbacks = ResumableCallbacks(
            self.listed,
            self.model,
            epochs=EPOCHS,
            steps=STEPS,
            save=self.states.append,
            seconds=seconds,
            asked=asked,
            state=state,
        )
        self.first.assign(callbacks.first_step)
        self.model.fit(
            self.data(),
            initial_epoch=callbacks.initial_epoch,
            epochs=EPOCHS,
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )
        return callbacks

    def result(self):
        return [weight.numpy() for weight in (*self.model.variables, *self.model.optimizer.variables)]


def stops_early():
    return keras.callbacks.EarlyStopping("loss", min_delta=100.0, patience=1, restore_best_weights=True)


@pytest.fixture(scope="module")
def alone():
    training = Training()
    training.fit(seconds=0)
    return training


def assert_same(training, alone):
    for ours, theirs in zip(training.result(), alone.result(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert training.history.history == alone.history.history


def test_a_state_after_each_step_and_epoch_and_at_the_beginning(alone):
    places = [(state.epoch, state.step) for state in alone.states]
    assert places == [
        *[(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)],
        *[(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)],
        *[(2, 0), (2, 1), (2, 2), (2, 3), (2, 4)],
        (3, 0),
    ]


@pytest.mark.parametrize("number", range(EPOCHS * STEPS + 1))
def test_goes_on_from_any_state_to_the_same_bits(alone, number):
    training = Training()
    training.fit(alone.states[number])
    assert_same(training, alone)


def test_asked_to_stop_it_stops_with_a_state_after_that_step(alone):
    training = Training()
    with pytest.raises(StopAsked):
        training.fit(stop_after=7)  # asked once a step but the last of an epoch, and once at the epoch's end
    last = training.states[-1]
    assert (last.epoch, last.step) == (1, 2)
    again = Training()
    again.fit(last)
    assert_same(again, alone)


def test_a_training_that_was_stopped_has_no_epoch_left():
    training = Training()
    training.listed.append(stops_early())
    training.fit()
    last = training.states[-1]
    assert last.stopped
    assert last.epoch == 2
    again = Training()
    again.listed.append(stops_early())
    again.fit(last)
    assert again.states == []
    assert_same(again, training)


def test_weights_that_are_no_numbers_are_not_handed_on():
    training = Training("sgd")
    training.model.weights[0].assign(np.full(training.model.weights[0].shape, np.inf, "float32"))
    callbacks = training.fit()
    assert callbacks.not_finite == training.model.weights[0].path
    assert training.states == []
    with pytest.raises(NotFiniteError):
        take(training.model, [], epoch=1, step=0)


def test_another_model_or_other_callbacks_are_refused(alone):
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    other.compile("adam", "mse")
    with pytest.raises(ValueError, match="the state holds"):
        put_variables(other, alone.states[-1])
    with pytest.raises(ValueError, match="the state is of the callbacks EpochCounter"):
        put_callbacks([keras.callbacks.History()], alone.states[-1])


def test_the_same_number_of_variables_of_other_shapes_is_refused(alone):
    training = Training()
    wider = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(9, "relu"), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    )
    wider.compile("adam", "mse")
    with pytest.raises(ValueError, match="in the state"):
        put_variables(wider, alone.states[0])
    put_variables(training.model, alone.states[0])
