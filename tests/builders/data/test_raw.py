"""The examples before preprocessing, in the order of those after it."""

import numpy as np
import pytest

from kspec.builders.data import build_data
from kspec.builders.data.raw import raw_features
from kspec.spec.data import Data


def test_a_table_by_the_names_of_the_inputs_in_the_order_of_the_datasets(tmp_path):
    pytest.importorskip("pandas")
    rows = [f"{value},{'ab'[value % 2]},{value % 3}" for value in range(30)]
    (tmp_path / "t.csv").write_text("\n".join(["a/b,kind,label", *rows, rows[0]]) + "\n")
    data = Data.model_validate(
        {"csv": str(tmp_path / "t.csv"), "label": "label", "test": 0.2, "batch_size": 4, "clean": ("drop_duplicates",)}
    )
    datasets = build_data(data, 3, "multi_hot")
    raw = raw_features(data, 3, datasets.preprocessor)
    assert set(raw["test"]) == {"a_b", "kind"} and raw["validation"] is None
    for role in ("train", "test"):
        part = getattr(datasets, role)
        made = datasets.preprocessor({name: values[:, None] for name, values in raw[role].items()})
        np.testing.assert_allclose(np.asarray(made), part.x, atol=1e-6)
