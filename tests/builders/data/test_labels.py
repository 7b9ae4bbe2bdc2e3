import numpy as np
import pytest

from kspec.builders.data.labels import encode_labels, infer_task, missing
from kspec.builders.examples import Examples
from kspec.errors import DataError
from kspec.spec.data import Data


def data(task: str = "auto") -> Data:
    return Data.model_validate({"npz": "any.npz", "task": task})


def splits(train: list, validation: list | None = None) -> dict[str, Examples | None]:
    def part(labels: list) -> Examples:
        y = np.array(labels, object) if any(isinstance(v, str) for v in labels) else np.array(labels)
        return Examples(np.zeros(len(labels)), y)

    return {"train": part(train), "validation": None if validation is None else part(validation), "test": None}


@pytest.mark.parametrize(
    ("labels", "task"),
    [
        (np.array(["a", "b"], object), "classification"),
        (np.array(["a", None, "b"], object), "classification"),
        (np.array([True, False]), "classification"),
        (np.array([0, 1, 1, 0]), "classification"),
        (np.array([0.0, 1.0, np.nan]), "classification"),
        (np.array([125, 310, 402, 98]), "regression"),
        (np.array([0.5, 1.5]), "regression"),
        (np.array([[0, 1], [1, 1]]), "multi_label"),
        (np.array([[0.5, 1.0], [1.0, 2.0]]), "regression"),
    ],
)
def test_the_task_follows_from_the_labels(labels: np.ndarray, task: str) -> None:
    assert infer_task(labels, data()) == task


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        ("multi_label", np.array([0, 1])),
        ("classification", np.array([[0, 1], [1, 1]])),
        ("regression", np.array(["a", "b"], object)),
    ],
)
def test_a_task_that_does_not_fit_is_refused(task: str, labels: np.ndarray) -> None:
    with pytest.raises(DataError) as error:
        infer_task(labels, data(task))
    assert error.value.problems[0].path == ("data", "task")


def test_names_become_ids_in_the_order_of_the_alphabet() -> None:
    encoded, names = encode_labels(splits(["dog", "cat", "dog"], ["cat"]), "classification")
    assert names == ("cat", "dog")
    assert encoded["train"].y.tolist() == [1, 0, 1] and encoded["train"].y.dtype == np.int64
    assert encoded["validation"].y.tolist() == [0]
    assert encoded["test"] is None


def test_numbers_become_ids_in_their_order() -> None:
    encoded, names = encode_labels(splits([10.0, 2.0, 10.0]), "classification")
    assert names == ("2", "10") and encoded["train"].y.tolist() == [1, 0, 1]


def test_ids_of_known_classes_stay() -> None:
    encoded, names = encode_labels(splits([2, 0]), "classification", ("a", "b", "c"))
    assert names == ("a", "b", "c") and encoded["train"].y.tolist() == [2, 0]


def test_a_label_that_train_lacks_is_named_with_its_split_and_count() -> None:
    with pytest.raises(DataError, match="label 'catt' stands 2 times in validation and never in train") as error:
        encode_labels(splits(["cat", "dog"], ["cat", "catt", "catt"]), "classification")
    assert error.value.problems[0].path == ("data", "validation")
    assert error.value.problems[0].hint == "did you mean 'cat'?"


@pytest.mark.parametrize("label", [3, -1])
def test_labels_out_of_range(label: int) -> None:
    with pytest.raises(DataError, match="out of range in train"):
        encode_labels(splits([0, label]), "classification", ("a", "b", "c"))


def test_one_class_is_not_enough() -> None:
    with pytest.raises(DataError, match="at least two classes"):
        encode_labels(splits(["a", "a"]), "classification")


def test_numbers_and_several_labels_become_float32_columns() -> None:
    encoded, names = encode_labels(splits([1, 2, 4]), "regression")
    assert names == () and encoded["train"].y.tolist() == [[1], [2], [4]]
    assert encoded["train"].y.dtype == np.float32
    several, _ = encode_labels({"train": Examples(np.zeros(2), np.array([[0, 1], [1, 1]]))}, "multi_label")
    assert several["train"].y.tolist() == [[0, 1], [1, 1]] and several["train"].y.dtype == np.float32


def test_missing_values() -> None:
    assert missing(np.array([1.0, np.nan])).tolist() == [False, True]
    assert missing(np.array(["a", None, " ", float("nan"), 3], object)).tolist() == [False, True, True, True, False]
    assert missing(np.array([1, 2])).tolist() == [False, False]
