import numpy as np
import pytest

from kspec.builders.data.sources import load
from kspec.spec.data import Data


def test_digits_are_images() -> None:
    source = load(Data.model_validate({"sklearn": "digits"}))
    x = source.splits["train"].x
    assert source.kind == "image" and source.task == "classification"
    assert x.shape == (1797, 8, 8, 1) and x.dtype == np.float32 and (x.min(), x.max()) == (0, 16)
    assert source.class_names == tuple("0123456789")


@pytest.mark.parametrize(
    ("name", "rows", "columns", "classes"),
    [
        ("iris", 150, 4, 3),
        ("wine", 178, 13, 3),
        ("breast_cancer", 569, 30, 2),
        ("diabetes", 442, 10, 0),
        ("linnerud", 20, 3, 0),
    ],
)
def test_tables(name: str, rows: int, columns: int, classes: int) -> None:
    source = load(Data.model_validate({"sklearn": name}))
    examples = source.splits["train"]
    assert source.kind == "table" and len(examples.x) == columns and len(source.class_names) == classes
    assert source.task == ("classification" if classes else "regression")
    assert all(values.shape == (rows,) for values in examples.x.values())
    assert examples.y.shape == ((20, 3) if name == "linnerud" else (rows,))


def test_columns_carry_their_names() -> None:
    source = load(Data.model_validate({"sklearn": "iris"}))
    assert source.splits["train"].x["petal width (cm)"][0] == 0.2
    assert source.class_names == ("setosa", "versicolor", "virginica")
