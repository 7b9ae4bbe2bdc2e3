import time

import numpy as np
import pytest

from kspec.builders.data.sources import load, tfds
from kspec.builders.data.splits import split
from kspec.errors import DataError
from kspec.spec.data import Data
from tests.builders.data import tiny_tfds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_tfds.prepare(tmp_path_factory.mktemp("tfds"))


def data(folder: str, name: str, **settings: object) -> Data:
    return Data.model_validate({"tfds": {"name": name, "data_dir": folder}, "batch_size": 1, **settings})


def test_images_as_stored(folder: str) -> None:
    source = load(data(folder, "tiny_images"))
    assert source.kind == "image" and source.class_names == ("cat", "dog") and source.task == "classification"
    train = source.splits["train"]
    assert train.x.shape == (20, 4, 4, 3) and train.x.dtype == np.uint8
    numbers = train.x[:, 0, 0, 0]
    assert sorted(numbers) == list(range(20)) and (train.y == numbers % 2).all()
    assert (train.x == numbers[:, None, None, None]).all()


def test_the_order_is_the_same_each_time_and_slices_are_slices_of_it(folder: str) -> None:
    whole, again = (load(data(folder, "tiny_images")).splits["train"].x[:, 0, 0, 0].tolist() for _ in range(2))
    wanted = data(folder, "tiny_images", train="train[:75%]", validation="train[75%:]")
    parts = split(load(wanted), wanted, seed=0)
    assert whole == again
    assert parts["train"].x[:, 0, 0, 0].tolist() == whole[:15]
    assert parts["validation"].x[:, 0, 0, 0].tolist() == whole[15:]
    assert len(parts["test"]) == 6


def test_only_what_is_asked_for_is_read(folder: str) -> None:
    assert {
        name: len(part) for name, part in load(data(folder, "tiny_images", train="train[:3]", test=None)).splits.items()
    } == {"train[:3]": 3}


def test_splits_are_joined_and_fractions_drawn(folder: str) -> None:
    wanted = data(folder, "tiny_images", train="train+test[:2]", validation=0.5, test=None)
    assert {role: part and len(part) for role, part in split(load(wanted), wanted, seed=0).items()} == {
        "train": 11,
        "validation": 11,
        "test": None,
    }


def test_photos_of_any_size_with_several_labels(folder: str) -> None:
    with pytest.raises(DataError, match="differ in size"):
        load(data(folder, "tiny_photos", label="tags"))
    source = load(data(folder, "tiny_photos", label="tags", image={"size": [3, 2]}))
    train = source.splits["train"]
    assert source.task == "multi_label" and source.class_names == ("a", "b", "c")
    assert train.x.shape == (20, 3, 2, 3) and train.x.dtype == np.uint8
    numbers = train.x[:, 0, 0, 0]
    assert sorted(numbers) == list(range(20))
    assert all(y.tolist() == ([1, 0, 1] if i % 2 else [0, 0, 0]) for i, y in zip(numbers, train.y, strict=True))


def test_texts_are_str(folder: str) -> None:
    source = load(data(folder, "tiny_reviews"))
    assert source.kind == "text" and sorted(source.splits["test"].x) == [f"größe {i}" for i in range(6)]
    titles = load(data(folder, "tiny_reviews", columns={"text": "title"}))
    assert sorted(titles.splits["test"].x) == [f"title {i}" for i in range(6)]


def test_tables(folder: str) -> None:
    source = load(data(folder, "tiny_table", label="price"))
    x, y = source.splits["train"].x, source.splits["train"].y
    assert source.kind == "table" and set(x) == {"size", "colour", "town"} and source.class_names == ()
    assert (x["size"] * 20 == y).all()
    assert all(colour == ("blue" if price % 20 else "red") for colour, price in zip(x["colour"], y, strict=True))
    assert all(town == f"t{int(price / 10)}" for town, price in zip(x["town"], y, strict=True))
    several = load(data(folder, "tiny_table", label=["price", "size"])).splits["train"].y
    assert several.shape == (20, 2)


def refused(wanted: Data, message: str, *path: str) -> DataError:
    with pytest.raises(DataError, match=message) as error:
        load(wanted)
    assert error.value.problems[0].path == ("data", *path)
    return error.value


def test_features_splits_and_sets_that_are_not_there(folder: str) -> None:
    refused(data(folder, "tiny_images", label="lable"), "did you mean 'label'", "label")
    refused(data(folder, "tiny_reviews", columns={"text": "titel"}), "did you mean 'title'", "columns", "text")
    refused(data(folder, "tiny_images", validation="valid"), "no split 'valid'", "validation")
    refused(data(folder, "tiny_images", validation="train[5:]"), "share 15 examples", "validation")
    refused(data(folder, "cifar11"), "did you mean 'cifar10'", "tfds", "name")
    refused(data(folder, "tiny_images/none"), "cannot open", "tfds", "name")


def test_a_missing_set_without_network_ends_soon_and_says_what_to_do(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tfds, "BUCKET", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "*")
    started = time.monotonic()
    error = refused(data(str(tmp_path), "cifar10"), "its host cannot be reached", "tfds")
    assert time.monotonic() - started < 30
    (problem,) = error.problems
    assert f"{tmp_path}/cifar10/3.0.2" in problem.expected
    assert "tensorflow_datasets.load('cifar10')" in problem.hint and "data.tfds.data_dir" in problem.hint


def test_nothing_is_downloaded_where_that_is_forbidden(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfds, "reachable", lambda url: pytest.fail("asked the network"))
    forbidden = {"name": "cifar10", "data_dir": str(tmp_path), "download": False}
    refused(Data.model_validate({"tfds": forbidden}), "tfds.download is false", "tfds")


def test_with_a_network_the_set_is_prepared_and_read(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfds, "reachable", lambda url: url == "https://example.org/tiny.zip")
    monkeypatch.setattr(tiny_tfds.TinyImages, "url_infos", {"https://example.org/tiny.zip": None})
    assert len(load(data(str(tmp_path), "tiny_images")).splits["train"]) == 20


def test_a_download_that_fails_is_one_clear_error(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, manager: object) -> None:
        raise OSError("checksum of tiny.zip is wrong\nmore")

    monkeypatch.setattr(tfds, "reachable", lambda url: True)
    monkeypatch.setattr(tfds, "BUCKET", "")
    monkeypatch.setattr(tiny_tfds.TinyImages, "_split_generators", broken)
    error = refused(data(str(tmp_path), "tiny_images"), "the download failed: checksum of tiny.zip is wrong", "tfds")
    assert "more" not in error.problems[0].message
