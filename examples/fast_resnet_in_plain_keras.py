"""The network and the optimizer of specs/cifar_resnet.yaml in a Keras script of your own, here on 8 x 8 digits."""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from kspec import FastResNet, Lookahead, OneCycle, adapt_model, grouped, predict_views


def main(epochs: int = 6) -> dict[str, float]:
    """Trains and returns the test accuracy, plain and over shifted views."""
    digits = load_digits()
    images, labels = keras.ops.image.resize(digits.images[..., None], (32, 32)).numpy(), digits.target
    x, x_test, y, y_test = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)

    keras.utils.set_random_seed(0)
    model = FastResNet((32, 32, 1), 10, widths=[8, 16, 16], activation="relu")
    adapt_model(model, x)  # pixel statistics and the whitening filters come from the train images

    steps = len(x) // 64
    optimizer = grouped(keras.optimizers.SGD)(
        OneCycle(peak=0.2, total_steps=epochs * steps),
        momentum=0.85,
        nesterov=True,
        # The first group that matches a weight wins; batch-norm shifts learn at 64 times the rate.
        groups=[{"match": "*/beta", "learning_rate": 64}, {"match": "*", "weight_decay": 0.001}],
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    model.fit(x, y, batch_size=64, epochs=epochs, callbacks=[Lookahead(every=5, decay=0.5)], verbose=0)

    plain = model.evaluate(x_test, y_test, verbose=0)[1]
    views = float((predict_views(model, x_test, ("shift",)).argmax(-1) == y_test).mean())
    print(f"test accuracy {plain:.3f}, over shifted views {views:.3f}")
    return {"plain": plain, "views": views}


if __name__ == "__main__":
    main()
