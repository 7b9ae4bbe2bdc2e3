"""Neuron pruning in a Keras script of your own: a residual network on 8 x 8 digits, cut to half of its MACs."""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from kspec import ResNet, adapt_model, prune_neurons, recalibrate


def main(epochs: int = 10) -> float:
    """Trains, removes neurons, trains on; returns the test accuracy of the small model."""
    digits = load_digits()
    images, labels = digits.images[..., None].astype("float32"), digits.target
    x, x_test, y, y_test = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)

    keras.utils.set_random_seed(0)
    model = ResNet((8, 8, 1), 10, depth=8)
    adapt_model(model, x)
    compile_(model, 0.003)
    model.fit(x, y, batch_size=64, epochs=epochs, verbose=0)
    before = model.evaluate(x_test, y_test, verbose=0)[1]

    # The neurons whose removal changes the loss least, on 512 examples. The result is a stock Keras model.
    small, report = prune_neurons(model, (x[:512], y[:512]), macs=0.5)
    compile_(small, 0.002)
    cut = small.evaluate(x_test, y_test, verbose=0)[1]
    recalibrate(small, x)  # the statistics of its batch normalization, without training
    recalibrated = small.evaluate(x_test, y_test, verbose=0)[1]
    small.fit(x, y, batch_size=64, epochs=max(epochs // 2, 1), verbose=0)
    after = small.evaluate(x_test, y_test, verbose=0)[1]

    print(report)
    print(f"test accuracy {before:.3f}, cut {cut:.3f}, recalibrated {recalibrated:.3f}, trained on {after:.3f}")
    return after


def compile_(model: keras.Model, rate: float) -> None:
    """Adam without XLA, which takes longer to compile than these networks to train."""
    optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)


if __name__ == "__main__":
    main()
