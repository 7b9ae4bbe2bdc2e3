"""`--on`: what it understands, and what it says where it cannot."""

import socket
import sys
from types import SimpleNamespace

import pytest

from kspec.commands.hire import address_of
from kspec.errors import UsageError
from tests.commands.test_tune import tiny  # noqa: F401


@pytest.mark.parametrize(
    ("on", "address"),
    [
        ("ray", None),
        ("ray:auto", "auto"),
        ("ray:10.0.0.1:6379", "10.0.0.1:6379"),
        ("ray://head:10001", "ray://head:10001"),
    ],
)
def test_addresses(on, address):
    assert address_of(on) == address


@pytest.mark.parametrize("on", ["", "local", "ray:", "rey", "raylet:6379", "slurm:host:1"])
def test_anything_else_is_refused(on):
    with pytest.raises(UsageError, match="expected: ray, ray:HOST:PORT"):
        address_of(on)


@pytest.fixture
def ray(monkeypatch):
    """A stand-in for the module, so that what comes before Ray can be tested without it."""
    found = SimpleNamespace(init=lambda **_: None, shutdown=lambda: None)
    monkeypatch.setitem(sys.modules, "ray", found)
    return found


def test_without_ray(kspec, tiny, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setitem(sys.modules, "ray", None)
    result = kspec("tune", tiny, "--on", "ray")
    assert result.code == 2
    assert "Ray cannot be imported" in result.err
    assert "hint: pip install 'kspec[ray]'" in result.err
    assert not (tmp_path / "runs").exists()


def test_nothing_answers(kspec, tiny, tmp_path, ray):  # noqa: F811
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        result = kspec("tune", tiny, "--on", f"ray:127.0.0.1:{port}")
    assert result.code == 1
    assert result.err.startswith(f"--on ray: nothing answers at 127.0.0.1:{port}: ")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("on", ["ray:host", "ray://host", "ray:host:port", "ray:host:99999"])
def test_an_address_without_a_port(kspec, tiny, ray, on):  # noqa: F811
    result = kspec("tune", tiny, "--on", on)
    assert result.code == 2
    assert "is no address of a cluster" in result.err


def test_a_cluster_that_does_not_start(kspec, tiny, tmp_path, ray):  # noqa: F811
    def init(**_):
        raise Exception("The current node timed out during startup.\nmore")  # as Ray 2.60 does

    ray.init = init
    result = kspec("tune", tiny, "--on", "ray")
    assert result.code == 1
    assert result.err == "--on ray: Ray cannot start a cluster here: The current node timed out during startup.\n"
    assert not (tmp_path / "runs").exists()


def test_a_run_is_not_resumed_elsewhere(kspec, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    result = kspec("resume", tmp_path, "--on", "ray")
    assert result.code == 2
    assert "--on is for searches" in result.err
