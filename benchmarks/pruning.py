"""What pruning costs a training step: kspec in Keras 3, and TF-MOT's wrappers in tf_keras, against the step unpruned.

    python benchmarks/pruning.py [ROUNDS] [STEPS]

For each network, in turns within one process, medians of the rounds, each of STEPS steps: unpruned and pruned in
Keras 3 by either engine, and unpruned and pruned by `tfmot.sparsity.keras.prune_low_magnitude` in tf_keras. Every one
compiled without XLA, with the same layers, optimizer and batches, from a dataset without tf.data's tuner, which can
hold up the end of an epoch; masks are renewed every 100 steps, TF-MOT's default, so with 100 steps once a round.
Beside the time by the clock stands the time of the processor, which other programs on the machine disturb less: on a
busy machine read its ratios. Then what renewing the masks once takes.
"""

import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from kspec import PolynomialDecay, PruneLowMagnitude
from kspec.parts.autotune import in_order
from kspec.parts.pruning.engines import NativeEngine, Pattern, TfmotEngine, load

load()
import tf_keras  # noqa: E402
from tensorflow_model_optimization.python.core.sparsity.keras import (  # noqa: E402
    prune,
    pruning_callbacks,
    pruning_schedule,
)

SCHEDULE = (0.0, 0.8, 0, 1_000_000)
EVERY = 100


def convolutional(library):
    """Convolutions of 32, 64 and 64 channels on 16 x 16 images, with batch normalization."""
    layers = library.layers
    blocks = []
    for filters in (32, 64, 64):
        blocks += [layers.Conv2D(filters, 3, padding="same", use_bias=False), layers.BatchNormalization()]
        blocks += [layers.ReLU(), layers.MaxPooling2D()]
    return library.Sequential([*blocks, layers.Flatten(), layers.Dense(10, "softmax")]), (16, 16, 3), 64


def dense(library):
    """Four dense layers of 512: the worst case, where the weights are most of the work."""
    layers = library.layers
    return (
        library.Sequential([*(layers.Dense(512, "relu") for _ in range(4)), layers.Dense(10, "softmax")]),
        (512,),
        128,
    )


NETWORKS = {"convolutional": convolutional, "dense": dense}


def contenders(make, steps):
    """Name -> a function that trains for `steps` steps."""
    found = {}
    for name in ("keras", "keras tfmot", "keras native", "tf_keras", "tf_keras wrappers"):
        library, _, how = name.partition(" ")
        library = keras if library == "keras" else tf_keras
        model, shape, batch = make(library)
        model.build((None, *shape))
        callbacks = []
        if how == "wrappers":
            model = prune.prune_low_magnitude(model, pruning_schedule.PolynomialDecay(*SCHEDULE, frequency=EVERY))
            callbacks = [pruning_callbacks.UpdatePruningStep()]
        elif how:
            callbacks = [PruneLowMagnitude(PolynomialDecay(*SCHEDULE, frequency=EVERY), engine=how, warn=False)]
        optimizer = library.optimizers.SGD(0.01, momentum=0.9)
        model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
        found[name] = timed(model, callbacks, shape, batch, steps)
    return found


def timed(model, callbacks, shape, batch, steps):
    """A function that trains one epoch more within one long `fit`, and gives its seconds."""
    random = np.random.default_rng(0)
    x = random.normal(size=(batch * steps, *shape)).astype("float32")
    y = random.integers(0, 10, batch * steps)
    fit = training(model, x, y, batch, callbacks)
    next(fit)
    return lambda: next(fit)


def training(model, x, y, batch, callbacks):
    """Yields the seconds, by the clock and of the processor, of each epoch of one long `fit` in a thread of its own."""
    import queue
    import threading

    go, done = queue.Queue(), queue.Queue()
    library = keras if isinstance(model, keras.Model) else tf_keras

    class Clock(library.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            go.get()
            self.began = time.perf_counter(), time.process_time()

        def on_epoch_end(self, epoch, logs=None):
            done.put((time.perf_counter() - self.began[0], time.process_time() - self.began[1]))

    arguments = {**in_order(x, y, batch_size=batch), "epochs": 10_000, "verbose": 0}
    run = threading.Thread(target=lambda: model.fit(callbacks=[*callbacks, Clock()], **arguments), daemon=True)
    run.start()
    while True:
        go.put(None)
        yield done.get()


def renewals():
    """Seconds to renew the mask of a million weights once, by each engine; medians of 5."""
    weights = keras.Variable(np.random.default_rng(0).normal(size=(1000, 1000)))
    mask = keras.Variable(np.ones((1000, 1000)))
    schedule = PolynomialDecay(0.0, 0.8, 0, 100, frequency=1)
    for engine in (TfmotEngine(Pattern()), NativeEngine(Pattern())):
        seconds = []
        for step in range(40, 46):
            began = time.perf_counter()
            engine.update([weights], [mask], schedule, step)
            seconds.append(time.perf_counter() - began)
        yield engine.name, statistics.median(seconds[1:])


def main():
    """Prints a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else EVERY
    for name, make in NETWORKS.items():
        found = contenders(make, steps)
        taken = {key: [] for key in found}
        for _ in range(rounds):
            for key, run in found.items():
                taken[key].append([1000 * seconds / steps for seconds in run()])
        print(f"{name}: milliseconds a step by the clock | of the processor, {rounds} rounds of {steps} steps")
        for key, values in taken.items():
            said = []
            for one, plain in zip(
                zip(*values, strict=True), zip(*taken[key.partition(" ")[0]], strict=True), strict=True
            ):
                low, middle, high = statistics.quantiles(one, n=4)
                ratio = statistics.median(one) / statistics.median(plain)
                said.append(f"{middle:7.2f} ({low:.2f} to {high:.2f}) ratio {ratio:.3f}")
            print(f"    {key:18} {' | '.join(said)}", flush=True)
    for name, seconds in renewals():
        print(f"renewing the mask of 1,000,000 weights by engine {name}: {1000 * seconds:.0f} ms")


if __name__ == "__main__":
    main()
