"""A large network teaches a tiny one in a Keras script of your own, here on 8 x 8 digits.

The teacher has learned from 898 images, the student sees 100 of them: soft targets tell more of each image than a label
(G. Hinton et al., arXiv:1503.02531, section 6). With all 898 images a student this small learns as well by itself.
"""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from kspec import Distiller, LogitsDistillation

layers = keras.layers


def teacher_network() -> keras.Model:
    """29,000 parameters."""
    stack = [
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Rescaling(1 / 16), *stack])


def student_network() -> keras.Model:
    """358 parameters."""
    stack = [
        layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Rescaling(1 / 16), *stack])


def main(epochs: int = 150) -> dict[str, float]:
    """Trains the teacher, and the student twice from the same start: on labels alone, and taught. Test accuracies."""
    digits = load_digits()
    split = train_test_split(digits.images[..., None], digits.target, test_size=0.5, random_state=0)
    x, x_test, y, y_test = split
    settings = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "jit_compile": False}

    keras.utils.set_random_seed(0)
    teacher = teacher_network()
    teacher.compile(keras.optimizers.Adam(0.002), **settings)
    teacher.fit(x, y, batch_size=32, epochs=max(epochs // 8, 2), verbose=0)

    keras.utils.set_random_seed(1)
    alone = student_network()
    taught = keras.models.clone_model(alone)
    taught.set_weights(alone.get_weights())
    alone.compile(keras.optimizers.Adam(0.005), **settings)
    few, few_y = x[:100], y[:100]
    alone.fit(few, few_y, batch_size=32, epochs=epochs, verbose=0)

    distiller = Distiller(teacher, taught, LogitsDistillation(temperature=4, weight=0.9), hard_weight=0.1)
    distiller.compile(keras.optimizers.Adam(0.005), **settings)
    distiller.fit(few, few_y, batch_size=32, epochs=epochs, verbose=0)  # distiller.save() saves the student alone

    accuracy = {
        "teacher": teacher.evaluate(x_test, y_test, verbose=0)[1],
        "alone": alone.evaluate(x_test, y_test, verbose=0)[1],
        "taught": distiller.evaluate(x_test, y_test, verbose=0)[1],
    }
    print(f"teacher, {teacher.count_params()} parameters: test accuracy {accuracy['teacher']:.3f}")
    print(f"student, {alone.count_params()} parameters: {accuracy['alone']:.3f} alone, {accuracy['taught']:.3f} taught")
    return accuracy


if __name__ == "__main__":
    main()
