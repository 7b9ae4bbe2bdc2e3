"""The schedules against NumPy, at the places that matter and as properties."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.optimizers import schedules

from kspec.parts.schedules import InverseSqrt, OneCycle, Warmup, WarmupCosineDecay, decay_steps_after

FEW = settings(max_examples=25, deadline=None)


def rates(schedule, steps):
    return np.array([float(schedule(step)) for step in steps])


def test_linear_warmup_in_front_of_a_constant():
    assert rates(Warmup(0.4, 4, initial=0.2), [0, 1, 2, 3, 4, 100]) == pytest.approx([0.2, 0.25, 0.3, 0.35, 0.4, 0.4])


def test_exponential_warmup_is_a_constant_factor():
    warmup = Warmup(0.8, 3, initial=0.1, warmup_curve="exponential")
    assert rates(warmup, range(5)) == pytest.approx([0.1, 0.2, 0.4, 0.8, 0.8])


def test_schedule_counts_its_steps_from_the_end_of_the_warmup():
    decay = schedules.PiecewiseConstantDecay([1], [1.0, 0.5])  # Keras falls after its boundary
    assert rates(Warmup(decay, 2), range(6)) == pytest.approx([0.0, 0.5, 1.0, 1.0, 0.5, 0.5])


def test_warmup_of_no_steps_is_the_schedule_itself():
    decay = schedules.ExponentialDecay(0.1, 10, 0.5)
    assert rates(Warmup(decay, 0), range(0, 30, 5)) == pytest.approx(rates(decay, range(0, 30, 5)))


def test_warmup_cosine_decay_at_begin_peak_middle_and_end():
    # 5 steps up, 10 steps down: the middle of the cosine is step 10, the last step is 15.
    schedule = WarmupCosineDecay(1.0, total_steps=16, warmup_steps=5, initial=0.5, final=0.2)
    assert rates(schedule, [0, 1, 5, 10, 15, 16]) == pytest.approx([0.5, 0.6, 1.0, 0.6, 0.2, 0.2])


def test_warmup_cosine_decay_without_warmup_starts_at_the_peak():
    assert rates(WarmupCosineDecay(1.0, total_steps=11), [0, 5, 10]) == pytest.approx([1.0, 0.5, 0.0], abs=1e-7)


def test_warmup_cosine_decay_equals_warmup_in_front_of_keras_cosine():
    ours = WarmupCosineDecay(0.4, total_steps=100, warmup_steps=10, final=0.004)
    keras_own = Warmup(schedules.CosineDecay(0.4, decay_steps_after(10, 100), alpha=0.01), 10)
    assert rates(ours, range(0, 100, 7)) == pytest.approx(rates(keras_own, range(0, 100, 7)), rel=1e-5, abs=1e-7)


def test_one_cycle_at_begin_peak_middle_and_end():
    # last step 10: top at step 3 (30 %), middle of the fall at 6.5, so look one step beside it.
    schedule = OneCycle(1.0, total_steps=11, divide=10.0, final=0.1)
    down = [0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi * (step - 3) / 7)) for step in (6, 7)]
    assert rates(schedule, [0, 3, 6, 7, 10, 11]) == pytest.approx([0.1, 1.0, *down, 0.1, 0.1])


def test_inverse_sqrt_halves_after_three_scales():
    assert rates(InverseSqrt(0.2, 100), [0, 300, 1500]) == pytest.approx([0.2, 0.1, 0.05])


def test_inverse_sqrt_behind_a_warmup_is_vaswani():
    warmup, model = 40, 64
    schedule = Warmup(InverseSqrt(model**-0.5 * warmup**-0.5, warmup), warmup)
    steps = np.array([1, 10, 40, 41, 200])
    expected = model**-0.5 * np.minimum(steps**-0.5, steps * warmup**-1.5)
    assert rates(schedule, steps) == pytest.approx(expected, rel=1e-5)


peaks = st.floats(1e-4, 10.0)
shares = st.floats(0.0, 1.0)
lengths = st.integers(2, 400).flatmap(lambda total: st.tuples(st.just(total), st.integers(1, total - 1)))


@FEW
@given(peaks, lengths, shares, shares)
def test_warmup_cosine_decay_properties(peak, length, initial, final):
    total, warmup = length
    schedule = WarmupCosineDecay(peak, total, warmup, initial * peak, final * peak)
    found = np.asarray(schedules_at(schedule, total))
    assert found[0] == pytest.approx(initial * peak, rel=1e-4, abs=1e-6)
    assert found[warmup] == pytest.approx(peak, rel=1e-4)
    if warmup < total - 1:
        assert found[-1] == pytest.approx(final * peak, rel=1e-4, abs=1e-5 * peak)
    assert found.max() <= peak * (1 + 1e-5)
    assert np.all(np.diff(found[: warmup + 1]) >= -1e-6 * peak)
    assert np.all(np.diff(found[warmup:]) <= 1e-6 * peak)


@FEW
@given(peaks, st.integers(2, 400), st.floats(0.05, 0.95), st.floats(1.5, 100.0), shares)
def test_one_cycle_properties(peak, total, up, divide, final):
    found = np.asarray(schedules_at(OneCycle(peak, total, up, divide, final * peak), total))
    top = int(found.argmax())
    assert found[0] == pytest.approx(peak / divide, rel=1e-4) or total == 2
    assert found[top] == pytest.approx(peak, rel=1e-4)
    assert np.all(np.diff(found[: top + 1]) >= -1e-6 * peak)
    assert np.all(np.diff(found[top:]) <= 1e-6 * peak)
    if total > 3:
        assert found[-1] == pytest.approx(final * peak, rel=1e-4, abs=1e-5 * peak)


@FEW
@given(peaks, lengths, st.sampled_from(["linear", "exponential"]), st.floats(0.01, 1.0), shares)
def test_warmup_in_front_of_keras_decays_properties(peak, length, curve, initial, final):
    total, warmup = length
    decay = schedules.PolynomialDecay(peak, decay_steps_after(warmup, total), final * peak, power=2.0)
    found = np.asarray(schedules_at(Warmup(decay, warmup, initial * peak, curve), total))
    assert found[0] == pytest.approx(initial * peak, rel=1e-4)
    assert found[warmup] == pytest.approx(peak, rel=1e-4)
    assert found.max() <= peak * (1 + 1e-5)
    assert np.all(np.diff(found[: warmup + 1]) >= -1e-6 * peak)
    assert np.all(np.diff(found[warmup:]) <= 1e-6 * peak)


def schedules_at(schedule, total):
    """The rates of all steps at once, in a graph: step by step they take ten times as long."""
    import tensorflow as tf

    def one(step):
        return tf.cast(schedule(step), "float32")

    return tf.function(lambda: tf.map_fn(one, tf.range(total), fn_output_signature="float32"))()


EVERY = [
    Warmup(0.1, 3, 0.01, "exponential"),
    Warmup(schedules.CosineDecay(0.1, 20), 3),
    WarmupCosineDecay(0.1, 20, 3, 0.01, 0.001),
    OneCycle(0.1, 20, 0.4, 10.0, 0.001),
    InverseSqrt(0.1, 5),
]


@pytest.mark.parametrize("schedule", EVERY, ids=lambda schedule: type(schedule).__name__)
def test_every_schedule_survives_serialization(schedule):
    again = schedules.deserialize(schedules.serialize(schedule))
    assert rates(again, range(0, 20, 3)) == pytest.approx(rates(schedule, range(0, 20, 3)), abs=0)


@pytest.mark.parametrize("schedule", EVERY, ids=lambda schedule: type(schedule).__name__)
def test_every_schedule_is_saved_with_a_model(schedule, tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(schedule), "mse")
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert float(loaded.optimizer.learning_rate) == float(schedule(0))


@pytest.mark.parametrize("steps_per_execution", [1, 4])
def test_rates_are_exact_under_any_steps_per_execution(steps_per_execution):
    # One weight, gradient 1 at each step: the weight is minus the sum of the rates.
    schedule = WarmupCosineDecay(0.4, total_steps=8, warmup_steps=3, final=0.01)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    optimizer = keras.optimizers.SGD(schedule)
    model.compile(optimizer, loss=lambda y, out: out, jit_compile=False, steps_per_execution=steps_per_execution)
    ones = np.ones((8, 1), "float32")
    model.fit(ones, ones, batch_size=1, verbose=0)
    assert float(model.weights[0][0, 0]) == pytest.approx(-rates(schedule, range(8)).sum(), rel=1e-5)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Warmup(0.1, -1), "at least 0"),
        (lambda: Warmup(0.1, 5, 0.0, "exponential"), "above 0"),
        (lambda: Warmup(0.1, 5, 0.0, "cubic"), "'linear' or 'exponential'"),
        (lambda: WarmupCosineDecay(0.1, 5, 5), "between 0 and total_steps - 1"),
        (lambda: WarmupCosineDecay(0.0, 5), "peak"),
        (lambda: OneCycle(0.1, 10, up=1.0), "up must lie"),
        (lambda: OneCycle(0.1, 1), "at least 2"),
        (lambda: InverseSqrt(0.1, 0), "scale"),
    ],
)
def test_arguments_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
