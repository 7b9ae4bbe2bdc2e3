"""States on disk: whole or not at all, known by their digest, one writer at a time."""

import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
from filelock import FileLock

from kspec import checkpoints
from kspec.errors import RunError, UsageError

ARRAYS = {
    "a": np.arange(6, dtype="float32").reshape(2, 3),
    "scalar": np.array(3, "int64"),
    "empty": np.zeros((0, 4), "float16"),
    "half": np.array([[1.5, -2.0]], ml_dtypes.bfloat16),
    "eighth": np.array(0.5, ml_dtypes.float8_e4m3fn),
    "flags": np.array([True, False]),
    "turned": np.arange(6).reshape(2, 3).T,
}


def files(run):
    return sorted(path.name for path in (run / "checkpoint").iterdir())


def test_a_state_comes_back_the_same(tmp_path):
    checkpoints.write(tmp_path, {"epoch": 3, "log": "ä\n", "inf": float("inf")}, ARRAYS)
    found = checkpoints.read(tmp_path)
    assert found.facts == {"epoch": 3, "log": "ä\n", "inf": float("inf")}
    assert found.damaged == ()
    assert set(found.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert (found.arrays[name].dtype, found.arrays[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found.arrays[name], array)


def test_how_far_a_run_has_come_stands_in_the_head_of_its_newest_state(tmp_path):
    assert checkpoints.reached(tmp_path) == (0, 0)
    for step in (5, 7):
        checkpoints.write(tmp_path, {"epoch": 2, "step": step}, ARRAYS)
    assert checkpoints.reached(tmp_path) == (2, 7)
    newest = max((tmp_path / "checkpoint").iterdir())
    newest.write_bytes(newest.read_bytes()[:20])
    assert checkpoints.reached(tmp_path) == (2, 5)


def test_the_newest_and_the_one_before_it_are_kept(tmp_path):
    for number in range(12):
        checkpoints.write(tmp_path, {"number": number}, {})
    assert [name[:6] for name in files(tmp_path)] == ["000011", "000012"]
    assert checkpoints.read(tmp_path).facts == {"number": 11}


def test_nothing_was_ever_written(tmp_path):
    assert checkpoints.read(tmp_path) is None


@pytest.mark.parametrize("place", [0, 9, 100, -1])
def test_one_flipped_bit_anywhere_is_found(tmp_path, place):
    checkpoints.write(tmp_path, {"number": 1}, ARRAYS)
    path = checkpoints.write(tmp_path, {"number": 2}, ARRAYS)
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)
    found = checkpoints.read(tmp_path)
    assert (found.facts, found.damaged) == ({"number": 1}, (path.name,))


def test_a_file_under_another_digest_is_damaged(tmp_path):
    path = checkpoints.write(tmp_path, {}, ARRAYS)
    path.rename(path.with_name(f"000001-{'0' * 64}.safetensors"))
    with pytest.raises(RunError, match="every state of the training is damaged"):
        checkpoints.read(tmp_path)


def test_what_cannot_be_written_leaves_the_states_before(tmp_path, monkeypatch):
    checkpoints.write(tmp_path, {"number": 1}, ARRAYS)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints.os, "fsync", full)
    with pytest.raises(RunError, match="No space left on device; the state before it is whole: 000001"):
        checkpoints.write(tmp_path, {"number": 2}, ARRAYS)
    assert len(files(tmp_path)) == 1
    assert checkpoints.read(tmp_path).facts == {"number": 1}


def test_the_lock_is_held_and_what_a_killed_writer_left_is_removed(tmp_path):
    checkpoints.write(tmp_path, {}, {})
    (tmp_path / "checkpoint" / "000002.partial").write_bytes(b"half")
    with checkpoints.locked(tmp_path):
        assert not any(name.endswith(".partial") for name in files(tmp_path))
        with pytest.raises(UsageError, match="another process"), checkpoints.locked(tmp_path):
            raise AssertionError("locked twice")
    with checkpoints.locked(tmp_path):
        pass


def test_a_killed_process_lets_go_of_the_lock(tmp_path):
    code = f"""
import time
from pathlib import Path
from kspec import checkpoints
with checkpoints.locked(Path({str(tmp_path)!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(UsageError), checkpoints.locked(tmp_path):
        raise AssertionError("locked twice")
    process.kill()
    process.wait()
    process.stdout.close()
    with checkpoints.locked(tmp_path):
        pass


def test_removed_with_the_run_finished(tmp_path):
    checkpoints.write(tmp_path, {}, {})
    FileLock(tmp_path / "checkpoint" / "lock").acquire()
    checkpoints.remove(tmp_path)
    assert list(tmp_path.iterdir()) == []
