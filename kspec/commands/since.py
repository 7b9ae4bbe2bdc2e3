"""What has changed since a run or a search began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kspec.commands import record
from kspec.errors import dotted

DECIDING = ("kspec", "keras", "keras-hub", "tensorflow", "numpy", "jax", "torch")
"""The packages whose version can change a bit of the result."""


def other_versions_than(then: Mapping[str, str], packages: Sequence[str] = DECIDING) -> list[str]:
    """What differs: `keras 3.15.1, now 3.16.0`."""
    now = record.versions(packages)
    different = [name for name in packages if then.get(name) != now.get(name)]
    return [f"{name} {then.get(name)}, now {now.get(name)}" for name in different]


def differing(then: Any, now: Any, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """What differs between two trees: `training.epochs was 5, is 10`."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in {**then, **now}:
            yield from differing(then.get(key), now.get(key), (*path, key))
    elif then != now:
        yield f"{dotted(path)} was {then}, is {now}"
