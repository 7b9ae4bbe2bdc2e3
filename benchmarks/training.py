"""Training rate of a spec with kspec's defaults against the same network in plain Keras with Keras' defaults.

    python benchmarks/training.py [ROUNDS]

Both sides train a convolutional network 64/256/256 on 32 x 32 images held in memory, batch 256, SGD with momentum,
random crop and flip. kspec chooses precision and compilation by its rule and crops each image on its own; plain Keras
computes in float32, compiles as `compile()` does by default, and crops with keras.layers.RandomCrop (one offset a
batch). The sides take turns, a round of 2,048 images each; printed is the median of the rounds and the ratio. The first
round, which traces, does not count.
"""

import os
import statistics
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

import kspec
from kspec import text
from kspec.spec.reader import read

IMAGES, BATCH = 2048, 256


def block(width):
    """The layers of a group, as a spec lists them."""
    convolution = {"Conv2D": {"filters": width, "kernel_size": 3, "padding": "same", "use_bias": False}}
    return [convolution, "BatchNormalization", "ReLU", "MaxPooling2D", convolution, "BatchNormalization", "ReLU"]


LAYERS = [{"Rescaling": {"scale": 1 / 255}}, *(layer for width in (64, 256, 256) for layer in block(width))]


def kspec_side(images, labels):
    """A function that trains one round."""
    path = os.path.join(tempfile.mkdtemp(), "images.npz")
    np.savez(path, x=images, y=labels)
    tree = {
        "data": {
            "npz": path,
            "batch_size": BATCH,
            "augment": [{"RandomCrop": {"padding": 4}}, {"RandomFlip": {"mode": "horizontal"}}],
        },
        "model": {"layers": [*LAYERS, "GlobalMaxPooling2D"]},
        "training": {"epochs": 1, "optimizer": {"SGD": {"momentum": 0.9}}, "learning_rate": 0.01},
    }
    experiment = kspec.build(read(text.read_text(text.dump(tree))))
    print(f"kspec: {experiment.settings.precision}, {experiment.settings.reason}")
    return experiment.fit


def keras_side(images, labels):
    """A function that trains one round."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)])
    for width in (64, 256, 256):
        for pool in (True, False):
            model.add(layers.Conv2D(width, 3, padding="same", use_bias=False))
            model.add(layers.BatchNormalization())
            model.add(layers.ReLU())
            if pool:
                model.add(layers.MaxPooling2D())
    model.add(layers.GlobalMaxPooling2D())
    model.add(layers.Dense(10, "softmax"))
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    pad, crop, flip = layers.ZeroPadding2D(4), layers.RandomCrop(32, 32), layers.RandomFlip("horizontal")
    data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(IMAGES).batch(BATCH)
    data = data.map(
        lambda x, y: (flip(crop(pad(tf.cast(x, tf.float32)), training=True), training=True), y), tf.data.AUTOTUNE
    )
    data = data.prefetch(tf.data.AUTOTUNE)
    print(f"plain Keras: {keras.config.dtype_policy().name}, jit_compile {model.jit_compile}")
    return lambda: model.fit(data, epochs=1, verbose=0)


def main():
    """Takes turns and prints the medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (IMAGES, 32, 32, 3)).astype("uint8"), random.integers(0, 10, IMAGES)
    sides = {"kspec": kspec_side(images, labels), "plain Keras": keras_side(images, labels)}
    rates = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, train in sides.items():
            start = time.perf_counter()
            train()
            if number:
                rates[name].append(IMAGES / (time.perf_counter() - start))
    for name, values in rates.items():
        spread = f"median of {rounds}; {min(values):.0f} to {max(values):.0f}"
        print(f"{name:12} {statistics.median(values):6.0f} images/s ({spread})")
    print(f"ratio        {statistics.median(rates['kspec']) / statistics.median(rates['plain Keras']):6.2f}")


if __name__ == "__main__":
    main()
