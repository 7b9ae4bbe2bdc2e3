"""A command looks for garbage seldom; who imports kspec keeps their own setting."""

import gc

import pytest

from kspec.cli import main


def test_a_command_collects_seldom(monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(gc, "get_threshold", lambda: (700, 10, 10))
    monkeypatch.setattr(gc, "set_threshold", lambda *given: seen.append(given))
    with pytest.raises(SystemExit):
        main(["--version"])
    assert seen == [(50_000, 10, 10)]
