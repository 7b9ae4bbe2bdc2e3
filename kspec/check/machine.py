"""What the machine has: memory and disk space, as the kernel and the container say."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

UNLIMITED = 2**60
"""Version 1 of control groups writes a number near 2^63 for no limit."""


@dataclass(frozen=True)
class Memory:
    """Bytes of the machine, or of the container where that allows less. available: not in use by anyone."""

    total: int
    available: int
    where: str


def memory(root: Path = Path("/")) -> Memory | None:
    """The memory that this process can use; None where the system does not say (no Linux).

    The least of /proc/meminfo and the limits of control groups, version 2 and 1. root: of the file system, for tests.
    """
    kernel = _meminfo(root / "proc/meminfo")
    if kernel is None:
        return None
    limits = [kernel, *_groups(root)]
    return Memory(min(one.total for one in limits), *min((one.available, one.where) for one in limits))


def _meminfo(file: Path) -> Memory | None:
    if not file.is_file():
        return None
    words = (line.split() for line in file.read_text().splitlines())
    held = {word[0].rstrip(":"): int(word[1]) * 1024 for word in words if len(word) > 1 and word[1].isdecimal()}
    return Memory(held["MemTotal"], held["MemAvailable"], "machine")


def _groups(root: Path) -> list[Memory]:
    """The limits of the control groups this process is in, from its own up to the root of the hierarchy."""
    files = [(root / "sys/fs/cgroup", "memory.max", "memory.current")]
    files += [(root / "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")]
    found = []
    for top, limit, usage in files:
        for folder in _own(root, top):
            total, used = _number(folder / limit), _number(folder / usage)
            if total is not None and used is not None and total < UNLIMITED:
                # Pages of files that the kernel can drop count as used there.
                found.append(Memory(total, max(0, total - used + _inactive(folder)), "container"))
    return found


def _own(root: Path, top: Path) -> list[Path]:
    listed = root / "proc/self/cgroup"
    lines = listed.read_text().splitlines() if listed.is_file() else []
    wanted = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    paths = [path for _, controllers, path in wanted if controllers == "" or "memory" in controllers.split(",")]
    own = [top.joinpath(*Path(path).parts[1:]) for path in paths if ".." not in Path(path).parts]
    folders = {top, *own, *(parent for one in own for parent in one.parents if top in parent.parents)}
    return [folder for folder in folders if folder.is_dir()]


def _number(file: Path) -> int | None:
    text = file.read_text().strip() if file.is_file() else ""
    return int(text) if text.isdecimal() else None


def _inactive(folder: Path) -> int:
    file = folder / "memory.stat"
    lines = file.read_text().splitlines() if file.is_file() else []
    wanted = ("inactive_file", "total_inactive_file")
    return max((int(value) for key, _, value in (line.partition(" ") for line in lines) if key in wanted), default=0)


def gpu_memory() -> Memory | None:
    """The memory of the first GPU that TensorFlow may use; None where there is no GPU."""
    import tensorflow as tf
    from tensorflow.python.client import device_lib

    if not tf.config.list_physical_devices("GPU"):
        return None
    total = next(one.memory_limit for one in device_lib.list_local_devices() if one.device_type == "GPU")
    used = tf.config.experimental.get_memory_info("GPU:0")["current"]
    return Memory(total, total - used, "GPU")


def free_disk(folder: Path) -> int:
    """Bytes free where the folder is or would be made."""
    nearest = next(one for one in (folder, *folder.absolute().parents) if one.is_dir())
    return shutil.disk_usage(nearest).free


def peak_resident() -> int | None:
    """The most bytes that this process has held so far; None where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)
