"""Trainings that need a process of their own: on JAX, and over two devices. `main` prints what they end with as JSON.

python -m tests.parts.pruning.elsewhere jax|mirrored
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if sys.argv[1] == "jax":
    os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

from kspec import PolynomialDecay, PruneLowMagnitude
from kspec.parts.pruning.engines import NativeEngine, Pattern
from kspec.parts.pruning.schedules import ConstantSparsity

X = np.random.default_rng(0).normal(size=(40, 8)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


def trained(jit, optimizer, callbacks=(), **arguments):
    layers = [keras.layers.Dense(16, "relu", name="one"), keras.layers.Dense(1, name="two")]
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8,)), *layers], name="mlp")
    model.compile(optimizer, "mse", jit_compile=jit)
    pruning = PruneLowMagnitude(PolynomialDecay(0.0, 0.8, 0, 12, frequency=3), **arguments)
    data = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0, "validation_data": (X, Y)}
    history = model.fit(X, Y, callbacks=[pruning, *callbacks], **data)
    again = [int((np.asarray(one) == 0).sum()) for one in (model.layers[0].kernel, model.layers[1].kernel)]
    reported = [one.zeros for one in pruning.report()]
    return {"zeros": again, "reported": reported, "finite": bool(np.isfinite(history.history["loss"]).all())}


def jax():
    found = {"backend": keras.backend.backend()}
    for jit in (False, True):
        found[f"jit {jit}"] = trained(jit, keras.optimizers.Adam(0.01))
    found["average"] = trained(
        True, keras.optimizers.Adam(0.01, use_ema=True), [keras.callbacks.SwapEMAWeights(swap_on_epoch=False)]
    )
    found["accumulated"] = trained(True, keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))
    found["scaled"] = trained(True, keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01)))
    found["2 of 4"] = trained(True, keras.optimizers.Adam(0.01), sparsity_m_by_n=(2, 4))
    random, masks = np.random.default_rng(5), []
    for shape in ((7, 5), (3, 3, 4, 6), (40,)):
        weights, mask = keras.Variable(random.normal(size=shape)), keras.Variable(np.ones(shape))
        NativeEngine(Pattern()).update([weights], [mask], ConstantSparsity(0.7, 0), 100)
        masks.append(np.asarray(mask).tolist())
    return {**found, "masks": masks}


def mirrored():
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    found = {"replicas": strategy.num_replicas_in_sync}
    with strategy.scope():
        found["momentum"] = trained(False, keras.optimizers.SGD(0.05, momentum=0.9), engine=sys.argv[2])
        found["average"] = trained(False, keras.optimizers.Adam(0.01, use_ema=True), engine="native")
    return found


if __name__ == "__main__":
    print(json.dumps({"jax": jax, "mirrored": mirrored}[sys.argv[1]]()))
