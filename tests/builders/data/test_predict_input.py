from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kspec.builders.data.predict_input import read_input
from kspec.errors import DataError
from kspec.spec.data import Data


def _model(**inputs):
    tensors = [keras.Input(shape, dtype=dtype, name=name) for name, (shape, dtype) in inputs.items()]
    return keras.Model(tensors, tensors)


IMAGE = _model(image=((4, 6, 3), "float32"))
TEXT = _model(text=((), "string"))
TABLE = _model(age=((1,), "float32"), od280_od315=((1,), "float32"), city=((1,), "string"), rooms=((1,), "int64"))
ARRAY = _model(array=((3,), "float32"))


def _read(path, model, **data):
    return read_input(Path(path), Data.model_validate({"sklearn": "digits", **data}), model)


def _save_image(file, size, mode="RGB"):
    file.parent.mkdir(exist_ok=True)
    Image.new(mode, size, 200 if mode == "L" else (200, 0, 100)).save(file)


def test_a_folder_of_images(tmp_path):
    _save_image(tmp_path / "b.png", (6, 4))
    _save_image(tmp_path / "a" / "c.png", (12, 8), "L")
    (tmp_path / "readme.txt").write_text("no image")
    names, images = _read(tmp_path, IMAGE)
    assert names == ["a/c.png", "b.png"]
    assert (images.shape, images.dtype) == ((2, 4, 6, 3), np.uint8)
    assert images[0, 2, 2].tolist() == [200, 200, 200]
    assert images[1, 2, 2].tolist() == [200, 0, 100]


def test_one_image_is_resized_as_the_data_of_the_run(tmp_path):
    _save_image(tmp_path / "b.png", (6, 4))
    any_size = _model(image=((None, None, 1), "uint8"))
    names, images = _read(tmp_path / "b.png", any_size, image={"size": [2, 2]})
    assert (names, images.shape) == (["b.png"], (1, 2, 2, 1))


def test_networks_that_read_any_size_get_images_as_they_are(tmp_path):
    _save_image(tmp_path / "a.png", (6, 4))
    any_size = _model(image=((None, None, 3), "float32"))
    assert _read(tmp_path, any_size)[1].shape == (1, 4, 6, 3)
    _save_image(tmp_path / "b.png", (6, 5))
    with pytest.raises(DataError, match="the images differ in size"):
        _read(tmp_path, any_size)


def test_texts_of_a_file_a_folder_and_a_table(tmp_path):
    (tmp_path / "one.txt").write_text("Good film\n\nBad film\n", encoding="utf-8")
    (tmp_path / "two.txt").write_text("Ärger", encoding="utf-8")
    pd.DataFrame({"review": ["fine"], "stars": [3]}).to_csv(tmp_path / "table.csv", index=False)
    names, texts = _read(tmp_path / "one.txt", TEXT)
    assert (names, texts.tolist()) == (["0", "1"], ["Good film", "Bad film"])
    names, texts = _read(tmp_path, TEXT)
    assert (names, texts.tolist()) == (["one.txt", "two.txt"], ["Good film\n\nBad film\n", "Ärger"])
    names, texts = _read(tmp_path / "table.csv", TEXT, columns={"text": "review"})
    assert (names, texts.tolist()) == (["0"], ["fine"])


FRAME = pd.DataFrame(
    {"rooms": [2, 3], "note": [None, "x"], "city": ["Ulm", "Bonn"], "od280/od315": [1, 2], "age": [0.5, 1]}
)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_by_the_names_of_its_columns(tmp_path, suffix):
    file = tmp_path / f"table.{suffix}"
    FRAME.to_csv(file, index=False) if suffix == "csv" else FRAME.to_parquet(file)
    names, columns = _read(file, TABLE)
    assert names == ["0", "1"]
    found = {name: (values.dtype.name, values.tolist()) for name, values in columns.items()}
    assert found == {
        "age": ("float32", [0.5, 1]),
        "od280_od315": ("float32", [1, 2]),
        "city": ("object", ["Ulm", "Bonn"]),
        "rooms": ("int64", [2, 3]),
    }
    assert len(TABLE.predict(columns, verbose=0)[0]) == 2


def test_one_column_is_a_table_too(tmp_path):
    FRAME.to_csv(tmp_path / "table.csv", index=False)
    model = _model(age=((1,), "float32"))
    _, columns = _read(tmp_path / "table.csv", model)
    np.testing.assert_array_equal(np.ravel(model.predict(columns, verbose=0)), [0.5, 1])


def test_arrays(tmp_path):
    values = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "one.npy", values)
    np.savez(tmp_path / "many.npz", x=values, y=np.zeros(2))
    for file in ("one.npy", "many.npz"):
        names, read = _read(tmp_path / file, ARRAY)
        assert names == ["0", "1"]
        np.testing.assert_array_equal(read, values)
    np.save(tmp_path / "grey.npy", np.zeros((2, 5, 5), "uint8"))
    assert _read(tmp_path / "grey.npy", _model(image=((5, 5, 1), "float32")))[1].shape == (2, 5, 5, 1)


def _write_bad_files(folder):
    (folder / "empty").mkdir()
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "latin.txt").write_bytes(b"\xff\xfe\xfa")
    (folder / "blank.txt").write_text("\n\n")
    np.save(folder / "wide.npy", np.zeros((2, 4)))
    np.save(folder / "objects.npy", np.array([{}, {}]), allow_pickle=True)
    np.savez(folder / "two.npz", a=np.zeros(3), b=np.zeros(3))
    FRAME.drop(columns="city").to_csv(folder / "narrow.csv", index=False)
    FRAME.assign(age=[None, 1]).to_csv(folder / "holes.csv", index=False)
    FRAME.assign(age=["old", "1"]).to_csv(folder / "words.csv", index=False)
    FRAME.assign(rooms=["two", "3"]).to_csv(folder / "rooms.csv", index=False)


@pytest.mark.parametrize(
    ("file", "model", "says"),
    [
        ("nothing", IMAGE, "no such file or folder"),
        ("empty", IMAGE, "not what the model reads"),
        ("narrow.csv", IMAGE, "not what the model reads"),
        ("broken.png", IMAGE, "1 of 1 files cannot be read"),
        ("latin.txt", TEXT, "1 of 1 files cannot be read"),
        ("blank.txt", TEXT, "the file holds no text"),
        ("narrow.csv", TEXT, "the table's text column is not clear"),
        ("narrow.csv", TABLE, "the table lacks the column 'city'"),
        ("holes.csv", TABLE, "1 missing value in column 'age'"),
        ("words.csv", TABLE, "column 'age' holds a value that is no number"),
        ("rooms.csv", TABLE, "column 'rooms' holds a value that is no whole number"),
        ("blank.txt", TABLE, "not what the model reads"),
        ("wide.npy", TABLE, "not what the model reads"),
        ("wide.npy", ARRAY, "the array has another shape than the model reads"),
        ("objects.npy", ARRAY, "not an array that NumPy can read"),
        ("two.npz", ARRAY, "the file holds several arrays, none called x"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, file, model, says):
    _write_bad_files(tmp_path)
    with pytest.raises(DataError) as caught:
        _read(tmp_path / file, model)
    [problem] = caught.value.problems
    assert says in problem.message
