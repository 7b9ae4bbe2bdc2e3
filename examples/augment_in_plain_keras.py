"""kspec's per-sample augmentation: as Keras layers in a model, and as pure functions of a seed in tf.data."""

import keras
import tensorflow as tf
from sklearn.datasets import load_digits

from kspec import CutMix, RandomCrop, RandomRotation


def main(epochs: int = 3) -> float:
    """Trains with both and returns the accuracy on the images as they are."""
    digits = load_digits()
    x, y = digits.images[..., None].astype("float32"), keras.utils.to_categorical(digits.target)

    # In tf.data: each batch's draw follows from its number, so the run repeats bit for bit.
    mix = CutMix(alpha=1.0)

    def mixed(step, batch):
        images, labels = batch
        seed = tf.cast(tf.stack([0, step]), tf.int32)
        return mix.augment(images, labels, seed, index=tf.range(tf.shape(images)[0]), epoch=0)

    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=0).batch(64, drop_remainder=True)
    data = data.enumerate().map(mixed)

    # In the model: active in training only, a different draw for every image.
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            RandomCrop(padding=1),
            RandomRotation(factor=0.03),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    model.fit(data, epochs=epochs, shuffle=False, verbose=0)
    accuracy = model.evaluate(x, y, verbose=0)[1]
    print(f"accuracy on the images as they are: {accuracy:.3f}")
    return accuracy


if __name__ == "__main__":
    main()
