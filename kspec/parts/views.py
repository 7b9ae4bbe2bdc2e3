"""Test-time views: the mean prediction over mirrored and shifted copies of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from kspec.parts.autotune import in_order

VIEWS = ("mirror", "shift")


def view_model(model: keras.Model, views: Sequence[str] = VIEWS) -> keras.Model:
    """A model that gives the weighted mean of `model` over views of each image; it shares the weights.

    "mirror": the image and its left-right mirror image, 1/2 each. "shift": the image 1/2, and the image moved by one
    pixel along the diagonal, up-left and down-right, 1/4 each (borders reflected). Both: every shift in both
    orientations, which costs six predictions. What is averaged is the model's output as it is: logits or probabilities.

    Source: K. Jordan, arXiv:2404.00498, section 3.7 (the test-time augmentation of airbench94).

    model: one input of shape (batch, height, width, channels), one output. views: any of VIEWS, without repetition.
    Raises ValueError for an unknown or repeated view, or a model whose input is no image.

    Example:
        view_model(model).predict(test_images)
    """
    unknown = sorted(set(views) - set(VIEWS))
    if unknown or len(set(views)) != len(views):
        raise ValueError(f"views must be different names out of {VIEWS}, not {tuple(views)}")
    if len(model.inputs) != 1 or len(model.inputs[0].shape) != 4:
        raise ValueError("views need a model with one input (height, width, channels)")
    source = model.inputs[0]
    inputs = keras.Input(source.shape[1:], dtype=source.dtype)
    weighted = [(1.0, inputs)]
    if "shift" in views:
        shifted = [(0.25, image) for image in _diagonal_shifts(inputs)]
        weighted = [(0.5, inputs), *shifted]
    if "mirror" in views:
        weighted = [(weight / 2, view) for weight, image in weighted for view in (image, ops.flip(image, axis=2))]
    outputs = sum(weight * model(view) for weight, view in weighted)
    return keras.Model(inputs, outputs, name=f"{model.name}_views")


def predict_views(
    model: keras.Model, images: Any, views: Sequence[str] = VIEWS, batch_size: int = 256
) -> NDArray[np.float32]:
    """`view_model(model, views).predict(images)`: the mean outputs, (count, outputs).

    Example:
        accuracy = (predict_views(model, x_test).argmax(-1) == y_test).mean()
    """
    found = view_model(model, views).predict(**in_order(images, batch_size=batch_size), verbose=0)
    predictions: NDArray[np.float32] = found
    return predictions


def _diagonal_shifts(images: Any) -> list[Any]:
    """The images moved by one pixel down-right and up-left, borders reflected."""
    height, width = images.shape[1:3]
    padded = ops.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    return [padded[:, :height, :width], padded[:, 2 : height + 2, 2 : width + 2]]
