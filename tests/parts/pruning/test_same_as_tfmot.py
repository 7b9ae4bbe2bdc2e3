"""The masks of both engines are TF-MOT's, bit for bit: on generated weights, and in whole trainings."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kspec.parts.pruning import engines
from kspec.parts.pruning.engines import NativeEngine, Pattern, TfmotEngine
from kspec.parts.pruning.schedules import ConstantSparsity, PolynomialDecay, known, read

MISSING = [name for name in ("tensorflow_model_optimization", "tf_keras") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # TF-MOT imports distutils
]

CASES = 40
"""Of each kind; there are six kinds of weights and two of schedules."""


def normal(random):
    shape = tuple(random.integers(1, 40, random.integers(1, 5)))
    return random.normal(size=shape[: 2 + len(shape) // 3])


def tied(random):
    return random.integers(-3, 4, size=random.integers(2, 30, 2)) / 4


def zeros(random):
    weights = random.normal(size=random.integers(1, 30, 2))
    return weights * (random.random(weights.shape) < random.choice([0.0, 0.2, 0.7]))


def not_numbers(random):
    weights = random.normal(size=random.integers(2, 30, 2))
    weights[random.random(weights.shape) < 0.2] = random.choice([np.nan, np.inf, -np.inf])
    weights[0, 0] = random.choice([np.nan, -np.inf])
    return weights


def m_by_n(random):
    shape = random.integers(1, 14, 2) if random.random() < 0.5 else random.integers(1, 7, 4)
    weights = random.normal(size=shape)
    return np.round(weights * 2) / 2 if random.random() < 0.5 else weights


def blocks(random):
    weights = random.normal(size=random.integers(4, 40, 2))
    return np.round(weights) if random.random() < 0.3 else weights


KINDS = {"normal": normal, "tied": tied, "zeros": zeros, "not_numbers": not_numbers, "m_by_n": m_by_n, "blocks": blocks}


def pattern_of(kind, weights, random):
    if kind == "m_by_n":
        n = int(random.integers(2, 6))
        return Pattern(sparsity_m_by_n=(int(random.integers(1, n)), n))
    if kind == "blocks":
        sides = [int(random.integers(1, length // 2 + 1)) for length in weights.shape]
        return Pattern((sides[0], sides[1]), str(random.choice(["AVG", "MAX"])))
    return Pattern()


def dtype_of(kind, random):
    if kind in ("m_by_n", "blocks"):  # TF-MOT itself ends in an error with others
        return "float32"
    return str(random.choice(["float32", "float32", "float16", "bfloat16", "float64"]))


def schedule_of(random):
    share, begin, length = float(random.uniform(0, 0.99)), int(random.integers(0, 5)), int(random.integers(1, 200))
    if random.random() < 0.4:
        return ConstantSparsity(share, begin, frequency=1)
    power = float(random.choice([1, 2, 3, 3, 4, 1.5]))
    return PolynomialDecay(float(random.uniform(0, share)), share, begin, begin + length, power, 1)


def mask_by(engine, weights, dtype, schedule, step):
    variable = keras.Variable(weights, dtype=dtype)
    mask_dtype = "float32" if engine.pattern.sparsity_m_by_n else dtype
    mask = keras.Variable(np.ones(weights.shape), dtype=mask_dtype)
    engine.update([variable], [mask], schedule, step)
    return np.asarray(keras.ops.convert_to_numpy(mask)).astype("float32")


@pytest.mark.parametrize("kind", KINDS)
def test_generated_weights(kind):
    pruned = 0
    for seed in range(CASES):
        random = np.random.default_rng([seed, list(KINDS).index(kind)])
        weights, schedule = KINDS[kind](random), schedule_of(random)
        pattern, dtype = pattern_of(kind, weights, random), dtype_of(kind, random)
        end = schedule.begin_step + 1 if isinstance(schedule, ConstantSparsity) else schedule.end_step
        step = 1 if kind == "m_by_n" else int(random.integers(schedule.begin_step, end + 1))
        theirs = mask_by(TfmotEngine(pattern), weights, dtype, schedule, step)
        ours = mask_by(NativeEngine(pattern), weights, dtype, schedule, step)
        np.testing.assert_array_equal(ours, theirs, err_msg=f"{kind} {seed}: {weights.shape} {dtype} {pattern}")
        pruned += int((theirs == 0).sum())
    assert pruned > 0


def test_weights_that_share_a_threshold():
    for seed in range(CASES):
        random = np.random.default_rng([seed, 77])
        several = [normal(random) for _ in range(3)]
        masks = {}
        for engine in (TfmotEngine(Pattern()), NativeEngine(Pattern())):
            variables = [keras.Variable(one, dtype="float32") for one in several]
            masks[engine.name] = [keras.Variable(np.ones(one.shape), dtype="float32") for one in several]
            engine.update(variables, masks[engine.name], ConstantSparsity(0.7, 0, frequency=1), 1)
        for ours, theirs in zip(masks["native"], masks["tfmot"], strict=True):
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("kind", ["constant", "polynomial"])
def test_schedules(kind):
    """Every step of 60 schedules: whether it is due, and the sparsity to the bit."""
    import tensorflow as tf

    _, module = engines.load()
    compared = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        begin, length, frequency = (int(random.integers(*span)) for span in ((0, 20), (1, 60), (1, 9)))
        share = float(random.uniform(0, 0.99))
        if kind == "constant":
            ours = ConstantSparsity(share, begin, int(random.choice([-1, begin + length])), frequency)
        else:
            power = float(random.choice([1, 2, 3, 4]))
            ours = PolynomialDecay(float(random.uniform(0, 0.9)), share, begin, begin + length, power, frequency)
        theirs = getattr(module, type(ours).__name__)(**vars(ours))
        assert known(theirs) == ours
        for step in range(begin + length + 20):
            assert read(ours, step) == read(theirs, tf.constant(step, tf.int64)), (ours, step)
            compared += 1
    assert compared > 2000


def test_whole_trainings_against_the_wrappers_in_tf_keras():
    """Eight trainings of 21 steps: masks after every step, weights at the end; and what the import leaves behind."""
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *filter(None, sys.path)])}
    command = [sys.executable, "-W", "ignore", "-m", "tests.parts.pruning.real_tfmot"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["left behind"] == [None, True]
    found = said["trainings"]
    assert len(found) == 8
    same = {"masks": True, "weights": True}
    assert {name: (one["tfmot"], one["native"]) for name, one in found.items()} == dict.fromkeys(found, (same, same))
    assert all(one["steps"] == 21 for one in found.values())
    assert [name for name, one in found.items() if not one["changes"]] == ["2 of 4"]
