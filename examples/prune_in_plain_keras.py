"""A network of your own, trained in plain Keras, then pruned to 80 % zeros in a second `fit`; here on 8 x 8 digits."""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from kspec import PolynomialDecay, PruneLowMagnitude


def main(epochs: int = 12) -> dict[str, float]:
    """Trains, prunes, and returns the test accuracy before and after, and the share of zeros that was reached."""
    digits = load_digits()
    x, x_test, y, y_test = train_test_split(
        digits.images[..., None] / 16.0, digits.target, test_size=0.25, random_state=0, stratify=digits.target
    )

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            *(layers.Conv2D(32, 3, activation="relu", name="conv"), layers.MaxPooling2D(), layers.Flatten()),
            *(layers.Dense(64, "relu", name="dense"), layers.Dense(10, "softmax", name="head")),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    model.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    dense = model.evaluate(x_test, y_test, verbose=0)[1]

    steps = epochs * -(-len(x) // 32)
    # From 0 to 80 % zeros in the first three quarters of the steps; the rest mends the loss. The masks are renewed
    # every 10 steps, which divides the way from begin to end, so that the last renewal has the final sparsity.
    schedule = PolynomialDecay(0.0, 0.8, begin_step=0, end_step=int(0.75 * steps) // 10 * 10, frequency=10)
    pruning = PruneLowMagnitude(schedule, exclude=["*head/*"])
    model.fit(x, y, batch_size=32, epochs=epochs, callbacks=[pruning], verbose=0)

    pruned = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"test accuracy {dense:.3f}, pruned {pruned:.3f}")
    for one in pruning.report():
        print(f"{one.path}: {one.zeros:,} of {one.size:,} weights are 0 ({one.sparsity:.1%})")
    # A stock Keras model: no wrapper to strip, and nothing of kspec in its file.
    return {"dense": dense, "pruned": pruned, "sparsity": min(one.sparsity for one in pruning.report())}


if __name__ == "__main__":
    main()
