"""A training with TF-MOT's own wrappers on tf_keras, and the same in Keras 3 with kspec: `main` prints both as JSON.

Run in a process of its own, since TF-MOT's wrappers change what `tf.keras` is.
"""

import itertools
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np

from kspec import ConstantSparsity, PolynomialDecay, PruneLowMagnitude
from kspec.parts.pruning.engines import load

load()
import tensorflow as tf  # noqa: E402

LEFT_BEHIND = [os.environ.get("TF_USE_LEGACY_KERAS"), tf.keras.version() == keras.version()]

import tf_keras  # noqa: E402
from tensorflow_model_optimization.python.core.sparsity.keras import prune, pruning_callbacks, pruning_schedule  # noqa: E402

EPOCHS, BATCH = 3, 8
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(7 * BATCH, 12)).astype("float32")
Y = RANDOM.normal(size=(7 * BATCH, 3)).astype("float32")
# Seven steps an epoch: every schedule is due at the first step of an epoch (8, 15) once and within one elsewhere.
CASES = {
    "polynomial": ("PolynomialDecay", (0.1, 0.8, 2, 20), {"frequency": 3}, {}),
    "every step": ("PolynomialDecay", (0.0, 0.9, 0, 18), {"frequency": 1}, {}),
    "power 1": ("PolynomialDecay", (0.2, 0.7, 1, 15), {"frequency": 7, "power": 1}, {}),
    "constant": ("ConstantSparsity", (0.6, 4), {"frequency": 4}, {}),
    "constant, an end": ("ConstantSparsity", (0.55, 0, 10), {"frequency": 2}, {}),
    "2 of 4": ("ConstantSparsity", (0.5, 0), {"frequency": 3}, {"sparsity_m_by_n": (2, 4)}),
    "blocks": ("PolynomialDecay", (0.1, 0.8, 2, 20), {"frequency": 3}, {"block_size": (4, 1)}),
    "largest of blocks": (
        *("PolynomialDecay", (0.1, 0.8, 2, 20), {"frequency": 3}),
        {"block_size": (5, 2), "block_pooling_type": "MAX"},
    ),
}


def network(library):
    return library.Sequential(
        [library.layers.Dense(16, "relu", name="one"), library.layers.Dense(3, name="two")], name="network"
    )


def theirs(start, schedule, arguments, options):
    model = network(tf_keras)
    model.build((None, 12))
    model.set_weights(start)
    wanted = getattr(pruning_schedule, schedule)(*arguments[0], **arguments[1])
    pruned = prune.prune_low_magnitude(model, wanted, **options)
    optimizer = tf_keras.optimizers.SGD(0.05, momentum=0.9, jit_compile=False)
    pruned.compile(optimizer, "mse", jit_compile=False)
    seen = []

    class Look(tf_keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            layers = pruned.layers
            masks = [mask.numpy() for layer in layers for _, mask, _ in layer.pruning_vars]
            # TF-MOT leaves the last update unmasked until the next step; the mask is what counts.
            seen.append([mask.tolist() for mask in masks])

    callbacks = [pruning_callbacks.UpdatePruningStep(), Look()]
    pruned.fit(X, Y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=callbacks)
    return seen, [layer.get_weights()[0].tolist() for layer in pruned.layers]


def ours(engine, start, schedule, arguments, options):
    model = network(keras)
    model.build((None, 12))
    model.set_weights(start)
    wanted = {"ConstantSparsity": ConstantSparsity, "PolynomialDecay": PolynomialDecay}[schedule]
    pruning = PruneLowMagnitude(wanted(*arguments[0], **arguments[1]), engine=engine, warn=False, **options)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse", jit_compile=False)
    seen = []

    class Look(keras.callbacks.Callback):
        # In front of the pruning: what the step itself was computed with.
        def on_train_batch_end(self, batch, logs=None):
            kept = pruning._masks if pruning._kept is None else pruning._kept
            seen.append([np.asarray(mask).tolist() for mask in kept])

    callbacks = [Look(), pruning]
    model.fit(X, Y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=callbacks)
    return seen, [layer.get_weights()[0].tolist() for layer in model.layers]


def main():
    found = {}
    for name, (schedule, *arguments, options) in CASES.items():
        keras.utils.set_random_seed(1)
        model = network(keras)
        model.build((None, 12))
        start = model.get_weights()
        masks, weights = theirs(start, schedule, arguments, options)
        found[name] = {
            "steps": len(masks),
            "changes": sum(one != other for one, other in itertools.pairwise(masks)),
        }
        for engine in ("tfmot", "native"):
            own_masks, own_weights = ours(engine, start, schedule, arguments, options)
            same = [one == other for one, other in zip(masks, own_masks, strict=True)]
            found[name][engine] = {"masks": all(same), "weights": weights == own_weights}
    print(json.dumps({"left behind": LEFT_BEHIND, "trainings": found}))


if __name__ == "__main__":
    main()
