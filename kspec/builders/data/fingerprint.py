"""A number that changes when the data does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from kspec.builders.examples import Examples


def fingerprint(splits: Mapping[str, Examples | None]) -> str:
    """SHA-256, in hexadecimal, over names, dtypes, shapes, values and order of every split's features and labels."""
    digest = hashlib.sha256()
    for role in sorted(splits):
        examples = splits[role]
        if examples is not None:
            columns = {"x": examples.x} if isinstance(examples.x, np.ndarray) else examples.x
            for name, values in (*columns.items(), ("y", examples.y)):
                digest.update(f"{role}|{name}|{values.dtype.str}|{values.shape}|".encode())
                digest.update(raw(values))
    return digest.hexdigest()


def raw(values: np.ndarray) -> bytes | memoryview:
    """The bytes of an array; of an array of objects, its texts and numbers with their lengths."""
    if values.dtype.kind != "O":
        return np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
    parts = []
    for value in values.ravel():
        text = f"{type(value).__name__}:{value}".encode("utf-8", errors="surrogatepass")
        parts.append(b"%d:" % len(text) + text)
    return b"".join(parts)
