"""What a callback remembers goes out as plain data and comes back the same."""

import json

import keras
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kspec.parts.callbacks.lookahead import Lookahead
from kspec.parts.resume.callback_state import cut_file, put, take

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
arrays = st.sampled_from(
    [
        np.arange(6.0).reshape(2, 3),
        np.zeros((0, 2), "int8"),
        np.ones(3, ml_dtypes.bfloat16),
        np.float32(0.1),
        np.array(7),
    ]
)
values = st.recursive(
    plain | arrays,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


class Memory(keras.callbacks.Callback):
    def __init__(self, value):
        super().__init__()
        self.value = value


def through(callback, fresh):
    """The state of one callback, through JSON, put into another; the other."""
    kept = {}
    put(fresh, json.loads(json.dumps(take(callback, "c", kept))), kept)
    return fresh


def assert_equal(one, other):
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        for a, b in zip(one, other, strict=True):
            assert_equal(a, b)
    elif isinstance(one, np.ndarray | np.generic):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other


@settings(max_examples=200, deadline=None)
@given(values)
def test_data_come_back_the_same(value):
    assert_equal(through(Memory(value), Memory("other")).value, value)


def test_infinity_and_nan_come_back():
    found = through(Memory([float("inf"), -float("inf"), float("nan")]), Memory(None)).value
    assert found[:2] == [float("inf"), -float("inf")]
    assert found[2] != found[2]


@pytest.mark.parametrize("value", [print, object(), {"a": {1, 2}}, {(1, 2): 3}, [1, lambda: 2], np.array(["text"])])
def test_what_is_no_data_stays_as_it_is(value):
    assert through(Memory(value), Memory("fresh")).value == "fresh"


def test_variables_stay_the_same_objects():
    first, second = Memory([keras.Variable([1.0, 2.0])]), Memory([keras.Variable([0.0, 0.0])])
    variable = second.value[0]
    assert through(first, second).value[0] is variable
    assert keras.ops.convert_to_numpy(variable).tolist() == [1.0, 2.0]


def test_a_variable_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"no variable of shape \(2,\)"):
        through(Memory(keras.Variable([1.0, 2.0])), Memory(keras.Variable([0.0])))


def test_the_sign_of_min_delta_is_turned_once():
    """Keras negates it in place when it chooses the comparison, at the end of the first epoch."""

    def fit(callback, losses):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        callback.set_model(model)
        for epoch, loss in enumerate(losses):
            callback.on_epoch_end(epoch, {"loss": loss})
        return callback

    def fresh():
        one = keras.callbacks.EarlyStopping("loss", min_delta=0.1, patience=2)
        one.on_train_begin()
        return one

    stopped = fit(fresh(), [1.0, 0.5])
    again = fresh()
    fit(again, [])
    through(stopped, again)
    assert again.min_delta == stopped.min_delta == -0.1
    assert (again.best, again.wait) == (0.5, 0)
    fit(again, [0.45])  # better by less than min_delta
    assert (again.best, again.wait) == (0.5, 1)


def test_a_callback_that_knows_better_says_its_state_itself():
    class Own(Memory):
        def get_state(self):
            return {"twice": 2 * self.value}

        def set_state(self, state):
            self.value = state["twice"] / 2

    assert through(Own(3), Own(0)).value == 3.0


def test_lookahead_keeps_its_slow_weights():
    def trained():
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        callback = Lookahead(every=2)
        callback.set_model(model)
        callback.set_params({"steps": 4, "epochs": 1})
        callback.on_train_begin()
        return callback

    one, other = trained(), trained()
    through(one, other)
    for slow, wanted in zip(other.slow, one.slow, strict=True):
        np.testing.assert_array_equal(slow.numpy(), wanted.numpy())


def test_a_csv_file_loses_what_was_written_after_the_state(tmp_path):
    path = tmp_path / "log.csv"
    logger = keras.callbacks.CSVLogger(str(path))
    logger.on_train_begin()
    logger.on_epoch_end(0, {"loss": 1.0})
    state = take(logger, "c", {})
    logger.on_epoch_end(1, {"loss": 0.5})
    logger.csv_file.close()
    again = keras.callbacks.CSVLogger(str(path))
    cut_file(again, state)
    again.on_train_begin()
    put(again, state, {})
    again.on_epoch_end(1, {"loss": 0.25})
    again.on_train_end()
    assert path.read_text().splitlines() == ["epoch,loss,val_loss", "0,1.0,NA", "1,0.25,NA"]
