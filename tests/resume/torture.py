"""Runs that are killed with SIGKILL at random moments and resumed, against the same runs left alone.

`scripts/torture N` and `tests/resume/test_killed.py` call `torment`. Half of the kills come at a random time after the
training began, half while a state is being written.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from kspec.tuning.threads import NAMES

SECONDS_A_PROCESS = 900
DATA = {"sklearn": "digits", "train": "train[:600]", "validation": "train[600:900]", "test": "train[900:]"}
MOVE = {"RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1}}
SAVED_OFTEN = {"minutes": 0.001}

SPECS = {
    "plateau": {
        "data": {**DATA, "batch_size": 16, "augment": [MOVE, {"MixUp": {"alpha": 0.2}}]},
        "model": {"CNN": {"filters": [8, 16], "dropout": 0.3}},
        "training": {
            "epochs": 14,
            "optimizer": {"SGD": {"momentum": 0.9}},
            "learning_rate": {"peak": 0.3, "decay": {"plateau": {"patience": 1}}},
            "callbacks": [
                {"EarlyStopping": {"monitor": "val_accuracy", "patience": 3, "restore_best_weights": True}},
                {"ModelCheckpoint": {"filepath": "best.keras", "monitor": "val_loss", "save_best_only": True}},
                {"CSVLogger": {"filename": "log.csv"}},
            ],
        },
        "device": {"precision": "mixed_bfloat16", "jit": False},
        "checkpoint": SAVED_OFTEN,
    },
    "schedule": {
        "data": {**DATA, "batch_size": 16, "augment": ["RandomFlip", MOVE]},
        "model": {"MLP": {"hidden": [32], "dropout": 0.2}},
        "training": {
            "epochs": 20,
            "optimizer": {"Adam": {"use_ema": True, "gradient_accumulation_steps": 2}},
            "learning_rate": {"peak": 0.01, "warmup": "2 epochs", "decay": "cosine"},
            "weight_decay": 0.001,
            "pruning": {"schedule": {"PolynomialDecay": {"final_sparsity": 0.8, "frequency": "5 steps"}}},
            "callbacks": [
                {"SwapEMAWeights": {"swap_on_epoch": True}},
                {"ModelCheckpoint": {"filepath": "best.keras", "monitor": "val_accuracy", "save_best_only": True}},
            ],
        },
        "device": {"precision": "mixed_float16", "jit": False},
        "checkpoint": SAVED_OFTEN,
    },
    "compiled": {
        "data": {**DATA, "batch_size": 16, "drop_remainder": True},
        "model": {"layers": ["Flatten", {"Dense": {"units": 24}}, "ReLU", {"GaussianDropout": {"rate": 0.2}}]},
        "training": {
            "epochs": 20,
            "steps_per_epoch": 40,
            "steps_per_execution": 4,
            "optimizer": "RMSprop",
            "class_weight": "balanced",
            "parameter_groups": [{"match": "*/kernel", "learning_rate": 0.5, "weight_decay": 0.001}],
            "callbacks": [
                {"LinearWarmup": {"warmup_steps": 50}},
                {"Lookahead": {"every": 8}},
                {"ModelCheckpoint": {"filepath": "best.keras", "save_freq": 100, "save_best_only": False}},
            ],
        },
        "device": {"precision": "float32", "jit": True},
        "checkpoint": SAVED_OFTEN,
    },
}  # fmt: skip


@dataclass
class Outcome:
    """What the torment of one run came to. differences: what is not as in the run left alone; [] where nothing is."""

    name: str
    kills: int = 0
    while_writing: int = 0
    finished_before: int = 0
    differences: list[str] = field(default_factory=list)


def torment(name: str, folder: Path, kills: int, seed: int) -> Outcome:
    """Runs a spec of SPECS alone, then again with `kills` kills, and compares everything the two leave behind."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(SPECS[name], sort_keys=False))
    alone = folder / "alone"
    started = start(folder, "run", f"{name}.yaml", "--runs", "alone")
    began = wait_for_training(started, alone, name)
    finish(started)
    length = time.monotonic() - began
    outcome, chance = Outcome(name), random.Random(seed)
    [reference] = (alone / name).iterdir()
    tormented = folder / "killed"
    process = start(folder, "run", f"{name}.yaml", "--runs", "killed")
    while outcome.kills < kills:
        writing = chance.random() < 0.5
        ended = kill(process, tormented / name, length * chance.random() / kills, writing)
        outcome.finished_before += ended
        outcome.kills += not ended
        outcome.while_writing += writing and not ended
        if ended:
            outcome.differences += differences(reference, only_run(tormented / name))
            [run] = (tormented / name).iterdir()
            run.rename(folder / f"done-{outcome.finished_before}")
            process = start(folder, "run", f"{name}.yaml", "--runs", "killed")
        else:
            process = start(folder, *again(tormented / name, name))
    finish(process)
    outcome.differences += differences(reference, only_run(tormented / name))
    return outcome


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The command line in a process of its own, with all cores; what it prints goes to a file.

    The order in which threads end must not show in the bits.
    """
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    with open(folder / "output.txt", "ab") as output:
        command = [sys.executable, "-m", "kspec", *arguments]
        return subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=environment)


def again(runs: Path, name: str) -> list[str]:
    """The command that goes on: `resume`, or `run` where the process was killed before it made a folder."""
    found = list(runs.glob("*/run.json")) if runs.is_dir() else []
    return ["resume", str(found[0].parent)] if found else ["run", f"{name}.yaml", "--runs", "killed"]


def only_run(runs: Path) -> Path:
    [run] = [path for path in runs.iterdir() if (path / "run.json").exists()]
    return run


def wait_for_training(process: subprocess.Popen[bytes], runs: Path, name: str) -> float:
    """Waits for the first state; the time it came."""
    while process.poll() is None and not list(runs.glob(f"{name}/*/checkpoint/*.safetensors")):
        time.sleep(0.01)
    return time.monotonic()


def kill(process: subprocess.Popen[bytes], runs: Path, seconds: float, writing: bool) -> bool:
    """Kills the process `seconds` after it holds the run, or at the next write after that; True if it ended before."""
    began = None
    newest = None
    while process.poll() is None:
        files = set(runs.glob("*/checkpoint/*")) if runs.is_dir() else set()
        states = {path for path in files if path.suffix == ".safetensors"}
        if newest is None:
            newest = states
        if began is None and states != newest:  # it has written: it trains
            began = time.monotonic()
        partial = any(path.suffix == ".partial" for path in files)
        if began is not None and time.monotonic() - began >= seconds and (partial or not writing):
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return False
        if not writing:
            time.sleep(0.002)
    assert process.returncode == 0, f"the process ended with {process.returncode}"
    return True


def finish(process: subprocess.Popen[bytes]) -> None:
    """Lets the process end by itself."""
    assert process.wait(SECONDS_A_PROCESS) == 0, f"the process ended with {process.returncode}"


def differences(one: Path, other: Path) -> list[str]:
    """What two runs do not have in common though they should."""
    found = []
    records = [json.loads((run / "run.json").read_text()) for run in (one, other)]
    for key in ("status", "weights_sha256", "metrics", "epochs"):
        if records[0][key] != records[1][key]:
            found.append(f"{other}: {key}: {records[0][key]} and {records[1][key]}")
    files = sorted({path.name for run in (one, other) for path in run.iterdir()})
    for name in files:
        pair = [run / name for run in (one, other)]
        if not all(path.exists() for path in pair):
            found.append(f"{other}: {name} is in one of them only")
        elif name.endswith(".csv") and pair[0].read_bytes() != pair[1].read_bytes():
            found.append(f"{other}: {name}")
        elif name.endswith(".keras") and weights(pair[0]) != weights(pair[1]):
            found.append(f"{other}: weights of {name}")
    return found


def weights(path: Path) -> str:
    """A digest over the weights of a `.keras` file, optimizer and all; the archive itself holds the time of day."""
    import io
    import zipfile

    import h5py

    digest = hashlib.sha256()

    def add(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(name.encode() + item[()].tobytes())

    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(add)
    return digest.hexdigest()
