"""The networks of keras.applications: pretrained or not, with their own way to read pixels, and a new head."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import keras

from kspec import catalog
from kspec.builders.examples import Datasets
from kspec.builders.model.fits import require
from kspec.builders.targets import Targets
from kspec.errors import Problem, SpecError
from kspec.spec.component import Component

DOWNLOAD_TIMEOUT = 20.0
"""Seconds that a silent server is waited for; Keras itself waits without end."""

Pixels = Literal["caffe", "tf", "torch"]
PIXELS: dict[str, Pixels] = {
    **dict.fromkeys(("VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152"), "caffe"),
    **dict.fromkeys(("ResNet50V2", "ResNet101V2", "ResNet152V2"), "tf"),
    **dict.fromkeys(("InceptionV3", "InceptionResNetV2", "Xception", "NASNetLarge", "NASNetMobile"), "tf"),
    **dict.fromkeys(("MobileNet", "MobileNetV2"), "tf"),
    **dict.fromkeys(("DenseNet121", "DenseNet169", "DenseNet201"), "torch"),
}
"""Network -> the mode of its `preprocess_input` (keras.applications.imagenet_utils); the others read 0..255."""

CAFFE_MEAN = (103.939, 116.779, 123.68)
TORCH_MEAN, TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def build_application(
    network: Component, datasets: Datasets, targets: Targets, *, frozen: bool, pretrained: bool
) -> keras.Model:
    """The network without its top, its `preprocess_input` before it, pooling, dropout and predictions after it.

    Images with one channel are repeated to three. frozen: the base runs in inference mode (batch normalization keeps
    its statistics) and does not train. pretrained: False replaces the weights by random ones.

    Raises:
        DataError: the data are no images.
        SpecError: images below the network's minimum, no such weights, a failed download.
    """
    require("images", network.name, datasets)
    arguments = {key: value for key, value in network.arguments.items() if key not in ("pooling", "dropout")}
    if not pretrained:
        arguments["weights"] = None
    height, width, channels = datasets.input_shape
    base = _base(network.name, {**arguments, "include_top": False, "input_shape": (height, width, 3)})
    base.trainable = not frozen
    inputs = keras.Input((height, width, channels), name="image")
    x = inputs if channels == 3 else keras.layers.Concatenate(name="to_rgb")([inputs] * 3)
    x = read_pixels(x, network.name)
    x = base(x, training=False) if frozen else base(x)
    maximum = network.arguments.get("pooling") == "max"
    x = (keras.layers.GlobalMaxPooling2D if maximum else keras.layers.GlobalAveragePooling2D)(name="pool")(x)
    if network.arguments.get("dropout"):
        x = keras.layers.Dropout(network.arguments["dropout"], name="dropout")(x)
    x = keras.layers.Dense(targets.units, activation=targets.activation, dtype="float32", name="predictions")(x)
    return keras.Model(inputs, x, name=network.name.lower())


def read_pixels(x: Any, name: str) -> Any:
    """RGB pixels 0..255 as the network called `name` was trained on them, in layers that are saved with the model."""
    mode = PIXELS.get(name)
    if mode == "caffe":
        x = keras.ops.flip(x, axis=-1)  # to BGR
        return keras.layers.Rescaling(1.0, [-mean for mean in CAFFE_MEAN], dtype="float32", name="preprocess")(x)
    if mode == "torch":
        scale = [1 / (255 * deviation) for deviation in TORCH_DEVIATION]
        offset = [-mean / deviation for mean, deviation in zip(TORCH_MEAN, TORCH_DEVIATION, strict=True)]
        return keras.layers.Rescaling(scale, offset, dtype="float32", name="preprocess")(x)
    if mode == "tf":
        return keras.layers.Rescaling(1 / 127.5, -1.0, dtype="float32", name="preprocess")(x)
    return x


def _base(name: str, arguments: dict[str, Any]) -> keras.Model:
    weights = arguments.get("weights")
    if weights not in (None, "imagenet") and not Path(str(weights)).is_file():
        place = ("model", name, "weights")
        raise SpecError(Problem(place, "no such weights", "imagenet, null, or a file of weights", str(weights)))
    try:
        with download_timeout():
            base: keras.Model = catalog.instantiate("application", name, arguments, ("model",))
    except SpecError as error:
        raise _explained(name, error) from error
    return base


def _explained(name: str, error: SpecError) -> SpecError:
    """The error with what to do about it: images too small, or no network."""
    message = error.problems[0].message
    if "Input size must be at least" in message or "negative dimension" in message.lower():
        hint = "set data.image.size: [height, width] to enlarge them"
        return SpecError(Problem(("model", name), f"the images are too small: {message}", hint=hint, on_key=True))
    if "URL fetch failure" in message or "timed out" in message:
        hint = f"{name}: {{weights: null}} starts from random weights; or give a file of weights"
        return SpecError(
            Problem(("model", name), f"the weights could not be downloaded: {message}", hint=hint, on_key=True)
        )
    return error


@contextmanager
def download_timeout() -> Iterator[None]:
    """Makes every new connection of this process give up after DOWNLOAD_TIMEOUT seconds of silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
