"""The rate of a plan at every step against NumPy, and who owns it."""

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kspec.builders.training.learning_rate import build_learning_rate
from kspec.parts.callbacks.linear_warmup import LinearWarmup
from kspec.spec.training import Training


def training(rate, epochs=2, **more):
    return Training.model_validate({"epochs": epochs, "learning_rate": rate, **more})


def rates(section, steps_per_epoch=10):
    """The rate of every step of two epochs."""
    rate = build_learning_rate(training(section), steps_per_epoch).rate
    return np.array([float(rate(step) if callable(rate) else rate) for step in range(2 * steps_per_epoch)])


T = np.arange(20)
AFTER = np.clip((T - 5) / 14, 0, 1)  # a warmup of 5 steps, and 14 from the peak to the last step


def with_warmup(after):
    return np.where(T < 5, 0.4 * T / 5, after)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (0.1, np.full(20, 0.1)),
        ({"peak": 0.4, "warmup": "5 steps"}, with_warmup(np.full(20, 0.4))),
        (
            {"peak": 0.4, "warmup": 0.25, "decay": "cosine", "final": 0.1},
            with_warmup(0.1 + 0.3 * 0.5 * (1 + np.cos(np.pi * AFTER))),
        ),
        ({"peak": 0.4, "warmup": "25%", "decay": "linear"}, with_warmup(0.4 * (1 - AFTER))),
        (
            {"peak": 0.4, "warmup": "0.5 epochs", "decay": {"polynomial": {"power": 3.0}}, "final": 0.1},
            with_warmup(0.1 + 0.3 * (1 - AFTER) ** 3),
        ),
        (
            {"peak": 0.4, "warmup": "5 steps", "decay": "exponential", "final": 0.004},
            with_warmup(0.4 * 0.01**AFTER),
        ),
        (
            {"peak": 0.4, "warmup": "5 steps", "decay": {"step": {"at": ["10 steps", "75%"], "factor": 0.5}}},
            with_warmup(np.select([T < 10, T < 15], [0.4, 0.2], 0.1)),
        ),
        ({"peak": 0.4, "decay": {"step": {"at": ["1 epochs"]}}}, np.where(T < 10, 0.4, 0.04)),
        ({"peak": 0.4, "warmup": "5 steps", "decay": "inverse_sqrt"}, with_warmup(0.4 * np.sqrt(5 / np.maximum(T, 1)))),
        (
            {"peak": 0.4, "warmup": "4 steps", "decay": {"cosine_restarts": {"first": "8 steps", "t_mul": 1.0}}},
            np.where(T < 4, 0.1 * T, 0.2 * (1 + np.cos(np.pi * ((T - 4) % 8) / 8))),
        ),
        (
            {"peak": 0.4, "decay": {"one_cycle": {"up": 0.5, "divide": 4.0}}, "final": 0.1},
            # round(0.5 * 19) = 10 steps up, 9 down
            np.where(
                T < 10,
                0.4 - 0.3 * 0.5 * (1 + np.cos(np.pi * T / 10)),
                0.1 + 0.3 * 0.5 * (1 + np.cos(np.pi * (T - 10) / 9)),
            ),
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_rate_of_every_step(section, expected):
    assert rates(section) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_exponential_warmup():
    section = {"peak": 0.8, "warmup": "3 steps", "warmup_curve": "exponential", "initial": 0.1}
    assert rates(section)[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["cosine", "linear", "polynomial", "exponential"]),
    st.integers(2, 30),
    st.floats(0.0, 0.9),
    st.floats(0.01, 1.0),
)
def test_every_decay_starts_at_initial_peaks_after_the_warmup_and_ends_at_final(decay, steps, warmup, final):
    assume(round(warmup * 2 * steps) < 2 * steps)  # else the warmup is refused
    found = rates({"peak": 1.0, "warmup": warmup, "decay": decay, "final": final, "initial": 0.005}, steps)
    rise = round(warmup * 2 * steps)
    assert found[0] == pytest.approx(0.005 if rise else 1.0, rel=1e-3)
    assert found[rise] == pytest.approx(1.0, rel=1e-4)
    assert found.max() <= 1.0 + 1e-5
    assert np.all(np.diff(found[rise:]) <= 1e-6)
    if rise < 2 * steps - 1:
        assert found[-1] == pytest.approx(final, rel=1e-3)


def test_the_rate_that_training_uses_with_gradient_accumulation(experiment):
    # 20 batches, an update every 4 with the rate of the batch that completes it; the gradient is 1.
    section = {"peak": 0.4, "warmup": "5 steps", "decay": "linear"}
    optimizer = {"SGD": {"gradient_accumulation_steps": 4}}
    ours = experiment({"epochs": 2, "optimizer": optimizer, "learning_rate": section})
    plan = ours.plan()
    weight = keras.Variable([0.0])
    for _ in range(20):
        plan.optimizer.apply([keras.ops.ones((1,))], [weight])
    expected = with_warmup(0.4 * (1 - AFTER))[3::4].sum()
    assert float(weight[0]) == pytest.approx(-expected, rel=1e-4)


def test_history_ends_at_final(experiment):
    ours = experiment({"epochs": 2, "learning_rate": {"peak": 0.1, "decay": "cosine", "final": 0.01}})
    ours.fit(ours.plan())
    assert float(ours.model.optimizer.learning_rate) == pytest.approx(0.01, rel=1e-5)


def test_without_a_section_the_optimizer_keeps_its_own_rate(experiment):
    assert float(experiment({"optimizer": "RMSprop"}).plan().optimizer.learning_rate) == pytest.approx(1e-3)


def test_plateau_is_the_keras_callback_behind_a_linear_warmup(experiment):
    plateau = {"plateau": {"monitor": "loss", "patience": 2, "factor": 0.5}}
    section = {"peak": 0.1, "warmup": "5 steps", "decay": plateau, "final": 0.01}
    plan = experiment({"learning_rate": section}).plan()
    [warmup] = [callback for callback in plan.callbacks if isinstance(callback, LinearWarmup)]
    [reduce] = [callback for callback in plan.callbacks if isinstance(callback, keras.callbacks.ReduceLROnPlateau)]
    assert (warmup.warmup_steps, warmup.initial) == (5, 0.0)
    assert (reduce.monitor, reduce.patience, reduce.factor, reduce.min_lr) == ("loss", 2, 0.5, 0.01)
    assert float(plan.optimizer.learning_rate) == pytest.approx(0.1)


def test_plateau_falls_when_nothing_improves(experiment):
    plateau = {"plateau": {"monitor": "val_loss", "patience": 1, "factor": 0.5, "min_delta": 100.0}}
    ours = experiment({"epochs": 3, "learning_rate": {"peak": 0.1, "warmup": "5 steps", "decay": plateau}})
    ours.fit(ours.plan())
    assert float(ours.model.optimizer.learning_rate) == pytest.approx(0.025)


REFUSED = [
    ({"peak": 0.1, "warmup": "2 epochs"}, ("warmup",), "leaves nothing of the training"),
    ({"peak": 0.1, "warmup": "500 steps"}, ("warmup",), "has 20 steps"),
    ({"peak": 0.1, "decay": {"step": {"at": ["5 steps", "3 steps"]}}}, ("decay", "step", "at", 1), "step 3"),
    ({"peak": 0.1, "decay": {"step": {"at": ["2 epochs"]}}}, ("decay", "step", "at", 0), "step 20"),
    ({"peak": 0.1, "warmup": "9 steps", "decay": {"step": {"at": ["9 steps"]}}}, ("decay", "step", "at", 0), "step 9"),
    ({"peak": 0.1, "decay": {"cosine_restarts": {"first": 0.0}}}, ("decay", "cosine_restarts", "first"), "no steps"),
    ({"peak": 0.1, "decay": "inverse_sqrt"}, ("warmup",), "scale"),
    (
        {"peak": 0.1, "initial": 0.01, "warmup": 0.5, "warmup_curve": "exponential", "decay": "plateau"},
        ("warmup_curve",),
        "linear warmup only",
    ),
]


@pytest.mark.parametrize(("section", "path", "said"), REFUSED)
def test_lengths_that_do_not_fit_are_refused(problem, section, path, said):
    found = problem(build_learning_rate, training(section), 10)
    assert found.path == ("training", "learning_rate", *path)
    assert said in found.message


@pytest.mark.parametrize("callback", ["ReduceLROnPlateau", {"LinearWarmup": {"warmup_steps": 3}}])
@pytest.mark.parametrize(
    "section", [{"peak": 0.1, "decay": "cosine"}, {"peak": 0.1, "warmup": 0.1}, {"peak": 0.1, "decay": "plateau"}]
)
def test_two_owners_of_the_rate_are_refused_before_training(problem, section, callback):
    found = problem(build_learning_rate, training(section, callbacks=["EarlyStopping", callback]), 10)
    assert found.path[:3] == ("training", "callbacks", 1)
    assert found.message.startswith("two owners of the learning rate")


def test_a_constant_rate_leaves_room_for_callbacks():
    found = build_learning_rate(training(0.1, callbacks=["ReduceLROnPlateau"]), 10)
    assert (found.rate, found.warmup, found.plateau) == (0.1, None, None)


def test_plateau_with_a_monitor_that_nothing_logs(experiment, problem):
    ours = experiment({"learning_rate": {"peak": 0.1, "decay": "plateau"}}, validation=False)
    found = problem(ours.plan)
    assert found.path == ("training", "learning_rate", "decay", "plateau", "monitor")
    assert "no validation split" in found.message
