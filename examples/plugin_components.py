"""A plug-in: a layer, a callback and an augmentation that specs can name, with the tests that kspec asks of them.

    kspec run SPEC --plugin examples/plugin_components.py
    kspec list callback --plugin examples/plugin_components.py

As a package it needs no --plugin; its pyproject.toml says

    [project.entry-points."kspec.plugins"]
    shake = "shake"            # the module with COMPONENTS

A spec names the components and gives their arguments; it cannot name this file. Names begin with a capital letter
(those of activations with a small one) and are not taken by Keras, kspec or another plug-in. The type of an argument is
read from its annotation or default, so a misspelt or wrong one is refused before anything is built.
"""

import tempfile
from pathlib import Path

import keras
import tensorflow as tf

import kspec
from kspec import PerSampleAugmentation, testing


class ScaledResidual(keras.layers.Layer):
    """Adds a dense layer to its input, times a learned factor that starts small."""

    def __init__(self, units: int, initial: float = 0.1, **kwargs):
        super().__init__(**kwargs)
        self.units, self.initial = units, initial

    def build(self, input_shape):
        """Makes the dense layer and the factor."""
        self.dense = keras.layers.Dense(self.units, "relu")
        self.dense.build(input_shape)
        self.factor = self.add_weight(
            shape=(self.units,), initializer=keras.initializers.Constant(self.initial), name="factor"
        )

    def call(self, x):
        """The sum."""
        return x + self.factor * self.dense(x)

    def compute_output_shape(self, input_shape):
        """The shape of the input."""
        return input_shape

    def get_config(self):
        """The constructor's arguments, from which a saved model makes the layer again."""
        return {**super().get_config(), "units": self.units, "initial": self.initial}


class StopAtAccuracy(keras.callbacks.Callback):
    """Ends the training when the accuracy on train reaches a target."""

    def __init__(self, target: float = 0.99):
        super().__init__()
        self.target = target

    def on_train_begin(self, logs=None):
        """Forgets the training before, so that the callback can be used again."""
        self.reached = False

    def on_epoch_end(self, epoch, logs=None):
        """Looks at the accuracy."""
        self.reached = (logs or {}).get("accuracy", 0.0) >= self.target
        self.model.stop_training |= self.reached


class PixelNoise(PerSampleAugmentation):
    """Adds normal noise to the pixels; the same seed gives the same noise."""

    def __init__(self, stddev: float = 1.0, seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)
        self.stddev = stddev

    def augment(self, images, labels, seed, index, epoch):
        """The images with noise, as float32."""
        noise = tf.random.stateless_normal(tf.shape(images), seed, stddev=self.stddev)
        return tf.cast(images, tf.float32) + noise, labels

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "stddev": self.stddev}


COMPONENTS = {
    "layer": {"ScaledResidual": ScaledResidual},
    "callback": {"StopAtAccuracy": StopAtAccuracy},
    "augmentation": {"PixelNoise": PixelNoise},
}

EXAMPLES = {"layer": {"ScaledResidual": testing.Example({"units": 8}, shapes=[(8,)])}}
"""What the contracts need to build a component that has required arguments."""

SPEC = """
data: {sklearn: digits, validation: 0.2, batch_size: 32, augment: [{PixelNoise: {stddev: 0.5}}]}
model:
  layers:
    - Rescaling: {scale: 0.0625}
    - Flatten
    - Dense: {units: 64, activation: relu}
    - ScaledResidual: {units: 64}
training:
  epochs: 20
  callbacks: [{StopAtAccuracy: {target: 0.95}}]
"""


def main(epochs: int = 20) -> float:
    """Checks the contracts, trains a spec that names the components, and returns the validation accuracy."""
    for contract in testing.contracts(COMPONENTS, EXAMPLES):  # in a test: pytest.mark.parametrize("contract", ...)
        contract()
    kspec.load_plugin(__file__)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shake.yaml"
        file.write_text(SPEC)
        history = kspec.build(kspec.load_spec(file)).fit(epochs=epochs).history
    accuracy = history["val_accuracy"][-1]
    print(f"{len(history['loss'])} epochs, validation accuracy {accuracy:.3f}")
    return accuracy


if __name__ == "__main__":
    main()
