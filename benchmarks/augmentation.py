"""CPU milliseconds per batch of kspec's augmentations and of the Keras layers of the same names, in tf.data.

    python benchmarks/augmentation.py [--repeats 15] [--batch 128] [--size 32]

Each layer gets the same uint8 batch in `dataset.map` (Keras' layers in the form their users write, which is float out).
Both are timed in turn, again and again, so that a busy machine slows them alike; the table holds the medians.
"per sample" says whether two equal images in one batch come out different.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from kspec.parts.augmentation import colour, crop, erasing, flip, geometry, mixing, rand_augment

STEPS = 8
LABELLED = ("MixUp", "CutMix")

# name -> (kspec's, Keras'); None where Keras has no such layer.
PAIRS = {
    "RandomCrop": (lambda size: crop.RandomCrop(4), lambda size: _keras_crop(size)),
    "RandomFlip": (lambda size: flip.RandomFlip(), lambda size: keras.layers.RandomFlip("horizontal")),
    "RandomRotation": (lambda size: geometry.RandomRotation(0.1), lambda size: keras.layers.RandomRotation(0.1)),
    "RandomTranslation": (
        lambda size: geometry.RandomTranslation(0.1, 0.1),
        lambda size: keras.layers.RandomTranslation(0.1, 0.1),
    ),
    "RandomZoom": (lambda size: geometry.RandomZoom(0.2, 0.2), lambda size: keras.layers.RandomZoom(0.2, 0.2)),
    "RandomBrightness": (lambda size: colour.RandomBrightness(0.2), lambda size: keras.layers.RandomBrightness(0.2)),
    "RandomContrast": (lambda size: colour.RandomContrast(0.2), lambda size: keras.layers.RandomContrast(0.2)),
    "RandomSaturation": (
        lambda size: colour.RandomSaturation((0.4, 0.6)),
        lambda size: keras.layers.RandomSaturation((0.4, 0.6)),
    ),
    "RandomHue": (lambda size: colour.RandomHue(0.2), lambda size: keras.layers.RandomHue(0.2)),
    "Cutout": (lambda size: erasing.Cutout(size // 4), None),
    "RandomErasing": (lambda size: erasing.RandomErasing(), lambda size: keras.layers.RandomErasing()),
    "MixUp": (lambda size: mixing.MixUp(), lambda size: keras.layers.MixUp()),
    "CutMix": (lambda size: mixing.CutMix(), lambda size: keras.layers.CutMix()),
    "RandAugment": (lambda size: rand_augment.RandAugment(), lambda size: keras.layers.RandAugment()),
}


def _keras_crop(size: int) -> keras.Sequential:
    """Padding and crop, as it is usually put together from Keras' layers."""
    layers = [keras.Input((size, size, 3)), keras.layers.ZeroPadding2D(4), keras.layers.RandomCrop(size, size)]
    return keras.Sequential(layers)


def own_step(layer: keras.Layer) -> Callable[..., tf.Tensor]:
    """The map function for a layer of kspec, as kspec's own pipeline calls it."""

    def step(number: tf.Tensor, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        seed = tf.stack([tf.cast(number, tf.int32), 1])
        index = tf.range(tf.shape(images, tf.int64)[0])
        return layer.augment(images, labels, seed, index, tf.constant(0, tf.int64))[0]

    return step


def keras_step(layer: keras.Layer) -> Callable[..., tf.Tensor]:
    """The map function for a layer of Keras."""
    if layer.__class__.__name__ in LABELLED:
        return lambda number, images, labels: layer({"images": images, "labels": labels}, training=True)["images"]
    return lambda number, images, labels: layer(images, training=True)


def iterator(step: Callable[..., tf.Tensor], images: tf.Tensor, labels: tf.Tensor) -> Iterator[tf.Tensor]:
    """An endless, warmed-up iterator over batches made by `step`, one at a time."""
    # The batch comes as an element: a constant inside the function would be converted only once, when it is compiled.
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat()
    numbered = tf.data.Dataset.zip(tf.data.Dataset.counter(), batches)
    made = iter(numbered.map(lambda number, batch: step(number, *batch), num_parallel_calls=1))
    for _ in range(3):
        next(made)
    return made


def milliseconds(batches: Iterator[tf.Tensor]) -> float:
    """The mean time of STEPS batches: CPU time of all threads, which other programs hardly disturb."""
    start = time.process_time()
    for _ in range(STEPS):
        next(batches)
    return (time.process_time() - start) / STEPS * 1e3


def per_sample(batches: Iterator[tf.Tensor]) -> str:
    """Whether images that went in equal came out different in some of four batches."""
    drawn = [next(batches) for _ in range(4)]
    return "yes" if any(bool(tf.reduce_any(images != images[:1])) for images in drawn) else "NO"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--size", type=int, default=32)
    given = parser.parse_args()
    image = tf.random.stateless_uniform((given.size, given.size, 3), (1, 2), maxval=256, dtype=tf.int32)
    equal = tf.repeat(tf.cast(image, tf.uint8)[None], given.batch, axis=0)
    images = tf.random.stateless_uniform((given.batch, given.size, given.size, 3), (3, 4), maxval=256, dtype=tf.int32)
    images = tf.cast(images, tf.uint8)
    labels = tf.one_hot(tf.range(given.batch) % 10, 10)
    print(f"Keras {keras.__version__}, TensorFlow {tf.__version__}, batch {images.shape}")
    print(f"CPU ms, median of {given.repeats}")
    print(f"{'layer':18} {'kspec':>8} {'Keras':>8} {'Keras/kspec':>12}   per sample: kspec, Keras")
    for name, makers in PAIRS.items():
        steps = [wrap(make(given.size)) for wrap, make in zip((own_step, keras_step), makers, strict=True) if make]
        timed = [iterator(step, images, labels) for step in steps]
        times = [[milliseconds(batches) for batches in timed] for _ in range(given.repeats)]
        medians = [statistics.median(column) for column in zip(*times, strict=True)]
        # Equal images cannot show a difference when they are mixed with each other.
        own = ["-" if name in LABELLED else per_sample(iterator(step, equal, labels)) for step in steps]
        other = f"{medians[1]:8.2f} {medians[1] / medians[0]:12.1f}" if len(medians) == 2 else f"{'-':>8} {'-':>12}"
        print(f"{name:18} {medians[0]:8.2f} {other}   {', '.join(own)}", flush=True)


if __name__ == "__main__":
    main()
