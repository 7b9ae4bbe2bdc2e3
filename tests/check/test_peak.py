"""The memory of a training step: by hand, and against what a real training takes."""

import subprocess
import sys

import keras
import pytest
import tensorflow as tf

from kspec.check import peak

MEASURE = """
import sys
import keras, numpy as np, tensorflow as tf
from kspec.check import machine, peak
from kspec.parts.models.cnn import CNN

def resident():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))

def grown(model, x, batch):
    y = np.zeros((batch,), "int64")
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    specs = tf.TensorSpec(x.shape, x.dtype), tf.TensorSpec(y.shape, y.dtype)
    expected = peak.estimate(model, specs, batch)
    data = tf.data.Dataset.from_tensors((x, y)).repeat(2)
    model.fit(data.map(lambda x, y: (x[:1], y[:1])), verbose=0, shuffle=False)
    before = resident()
    model.fit(data, verbose=0, shuffle=False)
    return (machine.peak_resident() - before) / (expected.gradients + expected.activations(batch))

print(grown(CNN((64, 64, 3), 10, filters=[32, 64]), np.zeros((128, 64, 64, 3), "float32"), 128))
layers = [keras.layers.Dense(2000, activation="relu") for _ in range(4)]
mlp = keras.Sequential([keras.Input((1000,)), *layers, keras.layers.Dense(10, activation="softmax")])
print(grown(mlp, np.zeros((16384, 1000), "float32"), 16384))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's account of a process is read from /proc")
def test_against_a_real_training():
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    convolutional, dense = (float(line) for line in done.stdout.split())
    assert 0.6 < convolutional < 1.7
    assert 0.6 < dense < 1.7


def compiled(*layers, shape=(100,)):
    model = keras.Sequential([keras.Input(shape), *layers])
    model.compile("adam", "mse", jit_compile=False)
    return model


def estimated(model, batch=32):
    inputs, outputs = model.input_shape[1:], model.output_shape[1:]
    return peak.estimate(model, (tf.TensorSpec((batch, *inputs)), tf.TensorSpec((batch, *outputs))), batch)


def test_weights_and_the_two_moments_of_adam():
    found = estimated(compiled(keras.layers.Dense(50)))
    assert found.weights == 4 * (100 * 50 + 50)
    assert 2 * found.weights <= found.optimizer <= 2 * found.weights + 64


def test_what_the_backward_pass_reads_again_is_kept():
    """Of each of three hidden layers its output, 1,000 floats, and the gradient of one or two of them on top."""
    hidden = [keras.layers.Dense(1000, activation="relu") for _ in range(3)]
    assert 3 * 4000 <= estimated(compiled(*hidden, keras.layers.Dense(1)), 4096).per_example <= 5.2 * 4000


def test_a_frozen_base_keeps_nothing():
    hidden = [keras.layers.Dense(1000, activation="relu") for _ in range(6)]
    model = compiled(*hidden, keras.layers.Dense(1))
    trained = estimated(model, 4096)
    for layer in hidden:
        layer.trainable = False
    model.compile("adam", "mse", jit_compile=False)
    frozen = estimated(model, 4096)
    assert frozen.optimizer < trained.optimizer / 100
    assert frozen.per_example <= 2.5 * 4000 < trained.per_example


def test_a_loop_keeps_every_step():
    inputs = keras.Input((50, 8))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(16)(inputs)))
    model.compile("adam", "mse", jit_compile=False)
    specs = tf.TensorSpec((32, 50, 8)), tf.TensorSpec((32, 1))
    each_step = 4 * 16 * 4  # the four gates
    assert peak.estimate(model, specs, 32).per_example > 50 * each_step
