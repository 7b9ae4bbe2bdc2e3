import keras
import numpy as np
import pytest

from kspec.builders.data import build_data, synthetic_data
from kspec.spec.data import Data


def _data(**data):
    return Data.model_validate({"validation": 0.2, "test": 0.2, "batch_size": 8, **data})


def test_digits():
    datasets = build_data(_data(sklearn="digits"), 0, "raw")
    assert (datasets.kind, datasets.task, datasets.num_outputs) == ("image", "classification", 10)
    assert [len(part) for part in (datasets.train, datasets.validation, datasets.test)] == [1079, 359, 359]
    assert (datasets.input_shape, datasets.input_dtype, datasets.preprocessor) == ((8, 8, 1), "float32", None)
    assert datasets.class_names == tuple("0123456789")


def test_the_splits_follow_from_the_seed():
    first, again, other = (build_data(_data(sklearn="digits"), seed, "raw") for seed in (3, 3, 4))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    np.testing.assert_array_equal(first.validation.x, again.validation.x)


def test_a_table_of_numbers_is_normalised_by_train():
    datasets = build_data(_data(sklearn="diabetes"), 0, "raw")
    assert (datasets.kind, datasets.task, datasets.num_outputs) == ("table", "regression", 1)
    np.testing.assert_allclose(datasets.train.x.mean(axis=0), np.zeros(10), atol=1e-5)
    np.testing.assert_allclose(datasets.train.x.std(axis=0), np.ones(10), atol=1e-4)
    assert np.abs(datasets.validation.x.mean(axis=0)).max() > 0.01
    assert datasets.train.y.shape == (266, 1)


@pytest.fixture
def table(tmp_path):
    rows = [f"{age},{city},{age > 4},{int(age > 2)}" for age in range(10) for city in ("Ulm", "Bonn")]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["age,city,old,rich", *rows, ",Ulm,False,0"]) + "\n")
    return str(file)


def test_cleaning_comes_before_the_statistics(table):
    datasets = build_data(_data(csv=table, label="old", clean=["drop_missing"]), 0, "raw")
    assert sum(one.count for one in datasets.cleaning) == 1
    assert sum(len(part) for part in (datasets.train, datasets.validation, datasets.test)) == 20
    assert datasets.class_names == ("False", "True")
    assert np.isfinite(datasets.train.x).all()


def test_several_labels(table):
    datasets = build_data(_data(csv=table, label=["old", "rich"], clean=["drop_missing"]), 0, "raw")
    assert (datasets.task, datasets.num_outputs, datasets.label_names) == ("multi_label", 2, ("old", "rich"))
    assert set(np.unique(datasets.train.y)) == {0.0, 1.0}


def test_generated_data_look_like_the_real_ones(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))  # nothing is there
    datasets = synthetic_data(_data(keras="cifar10", test="auto", image={"size": [16, 16]}), 0, "raw")
    assert (datasets.kind, datasets.task, datasets.num_outputs) == ("image", "classification", 10)
    assert (datasets.input_shape, datasets.train.x.dtype) == ((16, 16, 3), np.uint8)
    assert datasets.validation is not None


def test_texts_of_a_folder(tmp_path):
    for name, text in (("bad", "dull plot"), ("good", "fine plot")):
        (tmp_path / name).mkdir()
        for number in range(10):
            (tmp_path / name / f"{number}.txt").write_text(f"{text} {number}")
    data = _data(text_folder=str(tmp_path), text={"sequence_length": 4})
    ids, raw = build_data(data, 0, "int"), build_data(data, 0, "raw")
    assert (ids.kind, ids.input_shape, ids.class_names) == ("text", (4,), ("bad", "good"))
    assert (raw.input_shape, raw.input_dtype, raw.train.x.dtype) == ((), "string", np.dtype(object))
    assert isinstance(ids.preprocessor, keras.Model)
