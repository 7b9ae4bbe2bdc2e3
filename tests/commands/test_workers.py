"""Trainings beside each other on one machine: each its share of the cores, or its own GPU."""

import pytest

from kspec.commands import workers
from kspec.commands.workers import LocalWorkers, Task
from kspec.tuning.order import Order
from tests.commands.fake_cluster import FakeWorker


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """`machine(2)`: one whose `nvidia-smi` lists two GPUs, and whose trainings are fakes; 0 for none."""
    monkeypatch.setattr(workers, "Worker", FakeWorker)
    monkeypatch.setattr(FakeWorker, "started", [])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("kspec.tuning.threads.cores", lambda: 8)

    def call(count):
        tool = tmp_path / "nvidia-smi"
        lines = "".join(f"echo 'GPU {number}: A (UUID: GPU-{number})'\n" for number in range(count))
        tool.write_text(f"#!/bin/sh\n{lines}exit {0 if count else 9}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return call


def started(jobs, places):
    """What the trainings at these places see of the GPUs."""
    with LocalWorkers(Task(jobs)) as found:
        trainings = [found.start(Order("run", "", ["loss"], "min"), place) for place in places]
    return [
        (one.environment.get("CUDA_VISIBLE_DEVICES"), one.environment.get("TF_FORCE_GPU_ALLOW_GROWTH"))
        for one in trainings
    ]


def test_each_training_has_its_own_gpu(machine):
    machine(2)
    assert started(2, [0, 1, 0, 1]) == [("0", None), ("1", None), ("0", None), ("1", None)]
    # Whatever waits ahead of its order has no GPU yet, and would take the wrong one.
    assert all(one.given is not None for one in FakeWorker.started)


def test_more_trainings_than_gpus_share_them(machine):
    machine(2)
    assert started(3, [0, 1, 2]) == [("0", "true"), ("1", "true"), ("0", "true")]


def test_the_user_s_choice_of_gpus_is_kept(machine, monkeypatch):
    machine(4)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-1a")
    assert started(2, [0, 1]) == [("3", None), ("GPU-1a", None)]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert started(2, [0, 1]) == [("-1", None), ("-1", None)]


def test_without_gpus_each_has_its_share_of_the_cores(machine):
    machine(0)
    assert started(2, [0, 1]) == [(None, None), (None, None)]
    assert {one.environment["OMP_NUM_THREADS"] for one in FakeWorker.started} == {"4"}
    assert sum(one.given is None for one in FakeWorker.started) == 1  # the next one loads TensorFlow already
    assert all(one.code is not None for one in FakeWorker.started if one.given is None)
