"""Augmentation of a batch: kspec's own layers and any of Keras', all as pure functions of the seed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from kspec import catalog
from kspec.errors import Gathered, Problem, SpecError
from kspec.parts.augmentation.base import PerSampleAugmentation
from kspec.spec.component import Component

Step = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""(images, labels, seed int32 (2,), positions int64 (batch,), epoch int64) -> (images, labels)."""


def augmentations(components: tuple[Component, ...], images: tf.Tensor, labels: tf.Tensor) -> list[Step]:
    """The augmentations, ready to be called in tf.data.

    images, labels: one example as a batch; each augmentation is tried on it, and what does not fit is refused.

    Raises:
        SpecError: with the path of every augmentation that failed, e.g. `data.augment[1]`.
    """
    zero = tf.constant(0, tf.int64)
    steps: list[Step] = []
    gathered = Gathered()

    def one(component: Component, path: tuple[str | int, ...]) -> None:
        nonlocal images, labels
        layer = catalog.instantiate("augmentation", component.name, component.arguments, path)
        try:
            step = step_of(layer, images)
            changed, labels = step(images, labels, tf.constant([0, 0]), zero[None], zero)
        except Exception as error:  # whatever a layer raises about shapes it cannot take
            raise SpecError(_misfit(path, component.name, images, error)) from error
        if changed.shape != images.shape:
            raise SpecError(_misfit(path, component.name, images, f"it makes {_shape(changed)} of it"))
        images = changed
        steps.append(step)

    for number, component in enumerate(components):
        gathered.part(partial(one, component, ("data", "augment", number)), None)
    gathered.stop()
    return steps


def step_of(layer: keras.layers.Layer, images: tf.Tensor) -> Step:
    """A layer as a pure function of the seed. images: a batch of one, on which a layer of Keras builds itself."""
    if isinstance(layer, PerSampleAugmentation):
        return layer.augment
    # Keras builds its layers on the first call, which must not happen inside tf.data.
    layer(tf.cast(images, tf.float32), training=True)
    return _keras_step(layer)


def _misfit(path: tuple[str | int, ...], name: str, images: tf.Tensor, error: Any) -> Problem:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return Problem(path, f"{name} does not fit the data: {reason}", "images", f"examples of shape {_shape(images)}")


def _shape(images: tf.Tensor) -> str:
    return "x".join(str(size) for size in images.shape[1:]) or "()"


def _keras_step(layer: keras.layers.Layer) -> Step:
    """A Keras layer whose random state is given from outside, which makes it a pure function."""

    def step(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor) -> Any:
        states = [variable for variable in layer.variables if variable.path.endswith("seed_generator_state")]
        numbers = range(len(states))
        given = [tf.random.experimental.stateless_fold_in(seed, number) for number in numbers]
        mapping = [(state, tf.cast(value, state.dtype)) for state, value in zip(states, given, strict=True)]
        with keras.StatelessScope(state_mapping=mapping):
            return layer(tf.cast(images, tf.float32), training=True), labels

    return step
