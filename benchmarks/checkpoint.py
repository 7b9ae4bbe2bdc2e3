"""What a state of the training costs, against Keras' `BackupAndRestore` and against an epoch.

    python benchmarks/checkpoint.py [ROUNDS]

For each network, in turns, medians: the seconds that kspec holds the training up to take a state (a copy of all
variables and of what the callbacks remember), those in which a thread then writes it (SHA-256, fsync, rename) while
the training goes on, and those that `keras.callbacks.BackupAndRestore` holds the training up (its file has less: no
random state, no callbacks). Then what holding up costs of an epoch of 30 s, and, as the worst that can be, both
together on a machine without a core to spare.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from kspec import ResNet, checkpoints
from kspec.parts.models.fast_resnet import FastResNet
from kspec.parts.resume.resumable import ResumableCallbacks


def networks():
    """Name -> (model, batch size, steps of an epoch): that of cifar_resnet.yaml, He's ResNet-20, and a large one."""
    fast = FastResNet((32, 32, 3), 10, widths=[64, 256, 256], activation="gelu")
    yield "cifar_resnet (FastResNet), SGD", fast, keras.optimizers.SGD(0.1, momentum=0.85), 512, 97
    yield "cifar_resnet20 (ResNet-20), SGD", ResNet((32, 32, 3), 10), keras.optimizers.SGD(0.1, momentum=0.9), 128, 391
    large = keras.applications.ResNet50(weights=None, input_shape=(32, 32, 3), classes=10)
    yield "ResNet50 on CIFAR-10, Adam", large, keras.optimizers.Adam(), 128, 391


def measured(model, optimizer, batch, rounds):
    """Medians in seconds: of a step, of taking a state, of writing it, of Keras' backup; and the state's bytes."""
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (batch, 32, 32, 3)).astype("float32"), random.integers(0, 10, batch)
    early = keras.callbacks.EarlyStopping("loss", patience=3, restore_best_weights=True)
    times = {"step": [], "take": [], "write": [], "backup": []}
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        backup = keras.callbacks.BackupAndRestore(str(run / "backup"))
        backup.set_model(model)
        os.mkdir(run / "backup")
        sizes = []

        writer = checkpoints.Writer(run)

        def save(state):
            sizes.append(sum(array.nbytes for array in state.arrays.values()))
            writer.write({"epoch": state.epoch, "callbacks": state.callbacks}, state.arrays)

        callbacks = ResumableCallbacks([early], model, epochs=9, steps=9, save=save, seconds=1e9)
        model.fit(x, y, batch_size=batch, epochs=2, verbose=0, callbacks=[early])
        for _ in range(rounds):
            for name, call in (
                ("step", lambda: model.fit(x, y, batch_size=batch, verbose=0)),
                ("take", lambda: callbacks._take(1, 0)),
                ("write", writer.wait),
                ("backup", lambda: backup._save_model()),
            ):
                start = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}, sizes[-1]


def main():
    """Prints a row for each network."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for name, model, optimizer, batch, steps in networks():
        found, size = measured(model, optimizer, batch, rounds)
        take, write, backup = found["take"], found["write"], found["backup"]
        print(f"{name}: {size / 1e6:.1f} MB; an epoch of its own is {found['step'] * steps:.0f} s")
        print(f"    held up {take:.3f} s, written beside it {write:.3f} s")
        print(f"    BackupAndRestore holds up {backup:.3f} s: ratio {take / backup:.2f}")
        print(f"    of an epoch of 30 s {take / 30:.2%}, at worst {(take + write) / 30:.2%}", flush=True)


if __name__ == "__main__":
    main()
