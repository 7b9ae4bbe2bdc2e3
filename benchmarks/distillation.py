"""What distillation costs: a step against `keras.distillation` and a plain `fit`, and an epoch with a cache.

    python benchmarks/distillation.py [ROUNDS]

The student is a ResNet-8, the teacher a ResNet-20, on 32 x 32 images in batches of 128, the loss that of softened
logits; then with a feature, for which Keras' Distiller runs its student twice. In turns, medians of
processor time (of all threads), which other programs on the machine disturb least. The last part trains a student on
deterministic views: an epoch with the labels alone, with the teacher in the loop, and with its cache; and says what
filling it took and how much memory it holds.
"""

import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

import kspec

BATCH, STEPS, VIEWS = 128, 8, 2
RANDOM = np.random.default_rng(0)
X = RANDOM.integers(0, 256, (BATCH * STEPS, 32, 32, 3)).astype("float32")
Y = RANDOM.integers(0, 10, BATCH * STEPS)


def network(depth):
    """A ResNet for CIFAR."""
    keras.utils.set_random_seed(depth)
    return kspec.ResNet((32, 32, 3), 10, depth=depth)


def logits(model):
    """The network before its softmax: what keras.distillation needs."""
    last = model.layers[-1]
    bare = keras.layers.Dense(last.units)
    output = bare(last.input)
    bare.set_weights(last.get_weights())
    return keras.Model(model.inputs, output)


def compiled(model, from_logits=False):
    """The model, ready to train."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, metrics=["accuracy"], jit_compile=False)
    return model


def trainings(feature):
    """Name -> a model to fit. feature: the layer whose output is compared too, or None."""
    ours = [kspec.LogitsDistillation(4.0, 0.9)]
    theirs = [keras.distillation.LogitsDistillation(temperature=4.0, loss=keras.losses.KLDivergence())]
    if feature:
        ours.append(kspec.FeatureDistillation(feature, feature))
        theirs.append(keras.distillation.FeatureDistillation("mse", feature, feature))
    yield "plain fit", compiled(network(8))
    yield "kspec.Distiller", compiled(kspec.Distiller(network(20), network(8), ours))
    other = keras.distillation.Distiller(logits(network(20)), logits(network(8)), theirs, [1.0] * len(theirs), 0.1)
    yield "keras.distillation", compiled(other, from_logits=True)


def medians(calls, rounds):
    """Name -> median processor seconds of a call, the calls in turns, after two of each."""
    times = {name: [] for name in calls}
    for number in range(rounds + 2):
        for name, call in calls.items():
            start = time.process_time()
            call()
            if number >= 2:
                times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def steps(rounds):
    """Prints the milliseconds of a step."""
    feature = next(layer.name for layer in network(8).layers if isinstance(layer, keras.layers.GlobalAveragePooling2D))
    for title, name in (("softened logits", None), (f"and the feature {feature!r}", feature)):
        models = dict(trainings(name))
        fits = {key: lambda m=model: m.fit(X, Y, batch_size=BATCH, verbose=0) for key, model in models.items()}
        found = medians(fits, rounds)
        plain = found["plain fit"]
        print(f"{title}:")
        for key, seconds in found.items():
            print(
                f"    {key:20} {1000 * seconds / STEPS:7.1f} ms a step, {seconds / plain:.2f} times the plain fit",
                flush=True,
            )


def epochs(rounds):
    """Prints the seconds of an epoch on deterministic views."""

    def augment(image, seed):
        return tf.image.stateless_random_crop(tf.pad(image, [[4, 4], [4, 4], [0, 0]]), (32, 32, 3), seed)

    views = kspec.DeterministicViews(X, Y, augment, batch_size=BATCH, views=VIEWS)
    teacher = network(20)
    start = time.process_time()
    cache = kspec.TeacherCache(views.examples, VIEWS).fill(teacher, views.all())
    filling = time.process_time() - start
    plain = views.epochs().map(lambda key, batch: batch)
    data = {"labels alone": plain, "teacher": plain, "cache": cache.attach(views.epochs())}
    models = {
        "labels alone": network(8),
        "teacher": kspec.Distiller(teacher, network(8)),
        "cache": kspec.Distiller(cache, network(8)),
    }

    def fit(name):
        model = models[name] if models[name].compiled else compiled(models[name])
        return lambda: model.fit(data[name], steps_per_epoch=STEPS, shuffle=False, verbose=0)

    found = medians({name: fit(name) for name in models}, rounds)
    print(f"an epoch of {len(X)} images on {VIEWS} deterministic views:")
    for name, seconds in found.items():
        print(
            f"    {name:20} {seconds:6.2f} s, {seconds / found['labels alone'] - 1:+.1%} of the epoch with labels alone"
        )
    print(
        f"    filling the cache {filling:.2f} s, compilation included; it holds {cache.nbytes / 1000:.1f} kB",
        flush=True,
    )


def main():
    """Prints both parts."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    steps(rounds)
    epochs(rounds)


if __name__ == "__main__":
    main()
