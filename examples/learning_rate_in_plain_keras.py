"""kspec's warmups and schedules in a Keras script of your own: no YAML, no kspec runner."""

import keras
from sklearn.datasets import load_digits

from kspec import LinearWarmup, WarmupCosineDecay


def model() -> keras.Model:
    """A small network for 8 x 8 digits."""
    return keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(10, "softmax"),
        ]
    )


def main(epochs: int = 8) -> dict[str, float]:
    """Trains with a schedule and with a callback; returns both accuracies."""
    digits = load_digits()
    x, y = digits.data.astype("float32"), digits.target
    steps = -(-len(x) // 32)

    # A schedule: computed in the graph, exact for every step.
    keras.utils.set_random_seed(0)
    scheduled = model()
    rate = WarmupCosineDecay(peak=0.01, warmup_steps=steps, total_steps=epochs * steps)
    scheduled.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    scheduled.fit(x, y, epochs=epochs, verbose=0)

    # A callback: for a plain float rate that ReduceLROnPlateau goes on to lower.
    keras.utils.set_random_seed(0)
    warmed = model()
    warmed.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [LinearWarmup(warmup_steps=steps), keras.callbacks.ReduceLROnPlateau("loss", patience=2)]
    warmed.fit(x, y, epochs=epochs, callbacks=callbacks, verbose=0)

    found = {
        "WarmupCosineDecay": scheduled.evaluate(x, y, verbose=0)[1],
        "LinearWarmup": warmed.evaluate(x, y, verbose=0)[1],
    }
    for name, accuracy in found.items():
        print(f"{name}: accuracy {accuracy:.3f}")
    return found


if __name__ == "__main__":
    main()
