"""How often the garbage collector looks: seldom in a command, and as before for who imports kspec."""

import gc
import subprocess
import sys

import pytest

from kspec.cli import main


def test_a_command_collects_seldom(monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(gc, "get_threshold", lambda: (700, 10, 10))
    monkeypatch.setattr(gc, "set_threshold", lambda *given: seen.append(given))
    with pytest.raises(SystemExit):
        main(["--version"])
    assert seen == [(50_000, 10, 10)]


def test_who_imports_kspec_keeps_their_own_setting():
    code = "import gc; gc.set_threshold(1234, 5, 6); import kspec; kspec.PruneLowMagnitude; print(gc.get_threshold())"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "(1234, 5, 6)"
