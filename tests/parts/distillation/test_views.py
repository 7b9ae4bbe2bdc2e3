import numpy as np
import pytest
import tensorflow as tf

from kspec import DeterministicViews

X = np.arange(10, dtype="float32")[:, None] * 100
Y = np.arange(10)


def _noise(x, seed):
    return x + tf.random.stateless_uniform(tf.shape(x), seed)


def _views(**arguments):
    return DeterministicViews(X, Y, _noise, **{"batch_size": 4, "views": 3, **arguments})


def _by_key(dataset):
    """(position, view) -> x, and the order in which they came."""
    found, order = {}, []
    for (positions, views), (x, y) in dataset.as_numpy_iterator():
        np.testing.assert_array_equal(y, positions)
        np.testing.assert_array_equal(x[:, 0] // 100, positions)
        for key, value in zip(zip(positions.tolist(), views.tolist(), strict=True), x[:, 0], strict=True):
            found.setdefault(key, set()).add(float(value))
            order.append(key)
    return found, order


def test_all_is_every_view_of_every_example_once():
    found, order = _by_key(_views().all(batch_size=4))
    assert order == [(position, view) for view in range(3) for position in range(10)]
    assert len({value for values in found.values() for value in values}) == 30  # no two views are alike


def test_a_view_is_the_same_whenever_it_comes():
    views = _views()
    assert views.steps == 3
    expected, _ = _by_key(views.all(batch_size=7))
    found, order = _by_key(views.epochs().take(7 * views.steps))
    assert found == expected  # one value for each view
    epochs = [order[begin : begin + 10] for begin in range(0, 70, 10)]
    assert [{view for _, view in epoch} for epoch in epochs] == [{0}, {1}, {2}, {0}, {1}, {2}, {0}]
    orders = {tuple(position for position, _ in epoch) for epoch in epochs}
    assert len(orders) == 7  # each epoch has an order of its own
    assert all(sorted(order) == list(range(10)) for order in orders)


def test_an_epoch_depends_on_its_number_and_the_seed_alone():
    views = _views()
    whole = _by_key(views.epochs().take(4 * views.steps))[1]
    assert _by_key(_views().epochs(first_epoch=2).take(2 * views.steps))[1] == whole[20:]
    other = _views(seed=1)
    assert _by_key(other.epochs().take(3))[1] != whole[:10]
    assert _by_key(other.all())[0] != _by_key(views.all())[0]


def test_the_last_smaller_batch_can_be_left_out():
    views = _views(drop_remainder=True)
    assert views.steps == 2
    assert [len(x) for _, (x, _) in views.epochs().take(4)] == [4, 4, 4, 4]
    assert [view[0] for (_, view), _ in views.epochs().take(4).as_numpy_iterator()] == [0, 0, 1, 1]


def test_sample_weights_come_along():
    (_, (_, y, weight)) = next(iter(_views(sample_weight=Y * 0.5).epochs()))
    np.testing.assert_allclose(weight, y.numpy() * 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"views": 0}, "at least 1"),
        ({"batch_size": 0}, "at least 1"),
        ({"batch_size": 11, "drop_remainder": True}, "most"),
    ],
)
def test_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        _views(**arguments)


def test_nests_of_columns_and_names_of_files():
    views = DeterministicViews(
        {"name": np.array(["a", "b"]), "number": np.arange(2)},
        {"one": np.ones(2), "two": np.zeros((2, 3))},
        lambda x, seed: {"length": tf.strings.length(x["name"]), "number": x["number"]},
        batch_size=2,
    )
    _, (x, y) = next(iter(views.epochs()))
    assert x["length"].numpy().tolist() == [1, 1]
    assert y["two"].shape == (2, 3)


def test_columns_must_have_as_many_rows():
    with pytest.raises(ValueError, match=r"as many rows, at least one, not \[9, 10\]"):
        DeterministicViews(X, Y[:9], _noise, batch_size=2)
