"""Whether what a file unpacks to fits into memory, asked before it is read."""

from __future__ import annotations

import math
import os

from kspec.errors import DataError, Problem

SHARE = 0.5
"""Of the free memory; the rest is for the network and its gradients."""


def available() -> int:
    """Bytes of memory that are free for new data: Linux' own estimate, elsewhere all of the machine's memory."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            held = dict(line.split(":", 1) for line in lines)
        return int(held["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check(shape: tuple[int, ...], path: tuple[str, ...]) -> None:
    """Refuses images uint8 (n, h, w, c) that need more than half of the free memory.

    Raises:
        DataError: with the size of image that would fit.
    """
    count, height, width, channels = shape
    needed, limit = math.prod(shape), int(available() * SHARE)
    if needed > limit:
        side = max(1, int(math.sqrt(limit / (count * channels))))
        message = f"{count} images of {height} x {width} need {needed / 2**30:.1f} GiB of memory"
        hint = f"set data.image.size: [{side}, {side}] or smaller"
        raise DataError(Problem(path, message, f"at most {limit / 2**30:.1f} GiB, half of what is free", hint=hint))


def check_size(needed: int, what: str, path: tuple[str, ...]) -> None:
    """Refuses data that need more bytes than half of the free memory: a small file can unpack to a very large one.

    Raises:
        DataError: with both sizes.
    """
    limit = int(available() * SHARE)
    if needed > limit:
        message = f"{what} would need {needed / 2**30:.1f} GiB of memory"
        raise DataError(Problem(path, message, f"at most {limit / 2**30:.1f} GiB, half of what is free"))
