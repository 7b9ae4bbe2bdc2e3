from pathlib import Path

import numpy as np
import pytest

from kspec.builders.data.labels import encode_labels, infer_task
from kspec.builders.data.sources import keras, load, tfds
from kspec.builders.data.splits import split
from kspec.builders.data.synthetic import synthetic_source
from kspec.builders.examples import Examples, Source
from kspec.errors import DataError
from kspec.spec.data import Data
from tests.builders.data import tiny_tfds


@pytest.fixture(autouse=True)
def nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache, no prepared set, and no question to the network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for module in (keras, tfds):
        monkeypatch.setattr(module, "reachable", lambda url: pytest.fail("asked the network"))


def made(settings: dict[str, object]) -> tuple[Source, dict[str, Examples | None]]:
    """The source, and the splits as a run takes them."""
    source, wanted = synthetic_source(Data.model_validate(settings))
    parts = split(source, wanted, seed=0)
    labels = parts["train"].y
    return source, encode_labels(parts, infer_task(labels, wanted, source), source.class_names)[0]


def sizes(parts: dict[str, Examples | None]) -> list[int]:
    return [0 if part is None else len(part) for part in parts.values()]


def test_a_set_of_tfds_that_is_not_there(tmp_path: Path) -> None:
    cifar = {"name": "cifar10", "data_dir": str(tmp_path)}
    source, parts = made({"tfds": cifar, "train": "train[:45000]", "validation": "train[45000:]", "batch_size": 512})
    assert sizes(parts) == [512, 64, 64] and source.kind == "image"
    assert parts["train"].x.shape == (512, 32, 32, 3) and parts["train"].x.dtype == np.uint8
    assert set(parts["train"].y) == set(range(10)) and len(source.class_names) == 10


@pytest.mark.parametrize(
    ("name", "kind", "settings"),
    [
        ("tiny_reviews", "text", {}),
        ("tiny_table", "table", {"label": "price"}),
        ("tiny_photos", "image", {"label": "tags", "image": {"size": [3, 2]}}),
    ],
)
def test_generated_data_have_the_form_of_the_real(tmp_path: Path, name: str, kind: str, settings: dict) -> None:
    spec = {"tfds": {"name": name, "data_dir": tiny_tfds.prepare(tmp_path)}, "batch_size": 1, **settings}
    real, (made_up, _) = load(Data.model_validate(spec)), made(spec)
    assert made_up.kind == real.kind == kind
    assert made_up.class_names == real.class_names and made_up.task == real.task
    ours, theirs = made_up.splits["train"], real.splits["train"]
    assert ours.y.shape[1:] == theirs.y.shape[1:] and ours.y.dtype == theirs.y.dtype
    if kind == "table":
        assert list(ours.x) == list(theirs.x)
        assert {n: c.dtype for n, c in ours.x.items()} == {n: c.dtype for n, c in theirs.x.items()}
        assert set(ours.x["colour"]) == {"red", "blue"}
    else:
        assert ours.x.shape[1:] == theirs.x.shape[1:] and ours.x.dtype == theirs.x.dtype


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "classes"),
    [
        ("mnist", (28, 28, 1), np.uint8, 10),
        ("cifar100", (32, 32, 3), np.uint8, 100),
        ("imdb", (256,), np.int32, 2),
        ("california_housing", (8,), np.float64, 0),
    ],
)
def test_sets_of_keras_that_are_not_there(name: str, shape: tuple, dtype: type, classes: int) -> None:
    source, parts = made({"keras": name, "validation": 0.1})
    assert sizes(parts) == [256, 64, 64] and len(source.class_names) == classes
    assert parts["train"].x.shape[1:] == shape and parts["train"].x.dtype == dtype


def test_a_real_set_is_cut_and_keeps_every_class() -> None:
    _, parts = made({"sklearn": "digits", "validation": 0.1, "test": 0.2, "batch_size": 16})
    # rows spread evenly, and the first of each of the ten classes
    assert all(size <= held <= size + 10 for size, held in zip((256, 64, 64), sizes(parts), strict=True))
    assert set(parts["train"].y) == set(range(10))
    _, all_of_it = made({"sklearn": "linnerud", "batch_size": 16})
    assert sizes(all_of_it) == [20, 0, 0]


def test_a_rare_class_of_a_table_stays(tmp_path: Path) -> None:
    rows = [f"{i},{'rare' if i == 1234 else 'often'}" for i in range(2000)]
    (tmp_path / "t.csv").write_text("a,y\n" + "\n".join(rows) + "\n")
    _, parts = made({"csv": str(tmp_path / "t.csv"), "label": "y"})
    assert set(parts["train"].y) == {0, 1}


def test_it_is_the_same_each_time() -> None:
    first, again = (made({"keras": "mnist"})[1]["train"] for _ in range(2))
    assert (first.x == again.x).all() and (first.y == again.y).all()


def test_a_set_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'cifar10'"):
        made({"tfds": {"name": "cifar11", "data_dir": str(tmp_path)}})
