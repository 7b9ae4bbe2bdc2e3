from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kspec.builders.data import order as order_module
from kspec.builders.data.order import batches_per_pass, fold, grouped_by_length, order


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


def _grouped(counts, size, *, seed=0, window=2):
    positions = np.random.default_rng(seed).permutation(len(counts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order_module, "WINDOW", window)
        found = grouped_by_length(tf.constant(positions), counts, size, tf.constant([seed, 1]))
    return positions, found.numpy()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 6), st.integers(0, 9))
def test_batches_of_similar_length_are_those_of_sorted_windows(counts, size, seed):
    counts, window = np.array(counts), 2
    positions, found = _grouped(counts, size, seed=seed, window=window)
    assert sorted(found) == list(range(len(counts)))
    whole = len(counts) // size * size
    expected = []
    for start in range(0, whole, window * size):
        piece = positions[start : min(start + window * size, whole)]
        piece = piece[np.argsort(counts[piece], kind="stable")]
        expected += piece.reshape(-1, size).tolist()
    assert sorted(found[:whole].reshape(-1, size).tolist()) == sorted(expected)
    # What fills no batch is what the random order puts last: no length is there more often than another.
    assert found[whole:].tolist() == positions[whole:].tolist()


def test_the_batches_themselves_come_in_random_order():
    counts = np.arange(64)
    firsts = {int(_grouped(counts, 4, seed=seed, window=16)[1][0]) // 4 for seed in range(20)}
    assert len(firsts) > 5  # of 16 batches


def test_grouped_epochs_are_a_function_of_seed_and_number():
    counts = np.arange(50) % 7

    def batches(epoch, seed):
        number = tf.constant(epoch, tf.int64)
        options = {"drop_remainder": False, "shuffle": True, "lengths": counts}
        found = order(50, 8, 7, seed=seed, epoch=number, **options)
        return tuple(tuple(index.tolist()) for _, _, index in found.as_numpy_iterator())

    all_of_them = {(epoch, seed): batches(epoch, seed) for epoch in (0, 1) for seed in (0, 1)}
    assert len(set(all_of_them.values())) == 4
    assert batches(1, 1) == all_of_them[1, 1]
    for found in all_of_them.values():
        assert sorted(position for one in found for position in one) == list(range(50))
        # All of one window: sorted as a whole, so that the ends of two batches touch, but do not overlap.
        ranges = sorted((min(counts[list(one)]), max(counts[list(one)])) for one in found[:6])
        assert all(one[1] <= other[0] for one, other in pairwise(ranges))
