import hashlib

import numpy as np

from kspec.builders.data.fingerprint import fingerprint
from kspec.builders.examples import Examples

X, Y = np.arange(6, dtype=np.float32).reshape(3, 2), np.array([0, 1, 0])


def of(x: object, y: np.ndarray = Y, role: str = "train") -> str:
    return fingerprint({role: Examples(x, y), "test": None})  # type: ignore[arg-type]


def test_it_is_the_sha256_of_names_types_shapes_and_bytes() -> None:
    digest = hashlib.sha256(b"train|x|<f4|(3, 2)|" + X.tobytes() + b"train|y|<i8|(3,)|" + Y.tobytes())
    assert of(X) == digest.hexdigest()


def test_equal_data_give_equal_fingerprints_however_they_lie_in_memory() -> None:
    assert of(X) == of(np.asfortranarray(X)) == of(np.repeat(X, 2, axis=0)[::2])


def test_everything_counts() -> None:
    changed = X.copy()
    changed[2, 1] = -1
    texts = np.array(["ab", "c", ""], object)
    all_of_them = [
        of(X),
        of(changed),
        of(X[::-1]),
        of(X.astype(np.float64)),
        of(X.reshape(3, 1, 2)),
        of(X, Y[::-1].copy() + 1),
        of(X, role="validation"),
        of({"a": X}),
        of({"b": X}),
        of(texts),
        of(np.array(["a", "bc", ""], object)),
        of(np.array(["ab", "c", None], object)),
    ]
    assert len(set(all_of_them)) == len(all_of_them)
