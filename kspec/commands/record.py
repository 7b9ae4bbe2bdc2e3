"""What a run writes down about how it came about: versions, git state, machine."""

from __future__ import annotations

import hashlib
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any

PACKAGES = (
    "kspec",
    "keras",
    "tensorflow",
    "tensorflow-model-optimization",
    "keras-hub",
    "numpy",
    "tensorflow-datasets",
    "scikit-learn",
    "pandas",
    "jax",
    "torch",
)


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Python's version and that of each package that can change a result."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_state() -> dict[str, Any] | None:
    """Commit and whether the tree has changes, of the repository kspec was started in; None outside one."""
    commit = _git("rev-parse", "HEAD")
    return None if commit is None else {"commit": commit, "dirty": bool(_git("status", "--porcelain"))}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def command_line() -> str:
    """The command as it was typed."""
    return shlex.join(["kspec", *sys.argv[1:]])


def weights_digest(model: Any) -> str:
    """SHA-256 over all weights, in their order: equal digests mean bit-identical models."""
    digest = hashlib.sha256()
    for variable in model.weights:
        digest.update(variable.numpy().tobytes())
    return digest.hexdigest()
