"""What a search costs besides its trainings: `python benchmarks/tuning.py [TRIALS]`, 200 by default.

Memory of the process that searches after 10, 50 and all trials, where every training is a process of its own that does
nothing but write what a run writes; beside it KerasTuner's own loop with as many trials of a tiny network, which trains
in the process that searches. Then the trials an hour of both with the same oracle, network and data, each training of
kspec in its own process with one, and with two, beside each other.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SPEC = """
name: bench
data: {{sklearn: digits, validation: 0.1, test: 0.2, batch_size: 64}}
model: {{MLP: {{hidden: [32], dropout: 0.1}}}}
training: {{epochs: {epochs}}}
device: {{precision: float32, jit: false}}
tune:
  algorithm: random
  objective: val_accuracy
  trials: {trials}
  stop_hopeless: false
  space:
    training.learning_rate.peak: {{log: [0.001, 0.1]}}
    model.MLP.dropout: {{float: [0.0, 0.5]}}
"""


def memory() -> int:
    """Megabytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 2**20


def ours(trials: int) -> None:
    """Prints the memory of a search of kspec with trainings that cost nothing."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from kspec.tuning.oracle import Oracle
    from kspec.tuning.search import conduct
    from tests.tuning.conftest import Trainings, opened

    with tempfile.TemporaryDirectory() as folder:
        search = opened(Path(folder) / "search", [f"tune.trials={trials}", "tune.stop_hopeless=true"])
        oracle = Oracle(search.tune, search.axes, 0, search.spec.training.epochs)

        def watch(trial):
            if trial is not None and trial.status != "running" and trial.number + 1 in (10, 50, trials):
                print(f"kspec       after {trial.number + 1:4d} trials {memory()} MB", flush=True)

        conduct(search, oracle, Trainings(), lambda: False, watch)


def theirs(trials: int) -> None:
    """Prints the memory of KerasTuner's loop."""
    import keras
    import keras_tuner
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)

    def build(values):
        rate = values.Float("rate", 0.001, 0.1, sampling="log")
        layers = [keras.layers.Dense(32, activation="relu"), keras.layers.Dropout(values.Float("dropout", 0, 0.5))]
        model = keras.Sequential([keras.Input((64,)), *layers, keras.layers.Dense(10, activation="softmax")])
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    class Shown(keras_tuner.RandomSearch):
        def on_trial_end(self, trial):
            super().on_trial_end(trial)
            if int(trial.trial_id) + 1 in (10, 50, trials):
                print(f"KerasTuner  after {int(trial.trial_id) + 1:4d} trials {memory()} MB", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        tuner = Shown(build, "val_accuracy", max_trials=trials, directory=folder, seed=1)
        began = time.monotonic()
        tuner.search(x, y, epochs=EPOCHS, batch_size=64, validation_split=0.1, verbose=0)
        print(f"KerasTuner  {3600 * trials / (time.monotonic() - began):.0f} trials an hour", flush=True)


def rate(trials: int, jobs: int) -> None:
    """Prints the trials an hour of a whole `kspec tune`, its start included."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "bench.yaml"
        spec.write_text(SPEC.format(trials=trials, epochs=EPOCHS))
        began = time.monotonic()
        command = [sys.executable, "-m", "kspec", "tune", str(spec), "--runs", folder, "-j", str(jobs)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        print(f"kspec -j {jobs}  {3600 * trials / (time.monotonic() - began):.0f} trials an hour", flush=True)


EPOCHS = 5

if __name__ == "__main__":
    if sys.argv[1:2] in (["ours"], ["theirs"]):
        {"ours": ours, "theirs": theirs}[sys.argv[1]](int(sys.argv[2]))
    else:
        wanted = sys.argv[1] if len(sys.argv) > 1 else "200"
        for part in ("ours", "theirs"):
            subprocess.run([sys.executable, __file__, part, wanted], check=True)
        rate(10, 1)
        rate(10, 2)
