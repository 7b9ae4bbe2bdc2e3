"""Few threads, fixed seeds, no network, and one option."""

import os
import socket

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest

from kspec.garbage import collect_seldom
from kspec.tuning.threads import NAMES

collect_seldom()
if "PYTEST_XDIST_WORKER" in os.environ:  # there are as many workers as cores
    os.environ.update(dict.fromkeys(NAMES, "1"))


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected messages in tests/errors")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """A test that would reach another machine fails at once."""
    connect = socket.socket.connect

    def local_only(self, address):
        host = address[0] if isinstance(address, tuple) else ""
        if host not in ("", "127.0.0.1", "localhost", "::1"):
            raise OSError(f"tests reach no network: {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)
