"""What tf.data's tuner costs at the end of an epoch, and what it gains.

    python benchmarks/epoch_end.py [ROUNDS]

Epochs of batches of images that are cropped and flipped, while the processor is kept busy between two batches as a
training keeps it; with the tuner and without it (kspec.parts.autotune), in turns. Printed: how often an end of an epoch
took over a tenth of a second, the longest, and the share of all ends in the time of the epochs; then the median of
the images a second where nothing else is to be done. The longer an epoch, the longer its end can take, up to a minute.
"""

import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from kspec.parts.autotune import untuned

STEPS, BATCH = 200, 64


def images():
    """The dataset, with the tuner that is TensorFlow's default."""
    x = tf.zeros((4096, 32, 32, 3), tf.uint8)

    def batch(step):
        some = tf.gather(x, (step * BATCH + tf.range(BATCH, dtype=tf.int64)) % 4096)
        seed = tf.stack([step, step])
        flipped = tf.image.stateless_random_flip_left_right(tf.image.resize_with_crop_or_pad(some, 40, 40), seed)
        return tf.image.stateless_random_crop(flipped, (BATCH, 32, 32, 3), seed)

    return tf.data.Dataset.range(STEPS).map(batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def ending(dataset):
    """Seconds of an epoch, and of the end of its iterator."""
    work = tf.random.normal((1200, 1200))
    begin = time.perf_counter()
    iterator = iter(dataset)
    for _ in iterator:
        tf.matmul(work, work).numpy()
    middle = time.perf_counter()
    del iterator
    return middle - begin, time.perf_counter() - middle


def rate(dataset):
    """Images a second."""
    iterator = iter(dataset)
    begin = time.perf_counter()
    for _ in iterator:
        pass
    return STEPS * BATCH / (time.perf_counter() - begin)


def main(rounds=20):
    """Measures and prints."""
    datasets = {"tuned": images(), "untuned": untuned(images())}
    times, rates = {name: [] for name in datasets}, {name: [] for name in datasets}
    for dataset in datasets.values():
        rate(dataset)  # the first one traces
    for _ in range(rounds):
        for name, dataset in datasets.items():
            times[name].append(ending(dataset))
            rates[name].append(rate(dataset))
    for name, found in times.items():
        epochs, ends = zip(*found, strict=True)
        late = sum(end > 0.1 for end in ends)
        print(f"{name:8} {late} of {rounds} epochs end late, by {max(ends):.2f} s at most", end=", ")
        print(f"{sum(ends) / sum(epochs):.1%} of the time; {statistics.median(rates[name]):,.0f} images/s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
