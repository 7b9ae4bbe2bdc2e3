"""Memory by the files of a kernel, in a folder that stands for the root of the file system."""

from pathlib import Path

import pytest

from kspec.check import machine

GIB = 2**30


def put(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture
def root(tmp_path):
    put(tmp_path, "proc/meminfo", f"MemTotal: {16 * 2**20} kB\nMemFree: 1 kB\nMemAvailable: {8 * 2**20} kB\n")
    return tmp_path


def test_no_limits(root):
    assert machine.memory(root) == machine.Memory(16 * GIB, 8 * GIB, "machine")


def test_not_linux(tmp_path):
    assert machine.memory(tmp_path) is None


def test_a_container_of_version_2(root):
    put(root, "sys/fs/cgroup/memory.max", f"{4 * GIB}\n")
    put(root, "sys/fs/cgroup/memory.current", f"{3 * GIB}\n")
    put(root, "sys/fs/cgroup/memory.stat", f"anon 1\ninactive_file {GIB}\n")
    assert machine.memory(root) == machine.Memory(4 * GIB, 2 * GIB, "container")


def test_the_group_of_the_process_inside_another(root):
    put(root, "proc/self/cgroup", "0::/jobs/mine\n")
    put(root, "sys/fs/cgroup/memory.max", "max\n")
    put(root, "sys/fs/cgroup/memory.current", "5\n")
    put(root, "sys/fs/cgroup/jobs/memory.max", f"{2 * GIB}\n")
    put(root, "sys/fs/cgroup/jobs/memory.current", f"{GIB}\n")
    put(root, "sys/fs/cgroup/jobs/mine/memory.max", "max\n")
    put(root, "sys/fs/cgroup/jobs/mine/memory.current", "5\n")
    assert machine.memory(root) == machine.Memory(2 * GIB, GIB, "container")


def test_version_1(root):
    put(root, "proc/self/cgroup", "5:memory,cpu:/job\n2:devices:/other\n")
    put(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    put(root, "sys/fs/cgroup/memory/memory.usage_in_bytes", "5\n")
    put(root, "sys/fs/cgroup/memory/job/memory.limit_in_bytes", f"{GIB}\n")
    put(root, "sys/fs/cgroup/memory/job/memory.usage_in_bytes", f"{GIB // 2}\n")
    put(root, "sys/fs/cgroup/memory/job/memory.stat", f"total_inactive_file {GIB // 4}\n")
    assert machine.memory(root) == machine.Memory(GIB, 3 * GIB // 4, "container")


def test_this_machine():
    found = machine.memory()
    if found is not None:
        assert 0 < found.available <= found.total
        assert 2**20 < machine.peak_resident() < found.total


def test_free_disk_where_nothing_is_yet(tmp_path):
    assert machine.free_disk(tmp_path / "not" / "there") > 0
    assert machine.free_disk(Path("runs")) > 0
