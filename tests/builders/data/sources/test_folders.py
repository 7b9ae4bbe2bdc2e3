from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kspec.builders.data.sources import load, memory
from kspec.errors import DataError
from kspec.spec.data import Data


def picture(file: Path, colour: int | tuple[int, int, int], size: tuple[int, int] = (4, 6)) -> None:
    """A plain image of (height, width)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(colour, int) else "RGB", size[::-1], colour).save(file)


def images(folder: Path, **image: object):
    return load(Data.model_validate({"image_folder": str(folder), "image": image}))


def refused(folder: Path, message: str, source: str = "image_folder", **image: object) -> DataError:
    with pytest.raises(DataError, match=message) as error:
        load(Data.model_validate({source: str(folder), "image": image}))
    return error.value


def test_classes_are_the_folders_in_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    picture(tmp_path / "dog" / "1.png", (1, 2, 3))
    picture(tmp_path / "cat" / "2.bmp", (4, 5, 6))
    picture(tmp_path / "cat" / "deeper" / "1.gif", (7, 7, 7))
    (tmp_path / "cat" / "notes.md").write_text("no image")
    with caplog.at_level("INFO", "kspec"):
        source = images(tmp_path)
    assert "1 files" in caplog.text
    examples = source.splits["train"]
    assert source.kind == "image" and source.class_names == ("cat", "dog")
    assert examples.y.tolist() == [0, 0, 1] and examples.x.dtype == np.uint8
    assert examples.x[:, 0, 0].tolist() == [[4, 5, 6], [7, 7, 7], [1, 2, 3]]
    assert examples.x.shape == (3, 4, 6, 3)


def test_splits_are_folders(tmp_path: Path) -> None:
    for number, (split, name) in enumerate([("train", "a"), ("train", "b"), ("val", "b"), ("test", "a")]):
        picture(tmp_path / split / name / "1.png", number)
    splits = images(tmp_path).splits
    assert {name: part.y.tolist() for name, part in splits.items()} == {"train": [0, 1], "validation": [1], "test": [0]}
    assert splits["test"].x[0, 0, 0].tolist() == [3] and splits["train"].x.shape == (2, 4, 6, 1)


def test_images_of_different_sizes_need_a_size(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png", 10)
    picture(tmp_path / "b" / "2.png", 20, (9, 9))
    error = refused(tmp_path, "differ in size")
    assert error.problems[0].path == ("data", "image", "size")
    assert "1.png 4 x 6" in error.problems[0].found and "2.png 9 x 9" in error.problems[0].found
    x = images(tmp_path, size=[8, 5], channels=3).splits["train"].x
    assert x.shape == (2, 8, 5, 3) and x[0].min() == x[0].max() == 10 and x[1].min() == x[1].max() == 20


def test_grey_among_colour_becomes_colour(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png", 10)
    picture(tmp_path / "b" / "2.png", (1, 2, 3))
    assert images(tmp_path).splits["train"].x[0, 0, 0].tolist() == [10, 10, 10]


def test_every_corrupt_image_is_counted_and_ten_are_named(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "good.png", 10)
    picture(tmp_path / "b" / "cut.png", 10, (200, 200))
    whole = (tmp_path / "b" / "cut.png").read_bytes()
    (tmp_path / "b" / "cut.png").write_bytes(whole[:60])
    assert "cut.png" in refused(tmp_path, "1 of 2 files cannot be read", size=[4, 6]).problems[0].found
    for number in range(11):
        (tmp_path / "b" / f"bad{number:02}.jpg").write_bytes(b"no image")
    found = refused(tmp_path, "11 of 13 files cannot be read").problems[0].found
    assert "bad09.jpg" in found and "bad10.jpg" not in found and "and 1 more" in found


def test_folders_that_are_no_data_set(tmp_path: Path) -> None:
    refused(tmp_path / "none", "no such folder")
    picture(tmp_path / "a" / "1.png", 1)
    refused(tmp_path, "at least two classes")
    (tmp_path / "b").mkdir()
    refused(tmp_path, "class folder 'b' is empty")


def test_images_that_do_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "a" / "1.png", 1, (10, 10))
    picture(tmp_path / "b" / "1.png", 1, (10, 10))
    monkeypatch.setattr(memory, "available", lambda: 256)
    # two images of one channel in 128 bytes: 64 pixels each
    assert refused(tmp_path, "need 0.0 GiB").problems[0].hint == "set data.image.size: [8, 8] or smaller"


def test_the_free_memory_is_known() -> None:
    assert memory.available() > 2**20


def test_texts(tmp_path: Path) -> None:
    for name, text in (("neg", "schlecht: ö"), ("pos", "good")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text(text, encoding="utf-8")
    source = load(Data.model_validate({"text_folder": str(tmp_path)}))
    assert source.kind == "text" and source.class_names == ("neg", "pos")
    assert source.splits["train"].x.tolist() == ["schlecht: ö", "good"]
    (tmp_path / "pos" / "2.txt").write_bytes(b"\xff\xfe\xfa")
    error = refused(tmp_path, "1 of 3 files cannot be read", source="text_folder")
    assert "2.txt" in error.problems[0].found and error.problems[0].expected == "text in UTF-8"
