"""A Keras model as files for other runtimes: float32 and int8, each compared with Keras before it counts."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from kspec import ResNet, adapt_model, export, quantize, run_file


def main(epochs: int = 10) -> float:
    """Trains, exports, quantizes; returns the test accuracy of the int8 file in LiteRT."""
    digits = load_digits()
    images, labels = digits.images[..., None].astype("float32"), digits.target
    x, x_test, y, y_test = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)

    keras.utils.set_random_seed(0)
    model = ResNet((8, 8, 1), 10, depth=8)
    adapt_model(model, x)
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=64, epochs=epochs, verbose=0)
    before = model.evaluate(x_test, y_test, verbose=0)[1]

    # A SavedModel and LiteRT need TensorFlow alone; pip install 'kspec[export]' adds OpenVINO and ONNX.
    formats = ["saved_model", "litert", *(["openvino"] if find_spec("openvino") else [])]
    with tempfile.TemporaryDirectory() as folder:
        for made in export(model, folder, formats, examples=x_test):
            print(made.format, made.size, made.reason or made.compared)
        small = quantize(model, Path(folder) / "small.tflite", "int8", examples=x_test, calibration=x[:512])
        print("int8", small.size, small.compared)
        classes = run_file(small.path)(x_test).argmax(axis=1)

    after = float((classes == y_test).mean())
    print(f"test accuracy {before:.3f} in Keras, {after:.3f} in int8")
    return after


if __name__ == "__main__":
    main()
