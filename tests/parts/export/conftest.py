"""Small models, and examples for them."""

import keras
import numpy as np
import pytest


@pytest.fixture(scope="session")
def convolutional():
    """A network of convolution and batch norm that maps bright and dark images to two classes, and images."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Normalization(mean=[0.5, 0.5, 0.5], variance=[0.1, 0.1, 0.1])(inputs)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(keras.layers.Conv2D(8, 3)(x)))
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="head")(x))
    random = np.random.default_rng(0)
    images = random.uniform(0, 1, (64, 8, 8, 3)).astype("float32")
    labels = np.arange(64) % 2
    images *= np.where(labels, 1.0, 0.3)[:, None, None, None].astype("float32")
    model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(images, labels, epochs=8, batch_size=64, verbose=0)
    return model, images
