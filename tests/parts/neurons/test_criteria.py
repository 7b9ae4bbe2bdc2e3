"""Scores against values worked out by hand or by NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kspec.parts.neurons.criteria import scores
from kspec.parts.neurons.groups import groups_of
from kspec.parts.neurons.walk import read

X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(12, 2)).astype("float32")


def model(activation="tanh", dropout=0.0, norm=False):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((3,))
    x = layers.Dense(4, activation=activation)(inputs)
    x = layers.Dropout(dropout)(layers.BatchNormalization()(x) if norm else x)
    return keras.Model(inputs, layers.Dense(2)(x))


def scored(net, criterion, batch_size=12, **kwargs):
    structure = read(net)
    groups = groups_of(structure).prunable
    return scores(structure, groups, criterion, (X, Y), "mse", batch_size, kwargs.get("seed", 0))[0]


def gates_by_hand(net, x, y):
    """d MSE / d gate of each hidden unit: sum of x * (dL/dpre-activation of the readers) * w, in NumPy."""
    kernel, bias, head, shift = net.get_weights()
    hidden = np.tanh(x @ kernel + bias)
    error = 2 * (hidden @ head + shift - y) / y.size
    return (hidden * (error @ head.T)).sum(axis=0)


def test_taylor_is_the_gradient_of_a_gate():
    net = model()
    expected = gates_by_hand(net, X, Y) ** 2
    np.testing.assert_allclose(scored(net, "taylor"), expected / expected.mean(), rtol=1e-4)


def test_taylor_is_the_mean_over_batches():
    net = model()
    parts = [gates_by_hand(net, X[start : start + 4], Y[start : start + 4]) ** 2 for start in (0, 4, 8)]
    expected = np.mean(parts, axis=0)
    np.testing.assert_allclose(scored(net, "taylor", batch_size=4), expected / expected.mean(), rtol=1e-4)


def test_taylor_sees_no_dropout_and_leaves_the_model_alone():
    plain, noisy = model(), model(dropout=0.9)
    noisy.set_weights(plain.get_weights())
    noisy.layers[1].trainable = noisy.layers[3].trainable = False  # scored all the same, and read all the same
    before = [value.copy() for value in noisy.get_weights()]
    np.testing.assert_allclose(scored(noisy, "taylor"), scored(plain, "taylor"), rtol=1e-5)
    assert all(np.array_equal(one, two) for one, two in zip(noisy.get_weights(), before, strict=True))
    assert noisy.layers[2].rate == 0.9
    assert not noisy.layers[1].trainable and not noisy.layers[3].trainable


def test_norms_by_hand():
    net = model(norm=True)
    kernel, bias, gamma = net.layers[1].kernel, net.layers[1].bias, net.layers[2].gamma
    kernel.assign(np.outer([1, 2, 2], [1, 2, 3, 6]))
    bias.assign([100, 0, 0, 0])  # a shift says nothing of a neuron
    gamma.assign([-4, 1, 1, 2])
    net.layers[4].kernel.assign(np.outer([1, 1, 3, 3], [3, 4]))
    first, second, third = np.array([1, 2, 3, 6]) / 3, np.array([4, 1, 1, 2]) / 2, np.array([1, 1, 3, 3]) / 2
    np.testing.assert_allclose(scored(net, "l2"), (first + second + third) / 3, rtol=1e-6)
    np.testing.assert_allclose(scored(net, "l1"), (first + second + third) / 3, rtol=1e-6)
    np.testing.assert_allclose(scored(net, "bn_gamma"), second, rtol=1e-6)


def test_random_follows_the_seed():
    net = model()
    assert np.array_equal(scored(net, "random"), scored(net, "random"))
    assert not np.array_equal(scored(net, "random"), scored(net, "random", seed=1))


def test_flattened_positions_count_for_their_channel():
    inputs = keras.Input((2, 2, 1))
    x = layers.Flatten()(layers.Conv2D(2, 1)(inputs))
    net = keras.Model(inputs, layers.Dense(1)(x))
    net.layers[1].kernel.assign(np.ones((1, 1, 1, 2)))
    net.layers[3].kernel.assign(np.arange(8.0)[:, None])  # channel 0 at 0, 2, 4, 6; channel 1 at 1, 3, 5, 7
    structure = read(net)
    found = scores(structure, groups_of(structure).prunable, "l1", None, None, 1, 0)[0]
    np.testing.assert_allclose(found, [(1 + 12 / 14) / 2, (1 + 16 / 14) / 2])


def test_taylor_needs_a_loss():
    structure = read(model())
    with pytest.raises(ValueError, match="compile the model, or pass `loss`"):
        scores(structure, groups_of(structure).prunable, "taylor", (X, Y), None, 4, 0)


PAIR = r"data is a tuple \(x, y\) of arrays, or an iterable of such batches"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([X, Y], PAIR + r", not a list of 2; write \(x, y\) with round brackets"),
        (X, PAIR + ", not an array alone"),
        ((X,), PAIR + "; found a tuple of 1"),
        ((X.tolist(), Y.tolist()), PAIR + "; found float where an array belongs"),
        ((X, None), PAIR + "; found NoneType where an array belongs"),
        ("x", PAIR + ", not str"),
        (tf.data.Dataset.from_tensors((X, Y)).repeat(), "data has no end"),
    ],
)
def test_taylor_names_data_that_it_cannot_read(data, message):
    structure = read(model())
    with pytest.raises(ValueError, match=message):
        scores(structure, groups_of(structure).prunable, "taylor", data, "mse", 4, 0)


def test_taylor_reads_batches_in_lists_and_weighs_examples():
    net = model()
    structure = read(net)
    groups = groups_of(structure).prunable
    expected = gates_by_hand(net, X[:6], Y[:6]) ** 2
    batches = ([X[:6], Y[:6]] for _ in range(2))
    weights = np.repeat([2.0, 0.0], 6).astype("float32")  # the mean is over all 12
    for data in (batches, (X, Y, weights)):
        [found] = scores(structure, groups, "taylor", data, "mse", 12, 0)
        np.testing.assert_allclose(found, expected / expected.mean(), rtol=1e-4)


def two_losses(loss_weights):
    """Output `a` reads the first half of four units, output `b` the second."""
    inputs = keras.Input((3,))
    x = layers.Dense(4, name="hidden")(inputs)
    net = keras.Model(inputs, {name: layers.Dense(1, name=name)(x) for name in "ab"})
    net.get_layer("a").kernel.assign([[1], [1], [0], [0]])
    net.get_layer("b").kernel.assign([[0], [0], [9], [9]])
    net.compile("sgd", {"a": "mse", "b": "mse"}, loss_weights=loss_weights)
    return net


@pytest.mark.parametrize(("weights", "unread"), [({"a": 1.0, "b": 0.0}, [2, 3]), ({"a": 0.0, "b": 1.0}, [0, 1])])
def test_taylor_weighs_losses_as_the_model_does(weights, unread):
    structure = read(two_losses(weights))
    data = (X, {"a": Y[:, :1], "b": Y[:, 1:]})
    [found] = scores(structure, groups_of(structure).prunable, "taylor", data, None, 4, 0)
    assert np.flatnonzero(found == 0).tolist() == unread
