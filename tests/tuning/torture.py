"""Searches whose processes are killed with SIGKILL at random moments, against the same searches left alone.

`scripts/torture-search N` calls `torment`. What is killed is the search itself, which is then resumed; the process of a
training, also one that waits for its order; and, on Ray, the worker process of Ray that holds a training.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from kspec.tuning.search import DEATHS

LIMIT = 1800
"""Seconds without the end of a search after which it hangs."""
SEARCH, TRAINING, RAY = "the search", "a training", "a worker of Ray"
SPEC = {
    "name": "tortured",
    "data": {"sklearn": "digits", "train": "train[:400]", "validation": 0.2, "test": 0.2, "batch_size": 16},
    "model": {"MLP": {"hidden": [16], "dropout": 0.2}},
    "training": {"epochs": 9},
    "device": {"precision": "float32", "jit": False},
    "checkpoint": {"minutes": 0.001},
    "tune": {
        "objective": "val_accuracy",
        "trials": 5,
        "stop_hopeless": False,
        "space": {
            "training.learning_rate.peak": {"log": [0.001, 0.1]},
            "model.MLP.dropout": {"float": [0.0, 0.5]},
        },
    },
}


@dataclass(frozen=True)
class Kind:
    """A search to torment; those of the same algorithm and jobs have the same result, wherever they train."""

    algorithm: object
    jobs: int
    is_on_ray: bool = False


KINDS = {
    "random -j 2": Kind("random", 2),
    "ray -j 2": Kind("random", 2, True),
    "bayesian": Kind({"bayesian": {"initial": 3}}, 1),
    "ray bayesian": Kind({"bayesian": {"initial": 3}}, 1, True),
    "hyperband": Kind("hyperband", 1),
}


@dataclass
class Outcome:
    """What the torment of one search came to. lost: trials that had ended and then had not; twice: that ran again."""

    kills: Counter[str] = field(default_factory=Counter)
    searches: int = 1
    lost: int = 0
    twice: int = 0
    hung: int = 0
    differences: list[str] = field(default_factory=list)


def torment(
    kind: Kind, folder: Path, reference: Path, kills: int, seed: int, cluster: str = "", above: int = 0
) -> Outcome:
    """Runs a search with `kills` kills and compares each trial with that of the reference.

    cluster: the address of a Ray cluster. above: the process that its processes are below.
    """
    outcome, chance = Outcome(), random.Random(seed)
    process, in_a_row, ended = begun(kind, folder, "search-1", cluster), 0, {}
    while sum(outcome.kills.values()) < kills:
        root = above if kind.is_on_ray else process.pid
        runs = folder / f"search-{outcome.searches}"
        victim = (
            SEARCH
            if in_a_row == DEATHS - 1
            else chance.choice([SEARCH, TRAINING, TRAINING, *[RAY] * (2 * kind.is_on_ray)])
        )
        killed = kill(process, root, runs, victim, chance)
        if killed is None:  # it hangs
            outcome.hung += 1
            return outcome
        if not killed:
            if process.returncode:
                outcome.differences.append(f"{folder}: the search ended with {process.returncode}")
                return outcome
            compare(outcome, reference, only(runs), ended)
            outcome.searches += 1
            process, in_a_row, ended = begun(kind, folder, f"search-{outcome.searches}", cluster), 0, {}
            continue
        outcome.kills[victim] += 1
        before = len(ended)
        outcome.lost += note(runs, ended)
        in_a_row = 0 if victim == SEARCH else 1 if len(ended) > before else in_a_row + 1
        if victim == SEARCH:
            process = again(kind, folder, runs, cluster)
    try:
        code = process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        outcome.hung += 1
        return outcome
    if code:
        outcome.differences.append(f"{folder}: the search ended with {code}")
    compare(outcome, reference, only(folder / f"search-{outcome.searches}"), ended)
    return outcome


def begun(kind: Kind, folder: Path, runs: str, cluster: str = "") -> subprocess.Popen[bytes]:
    """A new search in a process of its own; what it prints goes to a file."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "spec.yaml"
    spec.write_text(yaml.safe_dump({**SPEC, "tune": {**SPEC["tune"], "algorithm": kind.algorithm}}, sort_keys=False))
    return started(folder, "tune", str(spec), "--runs", runs, *options(kind, cluster))


def again(kind: Kind, folder: Path, runs: Path, cluster: str) -> subprocess.Popen[bytes]:
    """Goes on with the search; it begins anew where it was killed before it had a record."""
    found = list(runs.glob("*/*/search.json"))
    if not found:
        return begun(kind, folder, runs.name, cluster)
    return started(folder, "resume", str(found[0].parent), *options(kind, cluster))


def options(kind: Kind, cluster: str) -> list[str]:
    return ["-j", str(kind.jobs), *(["--on", f"ray:{cluster}"] if kind.is_on_ray else [])]


def started(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with open(folder / "output.txt", "ab") as output:
        command = [sys.executable, "-m", "kspec", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, os.environ.get("PYTHONPATH", "")])}
        return subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=environment)


def kill(process: subprocess.Popen[bytes], root: int, runs: Path, victim: str, chance: random.Random) -> bool | None:
    """Kills one of the victims at a random moment of a training; False if the search ended before, None if it hangs."""
    words = {SEARCH: "", TRAINING: "kspec.commands.trial", RAY: "ray::Place"}[victim]
    share, began, seconds = chance.random(), None, 0.0
    end = time.monotonic() + LIMIT
    while process.poll() is None:
        now = time.monotonic()
        if now > end:
            return None
        found = [process.pid] if victim == SEARCH else descendants(root, words)
        if began is None and found and is_training(runs):
            began, seconds = now, share * 2 * length(runs)
        if began is not None and now - began > seconds and found:
            one = chance.choice(sorted(found))
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                continue
            if victim == SEARCH:
                process.wait()
            return True
        time.sleep(0.01)
    return False


def is_training(runs: Path) -> bool:
    return any(one["status"] == "running" for one in trials(runs))


def length(runs: Path) -> float:
    """Seconds of a trial, as far as known."""
    done = [one["seconds"] for one in trials(runs) if one["seconds"]]
    return sum(done) / len(done) if done else 5.0


def trials(runs: Path) -> list[dict]:
    found = list(runs.glob("*/*/search.json"))
    return json.loads(found[0].read_text())["trials"] if found else []


def descendants(root: int, words: str) -> list[int]:
    """The processes below a process whose command line holds the words."""
    parents, lines = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            stat = (place / "stat").read_text()
            lines[int(place.name)] = (place / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        parents[int(place.name)] = int(stat.rpartition(")")[2].split()[1])
    return [one for one in lines if words in lines[one] and root in _above(one, parents)]


def _above(one: int, parents: dict[int, int]) -> list[int]:
    found = []
    while one in parents and len(found) < 50:
        one = parents[one]
        found.append(one)
    return found


def only(runs: Path) -> Path:
    [found] = [path.parent for path in runs.glob("*/*/search.json")]
    return found


def note(runs: Path, ended: dict[str, bytes]) -> int:
    """Remembers the records of the trials that have ended; returns how many of those before have not."""
    now = {}
    for one in trials(runs):
        if one["status"] != "running":
            name = f"{one['number']:04d}"
            now[name] = (only(runs) / "trials" / name / "run.json").read_bytes()
    lost = len(set(ended) - set(now))
    ended.update({name: record for name, record in now.items() if name not in ended})
    return lost


def compare(outcome: Outcome, reference: Path, search: Path, ended: dict[str, bytes]) -> None:
    """Notes down what became of trials that had ended, and where a trial is another than in the reference."""
    wanted, found = story(reference), story(search)
    for name, record in ended.items():
        outcome.lost += name not in found
        outcome.twice += (search / "trials" / name / "run.json").read_bytes() != record
    for name in sorted({*wanted, *found}):
        if wanted.get(name) != found.get(name):
            outcome.differences.append(f"{search}: trial {name}: {wanted.get(name)} and {found.get(name)}")


def story(search: Path) -> dict[str, list]:
    """Of each trial what the oracle proposed, how it ended, its scores and its weights."""
    found = {}
    for one in json.loads((search / "search.json").read_text())["trials"]:
        name = f"{one['number']:04d}"
        run = json.loads((search / "trials" / name / "run.json").read_text())
        told = [one[key] for key in ("proposal", "status", "scores", "score", "epochs")]
        found[name] = [
            *told,
            run.get("weights_sha256"),
            run.get("metrics"),
            (search / "trials" / name / "history.csv").read_text(),
        ]
    return found
