"""What a search costs besides its trainings: `python benchmarks/tuning.py [TRIALS] [TIMED]`, by default 200 and 12.

1. Memory of the process that searches after 10, 50 and TRIALS trials: kspec, where every training is a process of its
   own, here one that does nothing but write what a run writes; and KerasTuner's own loop, which trains in the process
   that searches.
2. Trials an hour of whole processes, start and end included, over TIMED trials: KerasTuner, `kspec tune -j 1`, `-j 2`.
3. Seconds from the start of the process to the end of the first training step: the same three, the best of REPEATS.

Both have a random oracle over the same two values, the same network (2,410 weights), examples, batches and epochs,
float32 and no XLA; KerasTuner saves a checkpoint where it does by default.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

EPOCHS, BATCH, TRAIN, VALIDATION, REPEATS = 5, 64, 1258, 180, 3
SPEC = {
    "name": "bench",
    "data": {
        "sklearn": "digits",
        "train": f"train[:{TRAIN}]",
        "validation": f"train[{TRAIN}:{TRAIN + VALIDATION}]",
        "batch_size": BATCH,
    },
    "model": {"MLP": {"hidden": [32], "dropout": 0.1}},
    "training": {"epochs": EPOCHS, "optimizer": "Adam"},
    "device": {"precision": "float32", "jit": False},
    "tune": {
        "algorithm": "random",
        "objective": "val_accuracy",
        "stop_hopeless": False,
        "space": {
            "training.learning_rate.peak": {"log": [0.001, 0.1]},
            "model.MLP.dropout": {"float": [0.0, 0.5]},
        },
    },
}


def memory() -> int:
    """Megabytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 2**20


def ours(trials: int) -> None:
    """Prints the memory of a search of kspec with trainings that cost nothing."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from kspec.commands.start import start
    from kspec.tuning.oracle import Oracle
    from kspec.tuning.search import conduct
    from tests.tuning.conftest import Trainings, opened

    start()  # as `kspec tune` does
    with tempfile.TemporaryDirectory() as folder:
        search = opened(Path(folder) / "search", [f"tune.trials={trials}", "tune.stop_hopeless=true"])
        oracle = Oracle(search.tune, search.axes, 0, search.spec.training.epochs)

        def watch(trial):
            if trial is not None and trial.status != "running" and trial.number + 1 in (10, 50, trials):
                print(f"kspec       after {trial.number + 1:4d} trials {memory()} MB", flush=True)

        conduct(search, oracle, Trainings(), lambda: False, watch)


def theirs(trials: int, began: float) -> None:
    """Searches with KerasTuner; prints the memory, and the time from `began` to the first step."""
    import keras
    import keras_tuner
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x = x / 16
    steps: list[float] = []

    def build(values):
        rate = values.Float("rate", 0.001, 0.1, sampling="log")
        layers = [keras.layers.Dense(32, activation="relu"), keras.layers.Dropout(values.Float("dropout", 0, 0.5))]
        model = keras.Sequential([keras.Input((64,)), *layers, keras.layers.Dense(10, activation="softmax")])
        assert model.count_params() == 2410
        model.compile(
            keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
        )
        return model

    class Shown(keras_tuner.RandomSearch):
        def on_batch_end(self, trial, model, batch, logs=None):
            if not steps:
                steps.append(time.time() - began)
                print(f"KerasTuner  {steps[0]:.1f} s to the first step", flush=True)

        def on_trial_end(self, trial):
            super().on_trial_end(trial)
            if int(trial.trial_id) + 1 in (10, 50, trials):
                print(f"KerasTuner  after {int(trial.trial_id) + 1:4d} trials {memory()} MB", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        tuner = Shown(build, "val_accuracy", max_trials=trials, directory=folder, seed=1)
        held_out = (x[TRAIN : TRAIN + VALIDATION], y[TRAIN : TRAIN + VALIDATION])
        tuner.search(x[:TRAIN], y[:TRAIN], epochs=EPOCHS, batch_size=BATCH, validation_data=held_out, verbose=0)


def own(part: str, trials: int) -> list[str]:
    """The lines that a part of this file prints in a process of its own."""
    command = [sys.executable, __file__, part, str(trials), str(time.time())]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def tuned(folder: str, trials: int, jobs: int) -> list[str]:
    """The command of a search."""
    spec = Path(folder) / "bench.yaml"
    spec.write_text(yaml.safe_dump({**SPEC, "tune": {**SPEC["tune"], "trials": trials}}, sort_keys=False))
    return [sys.executable, "-m", "kspec", "tune", str(spec), "--runs", folder, "-j", str(jobs)]


def rate(trials: int, jobs: int) -> float:
    """Trials an hour of a whole `kspec tune`."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        subprocess.run(tuned(folder, trials, jobs), check=True, stdout=subprocess.DEVNULL)
        return 3600 * trials / (time.monotonic() - began)


def first_step(jobs: int) -> float:
    """Seconds to the first step of `kspec tune`: the second state of a training, where one is written after a step."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        extra = ["checkpoint.minutes=0.00001", "training.epochs=1000"]
        command = [*tuned(folder, jobs, jobs), *extra]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not any(
            int(path.name[:6]) > 1 for path in Path(folder).glob("bench/*/trials/*/checkpoint/*.safetensors")
        ):
            assert process.poll() is None
            time.sleep(0.005)
        seconds = time.monotonic() - began
        process.terminate()
        process.wait()
        return seconds


def main(trials: int, timed: int) -> None:
    """Prints everything."""
    for part in ("ours", "theirs"):
        print("\n".join(line for line in own(part, trials) if "after" in line), flush=True)
    began = time.monotonic()
    own("theirs", timed)
    print(f"KerasTuner  {3600 * timed / (time.monotonic() - began):.0f} trials an hour", flush=True)
    for jobs in (1, 2):
        print(f"kspec -j {jobs}  {rate(timed, jobs):.0f} trials an hour", flush=True)
    lines = [line for _ in range(REPEATS) for line in own("theirs", 1) if "first step" in line]
    print(min(lines, key=lambda line: float(line.split()[1])), flush=True)
    for jobs in (1, 2):
        best = min(first_step(jobs) for _ in range(REPEATS))
        print(f"kspec -j {jobs}  {best:.1f} s to the first step", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["ours"]:
        ours(int(sys.argv[2]))
    elif sys.argv[1:2] == ["theirs"]:
        theirs(int(sys.argv[2]), float(sys.argv[3]))
    else:
        given = [int(one) for one in sys.argv[1:3]]
        main(*(given + [200, 12][len(given) :]))
