from pathlib import Path

import numpy as np
import pytest

from kspec.builders.data.sources import load
from kspec.errors import DataError
from kspec.spec.data import Data


def written(folder: Path, **arrays: np.ndarray) -> str:
    np.savez(folder / "set.npz", **arrays)
    return str(folder / "set.npz")


def loaded(path: str, **settings: str):
    return load(Data.model_validate({"npz": {"path": path, **settings}}))


def test_splits_by_name(tmp_path: Path) -> None:
    x, y = np.zeros((5, 3), np.float32), np.arange(5)
    source = loaded(written(tmp_path, x_train=x, y_train=y, x_val=x[:1], y_val=y[:1], x_test=x[:2], y_test=y[:2]))
    assert {name: len(part) for name, part in source.splits.items()} == {"train": 5, "validation": 1, "test": 2}
    assert source.kind == "array"


def test_one_pair_is_train(tmp_path: Path) -> None:
    source = loaded(
        written(tmp_path, pictures=np.zeros((5, 4, 4), np.uint8), kinds=np.arange(5)), x="pictures", y="kinds"
    )
    assert source.kind == "image" and source.splits["train"].x.shape == (5, 4, 4, 1)


def test_strings_are_texts(tmp_path: Path) -> None:
    source = loaded(written(tmp_path, x=np.array(["good", "bad"]), y=np.arange(2)))
    assert source.kind == "text" and source.splits["train"].x.tolist() == ["good", "bad"]
    assert source.splits["train"].x.dtype == object


def refused(path: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        loaded(path)
    assert error.value.problems[0].path == ("data", "npz")


def test_lengths_that_differ(tmp_path: Path) -> None:
    refused(written(tmp_path, x=np.zeros((5, 3)), y=np.arange(4)), r"differ in length[\s\S]*x \(5, 3\), y \(4,\)")


def test_arrays_that_are_not_there(tmp_path: Path) -> None:
    refused(written(tmp_path, features=np.zeros(3), y=np.zeros(3)), "holds 'y' and lacks 'x'")
    refused(written(tmp_path, a=np.zeros(3)), "lacks the arrays")


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    refused(written(tmp_path, x=np.array([{}, 1], object), y=np.arange(2)), "'x' holds pickled objects")


def test_no_npz_file(tmp_path: Path) -> None:
    refused(str(tmp_path / "none.npz"), "no such file")
    (tmp_path / "text.npz").write_text("hello")
    refused(str(tmp_path / "text.npz"), "not an .npz file")
    np.save(tmp_path / "one.npy", np.zeros(2))
    refused(str(tmp_path / "one.npy"), "not an .npz file")
    whole = Path(written(tmp_path, x=np.zeros(100), y=np.zeros(100)))
    whole.write_bytes(whole.read_bytes()[:300])
    refused(str(whole), "not an .npz file")


def test_a_label_has_no_meaning_here(tmp_path: Path) -> None:
    path = written(tmp_path, x=np.zeros((5, 3)), y=np.arange(5))
    with pytest.raises(DataError, match="has its own labels") as error:
        load(Data.model_validate({"npz": path, "label": "y"}))
    assert error.value.problems[0].path == ("data", "label")
