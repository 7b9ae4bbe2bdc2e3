"""A run folder that is copied while it changes: what arrives is what a kill could have left."""

import pytest

from kspec import artifacts
from kspec.tuning import shipping
from kspec.tuning.shipping import Shelf, packed, receive, unpack

RUN = {
    "run.json": b"{}",
    "history.csv": b"epoch\n1\n",
    "checkpoint/000001-a.safetensors": b"one",
    "logs/train/events": b"\x00\xff",
}
NOT_SENT = {"checkpoint/lock": b"", ".history-x.partial.csv": b"half", "checkpoint/2.safetensors.partial": b"half"}


@pytest.fixture
def run(tmp_path):
    unpack(tmp_path / "run", {**RUN, **NOT_SENT})
    return tmp_path / "run"


def test_a_run_is_packed_without_locks_and_halves(run, tmp_path):
    assert packed(run) == RUN
    assert packed(tmp_path / "none") == {}


def test_only_changes_are_sent(run):
    shelf = Shelf(run)
    assert shelf.changes() == (RUN, list(shelf._seen))
    assert shelf.changes() is None
    (run / "history.csv").write_bytes(b"epoch\n1\n2\n")
    (run / "checkpoint/000001-a.safetensors").unlink()
    files, names = shelf.changes()
    assert files == {"history.csv": b"epoch\n1\n2\n"}
    assert sorted(names) == ["history.csv", "logs/train/events", "run.json"]


def test_what_is_read_first_is_written_last(run, tmp_path, monkeypatch):
    files, names = Shelf(run).changes()
    assert list(files)[:2] == ["run.json", "checkpoint/000001-a.safetensors"]
    written = []
    whole = artifacts.write_file
    monkeypatch.setattr(
        shipping.artifacts, "write_file", lambda path, write: written.append(path.name) or whole(path, write)
    )
    receive(tmp_path / "home", files, names)
    assert written[-2:] == ["000001-a.safetensors", "run.json"]
    assert packed(tmp_path / "home") == RUN


def test_what_is_gone_there_goes_here(run, tmp_path):
    home = tmp_path / "home"
    unpack(home, {"checkpoint/000000-b.safetensors": b"old", "history.csv": b"epoch\n", "checkpoint/lock": b""})
    receive(home, *Shelf(run).changes())
    assert packed(home) == RUN
    assert (home / "checkpoint/lock").exists()


def test_a_state_that_goes_while_it_is_looked_at_is_left_out(run, monkeypatch):
    listed = shipping._listed

    def slow(folder):
        found = list(listed(folder))
        (folder / "checkpoint/000001-a.safetensors").unlink()
        return found

    monkeypatch.setattr(shipping, "_listed", slow)
    files, names = Shelf(run).changes()
    assert "checkpoint/000001-a.safetensors" not in {*files, *names}
