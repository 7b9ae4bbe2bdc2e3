"""Built experiments on tiny data; nothing is trained."""

import numpy as np
import pytest

import kspec
from kspec import text
from kspec.spec.reader import read


@pytest.fixture
def built(tmp_path):
    """Makes an Experiment: `built(x, y, metrics=[...], ...)`, the last quarter of the examples for test."""

    def make(x, y, metrics="auto", model="MLP", loss="auto", validation=None, test=True, **data):
        count = len(y) * 3 // 4
        arrays = {"x_train": x[:count], "y_train": y[:count], "x_test": x[count:], "y_test": y[count:]}
        np.savez(tmp_path / "a.npz", **arrays)
        held = {"validation": validation, "test": "test" if test else None}
        tree = {
            "data": {"npz": str(tmp_path / "a.npz"), "batch_size": 8, "baseline": True, **held, **data},
            "model": model if isinstance(model, dict) else {model: {"hidden": [4]}},
            "training": {"metrics": metrics, "loss": loss},
            "device": {"precision": "float32"},
        }
        return kspec.build(read(text.read_text(text.dump(tree))))

    return make
