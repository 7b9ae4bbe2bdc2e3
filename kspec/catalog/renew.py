"""Makes the index again where another Keras is installed than the index of kspec is of, once, and keeps it.

It is made in a process of its own, so that Keras stays out of this one, and kept in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from kspec.errors import RunError


def for_installed(keras: str, keras_hub: str, shipped: bytes) -> bytes:
    """The text of the index of the installed versions, from the cache folder or made now.

    shipped: the index that comes with kspec; its digest is part of the file name, for another kspec has other parts.

    Raises:
        RunError: the index cannot be made.
    """
    digest = hashlib.sha256(shipped).hexdigest()[:12]
    file = cache_folder() / f"index-{keras}-{digest}-{keras_hub}.json"
    try:
        kept = file.read_bytes()
        json.loads(kept)
        return kept
    except (OSError, ValueError):  # not there yet, or not whole
        pass
    logging.getLogger("kspec").warning("indexing the components of Keras %s, once", keras)
    text = made()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f"{file.name}.{os.getpid()}")
        temporary.write_bytes(text)
        temporary.replace(file)
    except OSError:
        logging.getLogger("kspec").debug("%s cannot be written; the index stays in memory", file)
    return text


def cache_folder() -> Path:
    """The user's cache folder of kspec: `$XDG_CACHE_HOME/kspec`, or `~/.cache/kspec`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return Path(base if base else "~/.cache").expanduser() / "kspec"


def made() -> bytes:
    """A fresh index, made in a process of its own so that Keras stays out of this one.

    Raises:
        RunError: the process failed.
    """
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH", "")) if path)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "index.json"
        done = subprocess.run(
            [sys.executable, "-m", "kspec.catalog.generate", str(file)],
            env={**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise RunError(f"the components of the installed Keras cannot be indexed: {last}")
        return file.read_bytes()
