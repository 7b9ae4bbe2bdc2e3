"""The message for a training that did not fit, on machines made up here."""

import pytest

import kspec
from kspec import text
from kspec.check import machine, out_of_memory
from kspec.check.memory import Estimate
from kspec.spec.reader import read

GIB, MIB = 2**30, 2**20


@pytest.fixture(scope="module")
def experiment():
    tree = {
        "data": {"sklearn": "digits", "batch_size": 512},
        "model": {"CNN": {"filters": [32, 64]}},
        "device": {"precision": "float32"},
    }
    return kspec.build(read(text.read_text(text.dump(tree))))


def test_says_what_would_fit(experiment):
    estimate = out_of_memory.step_estimate(experiment)
    room = machine.Memory(4 * GIB, 8 * MIB, "GPU")
    message = out_of_memory.advice(experiment, room)
    fits = out_of_memory.fitting(estimate, room)
    assert 0 < fits < 512
    assert "a step of 512 examples needs about" in message
    assert "the GPU has 8.0 MiB free of 4.0 GiB" in message
    assert f"data.batch_size={fits} would fit" in message
    assert f"gradient_accumulation_steps: {-(-512 // fits)}" in message
    assert "mixed_bfloat16" in message
    assert estimate.total(fits) <= room.available + estimate.weights < estimate.total(512)


def test_nothing_fits(experiment):
    message = out_of_memory.advice(experiment, machine.Memory(GIB, 1000, "container"))
    assert "no batch fits beside weights and optimizer" in message


def test_it_should_fit(experiment):
    assert "by this estimate it fits" in out_of_memory.advice(experiment, machine.Memory(64 * GIB, 60 * GIB, "machine"))


def test_the_system_does_not_say(experiment, monkeypatch):
    monkeypatch.setattr(out_of_memory, "available", lambda: None)
    assert out_of_memory.advice(experiment).endswith("hint: a smaller data.batch_size")


def test_after_the_training(experiment):
    """The experiment that ran out of memory has trained; what it has gathered does not change the estimate."""
    before = out_of_memory.step_estimate(experiment)
    experiment.fit(epochs=1, steps_per_epoch=1)
    assert out_of_memory.step_estimate(experiment) == before


def test_by_hand():
    estimate = Estimate(weights=10 * MIB, optimizer=20 * MIB, gradients=10 * MIB, per_example=MIB)
    # 130 + 10 resident weights - 40 leave 100 MiB for examples of 1.5 MiB each: 66, so 64.
    assert out_of_memory.fitting(estimate, machine.Memory(GIB, 130 * MIB, "machine")) == 64
    assert out_of_memory.needs(estimate, 64) == (
        "104.0 MiB (weights 10.0 MiB, optimizer 20.0 MiB, gradients 10.0 MiB, activations 64.0 MiB)"
    )


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 * GIB / 2, "1.5 GiB")])
def test_bytes(size, text):
    assert out_of_memory.shown(size) == text
