import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kspec.builders.data.order import batches_per_pass, fold, order


def _order(examples, size, steps, *, epoch=0, seed=0, shuffle=True, drop=False):
    number = tf.constant(epoch, tf.int64)
    dataset = order(examples, size, steps, drop_remainder=drop, shuffle=shuffle, seed=seed, epoch=number)
    return [(int(p), int(s), index.tolist()) for p, s, index in dataset.as_numpy_iterator()]


def _positions(batches):
    return [position for _, _, index in batches for position in index]


def test_without_shuffling():
    assert _order(5, 2, 3, shuffle=False) == [(0, 0, [0, 1]), (0, 1, [2, 3]), (0, 2, [4])]
    assert _order(5, 2, 2, shuffle=False, drop=True) == [(0, 0, [0, 1]), (0, 1, [2, 3])]


def test_an_order_for_each_seed_and_epoch():
    orders = [_positions(_order(50, 8, 7, epoch=epoch, seed=seed)) for seed in (0, 1) for epoch in (0, 1)]
    assert all(sorted(one) == list(range(50)) for one in orders)
    assert len({tuple(one) for one in orders}) == 4
    assert _positions(_order(50, 8, 7, epoch=1, seed=1)) == orders[3]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 20), st.integers(1, 7), st.booleans(), st.integers(1, 9), st.integers(0, 3))
def test_epochs_of_any_length_are_pieces_of_one_row(examples, size, drop, steps, epoch):
    if drop and size > examples:
        size = examples
    count = batches_per_pass(examples, size, drop)
    passes = [
        _order(examples, size, count, epoch=number, drop=drop) for number in range((epoch + 1) * steps // count + 1)
    ]
    row = [batch for one in passes for batch in one]
    assert _order(examples, size, steps, epoch=epoch, drop=drop) == row[epoch * steps : (epoch + 1) * steps]


def test_the_epoch_is_read_when_an_iterator_starts():
    epoch = tf.Variable(0, dtype=tf.int64)
    dataset = order(10, 10, 1, drop_remainder=False, shuffle=True, seed=0, epoch=epoch)
    iterator = iter(dataset)
    epoch.assign(2)
    assert next(iterator)[2].numpy().tolist() == _positions(_order(10, 10, 1, epoch=2))


@pytest.mark.parametrize("other", [([3, 2], 0, 0), ([3, 1], 1, 0), ([3, 1], 0, 1), ([4, 1], 0, 0)])
def test_seeds_differ(other):
    def numbers(seed, *rest):
        return fold(seed, *(tf.constant(one, tf.int64) for one in rest)).numpy()

    assert numbers([3, 1], 0, 0).dtype == np.int32
    assert numbers([3, 1], 0, 0).tolist() == numbers([3, 1], 0, 0).tolist() != numbers(*other).tolist()
