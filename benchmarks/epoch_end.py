"""What tf.data's tuner costs at the end of an epoch, and what it is good for.

    python benchmarks/epoch_end.py [ROUNDS [SECONDS]]

An epoch of images that are cropped and flipped, read by a loop that takes SECONDS (2 by default; it sleeps, as a
processor does that waits for an accelerator), and again by one that takes them as fast as they come; with the tuner and
without it (kspec.parts.tuner), in turns. Printed: how often the end of an epoch took more than a tenth of a second, its
mean and its longest, in seconds and in percent of the epoch; and the medians of the images a second.
"""

import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from kspec.parts.tuner import untuned

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


def ending(dataset, pause):
    """Seconds that the end of an iterator takes."""
    iterator = iter(dataset)
    for _ in iterator:
        time.sleep(pause)
    begin = time.perf_counter()
    del iterator
    return time.perf_counter() - begin


def rate(dataset):
    """Images a second."""
    iterator = iter(dataset)
    begin = time.perf_counter()
    for _ in iterator:
        pass
    return STEPS * BATCH / (time.perf_counter() - begin)


def main(rounds=20, seconds=2.0):
    """Measures and prints."""
    datasets = {"tuned": images(), "untuned": untuned(images())}
    ends, rates = {name: [] for name in datasets}, {name: [] for name in datasets}
    for dataset in datasets.values():
        rate(dataset)  # the first one traces
    for _ in range(rounds):
        for name, dataset in datasets.items():
            ends[name].append(ending(dataset, seconds / STEPS))
            rates[name].append(rate(dataset))
    for name, found in ends.items():
        late = sum(one > 0.1 for one in found)
        mean, longest = statistics.mean(found), max(found)
        print(
            f"{name:8} {late} of {rounds} ends late, mean {mean:.3f} s ({mean / seconds:.1%}), longest {longest:.2f} s"
        )
        print(f"{name:8} {statistics.median(rates[name]):,.0f} images/s")


if __name__ == "__main__":
    main(*(kind(one) for kind, one in zip((int, float), sys.argv[1:], strict=False)))
