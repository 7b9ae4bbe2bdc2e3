import gzip
from pathlib import Path

import numpy as np
import pytest

from kspec.builders.data.sources import keras, load
from kspec.errors import DataError
from kspec.spec.data import Data


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of Keras, and hosts that never answer."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras, "reachable", lambda url: False)
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def pretend(monkeypatch: pytest.MonkeyPatch, name: str, file: Path, *arrays: np.ndarray) -> None:
    """Lets the set lie in the cache; Keras checks the hashes of real files, so its `load_data` is stood in for."""
    import keras as real

    file.touch()
    a, b, c, d = arrays
    monkeypatch.setattr(getattr(real.datasets, name), "load_data", lambda **arguments: ((a, b), (c, d)))


@pytest.mark.parametrize("name", ["mnist", "cifar10", "imdb", "boston_housing"])
def test_without_data_and_network_it_says_where_it_looked(name: str, home: Path) -> None:
    with pytest.raises(DataError, match="host cannot be reached") as error:
        load(Data.model_validate({"keras": name}))
    (problem,) = error.value.problems
    assert problem.path == ("data", "keras") and str(home / keras.SETS[name].file) in problem.expected


def test_images(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    x, y = np.zeros((3, 28, 28), np.uint8), np.array([0, 9, 1])
    pretend(monkeypatch, "mnist", home / "mnist.npz", x, y, x[:1], y[:1])
    source = load(Data.model_validate({"keras": "mnist"}))
    assert source.kind == "image" and source.class_names == tuple("0123456789")
    assert source.splits["train"].x.shape == (3, 28, 28, 1) and len(source.splits["test"]) == 1


def test_labels_of_cifar_lose_their_second_axis(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    x, y = np.zeros((2, 32, 32, 3), np.uint8), np.array([[3], [1]])
    pretend(monkeypatch, "cifar10", home / "cifar-10-batches-py-target", x, y, x, y)
    source = load(Data.model_validate({"keras": "cifar10"}))
    assert source.splits["train"].y.tolist() == [3, 1] and source.class_names[3] == "cat"


def test_lists_of_words_are_padded_and_cut(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    x = np.empty(2, object)
    x[:] = [[1, 2], [1, 2, 3, 4, 5]]
    pretend(monkeypatch, "imdb", home / "imdb.npz", x, np.array([0, 1]), x, np.array([0, 1]))
    source = load(Data.model_validate({"keras": "imdb", "text": {"sequence_length": 4}}))
    assert source.splits["train"].x.tolist() == [[1, 2, 0, 0], [1, 2, 3, 4]] and source.kind == "array"


def test_classes_of_coarse_labels() -> None:
    assert len(keras.class_names(keras.SETS["cifar100"], {"label_mode": "coarse"})) == 20
    assert len(keras.class_names(keras.SETS["cifar100"], {})) == 100


def test_a_file_that_is_no_data_set_is_one_clear_error(home: Path) -> None:
    (home / "mnist.npz").touch()
    with pytest.raises(DataError, match="could not be loaded") as error:
        load(Data.model_validate({"keras": {"name": "mnist", "arguments": {"path": "mnist.npz"}}}))
    assert error.value.problems[0].path == ("data", "keras", "arguments")


def test_the_real_files_of_fashion_mnist_are_found_where_keras_keeps_them(home: Path) -> None:
    folder = home / "fashion-mnist"
    folder.mkdir()
    heads = {"labels": np.zeros(8, np.uint8).tobytes(), "images": np.zeros(16, np.uint8).tobytes()}
    for split, count in (("train", 3), ("t10k", 2)):
        for what, head in heads.items():
            body = np.ones(count * (784 if what == "images" else 1), np.uint8).tobytes()
            with gzip.open(folder / f"{split}-{what}-idx{3 if what == 'images' else 1}-ubyte.gz", "wb") as file:
                file.write(head + body)
    import keras as real

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(real.src.utils.file_utils.config, "keras_home", lambda: str(home.parent))
        source = load(Data.model_validate({"keras": "fashion_mnist"}))
    assert len(source.splits["train"]) == 3 and source.splits["train"].x.shape == (3, 28, 28, 1)
    assert source.class_names[1] == "Trouser"
