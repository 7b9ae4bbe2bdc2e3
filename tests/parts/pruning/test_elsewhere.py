"""On JAX, and over two devices with `tf.distribute.MirroredStrategy`."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kspec.parts.pruning import engines
from kspec.parts.pruning.masks import magnitude_mask

ROOT = Path(__file__).parents[3]
TO_80 = {"zeros": [102, 13], "reported": [102, 13], "finite": True}  # of 128 and 16


def elsewhere(*arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    command = [sys.executable, "-W", "ignore", "-m", "tests.parts.pruning.elsewhere", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_jax():
    found = elsewhere("jax")
    assert found.pop("backend") == "jax"
    random, masks = np.random.default_rng(5), found.pop("masks")
    for shape, mask in zip(((7, 5), (3, 3, 4, 6), (40,)), masks, strict=True):
        expected = magnitude_mask(random.normal(size=shape).astype("float32"), 0.7)
        np.testing.assert_array_equal(mask, expected)
    halves = found.pop("2 of 4")
    assert halves["zeros"] == [64, 8]
    assert found == dict.fromkeys(("jit False", "jit True", "average", "accumulated", "scaled"), TO_80)


def test_two_devices():
    engine = "tfmot" if engines.is_installed() else "native"
    found = elsewhere("mirrored", engine)
    assert found.pop("replicas") == 2
    assert found == dict.fromkeys(("momentum", "average"), TO_80)
