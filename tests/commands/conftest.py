"""The command line, called in this process."""

import signal
from dataclasses import dataclass

import pytest

from kspec.cli import main


@pytest.fixture(autouse=True, scope="session")
def tensorflow_has_spoken():
    """What TensorFlow says when a process first imports it is no output of the test that happens to be the first."""
    import tensorflow as tf

    tf.config.list_physical_devices()


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """A job in the background of a shell begins with SIGINT ignored, and kspec leaves it so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@dataclass
class Result:
    code: int
    out: str
    err: str


@pytest.fixture
def kspec(tmp_path, monkeypatch, capfd):
    """Calls the command line in an empty folder: `kspec("run", "spec.yaml")` -> Result."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Result(ended.value.code, out, err)

    return call


@pytest.fixture
def small(tmp_path):
    """A spec that trains in a second, with everything random in it: dropout, shuffling, augmentation."""
    path = tmp_path / "small.yaml"
    path.write_text(
        """
data:
  sklearn: digits
  train: train[:200]
  validation: 0.2
  test: 0.2
  batch_size: 32
  augment: [{RandomTranslation: {height_factor: 0.1, width_factor: 0.1}}, {MixUp: {alpha: 0.2}}]
model: {MLP: {hidden: [16], dropout: 0.3}}
training: {epochs: 2}
device: {precision: float32}
"""
    )
    return path
