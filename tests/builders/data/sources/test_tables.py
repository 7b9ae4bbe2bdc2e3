import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kspec.builders.data.sources import load
from kspec.errors import DataError
from kspec.spec.data import Data

CSV = "size,colour,count,flag,price\n1.5,red,1,True,10\n,blue,2,False,20\n2.5,,3,True,30\n"


@pytest.fixture
def csv(tmp_path: Path) -> str:
    (tmp_path / "houses.csv").write_text(CSV)
    return str(tmp_path / "houses.csv")


def table(path: str, source: str = "csv", **settings: object):
    return load(Data.model_validate({source: path, **settings}))


def test_columns_keep_their_types_and_holes(csv: str) -> None:
    source = table(csv, label="price")
    x = source.splits["train"].x
    assert source.kind == "table" and list(x) == ["size", "colour", "count", "flag"]
    assert x["size"].dtype == np.float64 and np.isnan(x["size"][1]) and x["size"][2] == 2.5
    assert x["colour"].tolist() == ["red", "blue", None]
    assert x["count"].tolist() == [1, 2, 3] and x["count"].dtype == np.int64
    assert x["flag"].tolist() == [True, False, True]
    assert source.splits["train"].y.tolist() == [10, 20, 30]


def test_columns_that_are_chosen(csv: str) -> None:
    assert list(table(csv, label="price", columns={"ignore": ["size", "flag"]}).splits["train"].x) == [
        "colour",
        "count",
    ]
    both = table(csv, label="price", columns={"numeric": ["count"], "categorical": ["colour"]})
    assert list(both.splits["train"].x) == ["colour", "count"]


def test_a_column_of_texts(csv: str) -> None:
    source = table(csv, label="price", columns={"text": "colour"})
    assert source.kind == "text" and source.splits["train"].x.tolist() == ["red", "blue", None]


def test_several_labels(csv: str) -> None:
    y = table(csv, label=["count", "price"]).splits["train"].y
    assert y.tolist() == [[1, 10], [2, 20], [3, 30]]


def test_separator_and_encoding(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("größe;y\n1;a\n2;b\n".encode("latin-1"))
    source = load(
        Data.model_validate(
            {"csv": {"path": str(tmp_path / "t.csv"), "separator": ";", "encoding": "latin-1"}, "label": "y"}
        )
    )
    assert source.splits["train"].x["größe"].tolist() == [1, 2] and source.splits["train"].y.tolist() == ["a", "b"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_per_split(tmp_path: Path, kind: str) -> None:
    for split, rows in (("train", 3), ("validation", 2), ("test", 1)):
        frame = pd.DataFrame({"a": np.arange(rows), "y": ["p"] * rows})
        frame.to_csv(tmp_path / f"{split}.csv", index=False) if kind == "csv" else frame.to_parquet(
            tmp_path / f"{split}.parquet"
        )
    splits = table(str(tmp_path), kind, label="y").splits
    assert {name: part.x["a"].tolist() for name, part in splits.items()} == {
        "train": [0, 1, 2],
        "validation": [0, 1],
        "test": [0],
    }


def refused(path: str, message: str, key: tuple[str, ...], source: str = "csv", **settings: object) -> None:
    with pytest.raises(DataError, match=message) as error:
        table(path, source, **settings)
    assert error.value.problems[0].path == ("data", *key)


def test_labels_and_columns_that_are_not_there(csv: str) -> None:
    refused(csv, "needs a label", ("label",))
    refused(csv, "did you mean 'price'", ("label",), label="prise")
    refused(csv, "did you mean 'size'", ("columns", "numeric"), label="price", columns={"numeric": ["siz"]})
    refused(csv, "no column 'shape'", ("columns", "categorical"), label="price", columns={"categorical": ["shape"]})
    refused(csv, "no column 'review'", ("columns", "text"), label="price", columns={"text": "review"})
    refused(csv, "is the label", ("columns", "numeric"), label="price", columns={"numeric": ["price"]})
    ignored = {"ignore": ["size", "colour", "count", "flag"]}
    refused(csv, "no feature column", ("columns",), label="price", columns=ignored)


def test_files_that_are_no_table(tmp_path: Path) -> None:
    refused(str(tmp_path / "none.csv"), "no such file", ("csv",), label="y")
    refused(str(tmp_path), "no train.csv", ("csv",), label="y")
    for name, content in (
        ("empty.csv", b""),
        ("binary.csv", b"\x00\xff\xfe,\n"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n"),
    ):
        (tmp_path / name).write_bytes(content)
        refused(str(tmp_path / name), "not a table in csv", ("csv",), label="y")
    (tmp_path / "header.csv").write_bytes(b"a,y\n")
    refused(str(tmp_path / "header.csv"), "table is empty", ("csv",), label="y")
    (tmp_path / "t.parquet").write_bytes(b"no parquet")
    refused(str(tmp_path / "t.parquet"), "not a table in parquet", ("parquet",), "parquet", label="y")


def test_without_pandas(csv: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    refused(csv, r'pip install "kspec\[tables\]"', ("csv",), label="price")
