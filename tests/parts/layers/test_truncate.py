import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kspec.parts.layers.truncate import Truncate

IDS = np.array([[1, 2, 3, 4, 5, 6], [7, 8, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("head", [[1, 2, 3, 4], [7, 8, 0, 0], [0, 0, 0, 0]]),
        ("tail", [[3, 4, 5, 6], [7, 8, 0, 0], [0, 0, 0, 0]]),
        ("head_tail", [[1, 4, 5, 6], [7, 8, 0, 0], [0, 0, 0, 0]]),
    ],
)
def test_what_is_kept(keep, expected):
    np.testing.assert_array_equal(Truncate(4, keep)(IDS), expected)


@pytest.mark.parametrize("keep", ["head", "tail", "head_tail"])
def test_shorter_batches_are_padded(keep):
    np.testing.assert_array_equal(Truncate(4, keep)(np.array([[1, 2]])), [[1, 2, 0, 0]])
    np.testing.assert_array_equal(Truncate(2, keep)(np.zeros((1, 0), "int64")), [[0, 0]])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 99), max_size=12), st.integers(1, 8), st.integers(0, 3))
def test_head_and_tail_are_slices(tokens, length, padding):
    ids = np.array([tokens + [0] * padding], "int64").reshape(1, -1)
    fill = [0] * max(0, length - len(tokens))
    assert np.asarray(Truncate(length, "head")(ids))[0].tolist() == tokens[:length] + fill
    assert np.asarray(Truncate(length, "tail")(ids))[0].tolist() == tokens[-length:] + fill


def test_wrong_arguments():
    with pytest.raises(ValueError, match="sequence_length must be at least 1, not 0"):
        Truncate(0)
    with pytest.raises(ValueError, match="keep must be one of"):
        Truncate(4, "middle")


def test_config_round_trip():
    copy = keras.layers.deserialize(keras.layers.serialize(Truncate(3, "tail")))
    np.testing.assert_array_equal(copy(IDS)[0], [4, 5, 6])
