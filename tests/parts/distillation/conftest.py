"""Small networks that teach and learn."""

import keras
import pytest


def small_network(width=4, activation="softmax", classes=3, dropout=0.0, seed=0):
    """8 x 8 images to classes, with a convolution, batch normalization and dropout."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(width, 3, activation="relu", name="conv"),
            keras.layers.BatchNormalization(name="bn"),
            keras.layers.MaxPooling2D(2, name="pool"),
            keras.layers.Flatten(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(classes, activation=activation, name="head"),
        ]
    )


@pytest.fixture
def network():
    return small_network
