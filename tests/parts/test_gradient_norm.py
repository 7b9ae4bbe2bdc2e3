"""The norm is that of the gradient, worked out by hand."""

import keras
import numpy as np
import pytest

from kspec.parts.gradient_norm import GradientNorm

X, Y = np.array([[1.0, 2.0]], "float32"), np.array([[1.0]], "float32")


def model(optimizer, **compile_with):
    built = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    built.compile(optimizer, "mse", **compile_with)
    return built


@pytest.mark.parametrize("jit", [False, True])
def test_of_a_linear_model(jit):
    """At zero weights d(mse)/d(kernel) = -2 * x and d/d(bias) = -2: the norm is sqrt(4 + 16 + 4)."""
    one = model(keras.optimizers.SGD(0.0, clipnorm=0.1), jit_compile=jit)
    norm = GradientNorm(one.optimizer)
    assert norm.last_finite is None
    one.fit(X, Y, verbose=0)
    assert norm.last_finite == pytest.approx(24**0.5)


def test_without_the_factor_of_a_loss_scale():
    one = model(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.0), initial_scale=1024.0))
    norm = GradientNorm(one.optimizer)
    one.fit(X, Y, verbose=0)
    assert norm.last_finite == pytest.approx(24**0.5)


def test_keeps_the_last_finite_one():
    one = model(keras.optimizers.SGD(0.0))
    norm = GradientNorm(one.optimizer)
    one.fit(np.concatenate([X, X * np.nan]), np.concatenate([Y, Y]), batch_size=1, shuffle=False, verbose=0)
    assert norm.last_finite == pytest.approx(24**0.5)


def test_the_trained_weights_are_the_same():
    plain, watched = (model(keras.optimizers.Adam(0.1)) for _ in range(2))
    GradientNorm(watched.optimizer)
    for one in (plain, watched):
        one.fit(np.repeat(X, 8, 0), np.repeat(Y, 8, 0), epochs=3, verbose=0)
    for ours, theirs in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
