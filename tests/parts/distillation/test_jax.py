"""The same distillation on JAX, in a process of its own; skipped where JAX is not installed."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json
import keras, numpy as np, tensorflow as tf
import kspec

def net(width, seed):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Conv2D(width, 3, name="conv"), keras.layers.BatchNormalization(), keras.layers.Flatten()]
    net = keras.Sequential([keras.Input((8, 8, 1)), *layers, keras.layers.Dense(3, "softmax")])
    random = np.random.default_rng(seed)
    net.set_weights([random.uniform(0.1, 0.3, weight.shape) for weight in net.get_weights()])
    return net

random = np.random.default_rng(0)
x, y = random.normal(size=(16, 8, 8, 1)).astype("float32"), np.arange(16) % 3
views = kspec.DeterministicViews(x, y, lambda x, _: x, batch_size=8, views=2)
soft = [kspec.LogitsDistillation(), kspec.DecoupledDistillation(), kspec.AttentionTransfer("conv", "conv"),
        kspec.FeatureDistillation("conv", "conv", projection=True)]
found = {}
for name in ("network", "self", "cache"):
    teacher, data = net(4, 1), views.epochs().map(lambda key, batch: batch)
    before = [np.array(one) for one in teacher.variables]
    if name == "self":
        used = kspec.SelfTeacher(0.5)
    elif name == "cache":
        used = kspec.TeacherCache(16, 2).fill(teacher, views.all())
        data = used.attach(views.epochs())
    else:
        used = teacher
    distiller = kspec.Distiller(used, net(4, 2), soft[:2] if name == "cache" else soft)
    for projection in distiller.projections[1:]:
        projection.set_weights([np.eye(4), np.zeros(4)])
    distiller.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = distiller.fit(data, steps_per_epoch=2, epochs=3, verbose=0, shuffle=False, validation_data=(x, y)).history
    found[name] = {key: history[key] for key in sorted(history)}
    assert all(np.array_equal(now, then) for now, then in zip(teacher.variables, before))
    assert not {id(one) for one in teacher.variables} & {id(one) for one in distiller.variables}
print(json.dumps(found))
"""


def _losses(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_jax_and_tensorflow_agree():
    ours, theirs = _losses("jax"), _losses("tensorflow")
    assert ours["network"].keys() == theirs["network"].keys()
    for name, history in theirs.items():
        for key, values in history.items():
            assert ours[name][key] == pytest.approx(values, rel=2e-3, abs=1e-4), (name, key)
