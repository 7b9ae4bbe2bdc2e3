import time

import numpy as np
import pytest

from kspec.builders.data.clean import clean
from kspec.builders.examples import Examples, Features
from kspec.errors import DataError
from kspec.spec.data import Data

NAN = float("nan")


def data(*steps: object, **settings: object) -> Data:
    return Data.model_validate({"npz": "any.npz", "clean": list(steps), **settings})


def labelled(x: Features, y: np.ndarray | None = None) -> Examples:
    count = len(x) if isinstance(x, np.ndarray) else len(next(iter(x.values())))
    return Examples(x, np.arange(count) % 2 if y is None else y)


def table(numbers: list[float], words: list[str | None] | None = None) -> Examples:
    words = ["a"] * len(numbers) if words is None else words
    return labelled({"number": np.array(numbers, np.float64), "word": np.array(words, object)})


def counts(touched: tuple) -> dict[str, int]:
    return {t.split: t.count for t in touched}


def test_duplicates_within_a_split_and_across() -> None:
    parts = {"train": labelled(np.array([1, 2, 1, 3, 4])), "validation": labelled(np.array([4, 5, 5])), "test": None}
    kept, touched = clean(parts, data("drop_duplicates"))
    assert kept["train"].x.tolist() == [1, 2, 3]
    assert kept["validation"].x.tolist() == [4, 5]
    assert kept["test"] is None
    assert counts(touched) == {"train": 2, "validation": 1}
    assert touched[0].step == "drop_duplicates"


def test_duplicates_within_splits_only() -> None:
    parts = {"train": labelled(np.array([1, 4, 4])), "test": labelled(np.array([4]))}
    kept, _ = clean(parts, data({"drop_duplicates": {"across_splits": False}}))
    assert kept["train"].x.tolist() == [1, 4]


def test_duplicate_rows_of_a_table_and_texts() -> None:
    kept, _ = clean({"train": table([1, 1, 1], ["a", "b", "a"])}, data("drop_duplicates"))
    assert kept["train"].x["word"].tolist() == ["a", "b"]
    texts, _ = clean({"train": labelled(np.array(["x", "y", "x"], object))}, data("drop_duplicates"))
    assert texts["train"].x.tolist() == ["x", "y"]


def test_sixty_thousand_images_take_seconds() -> None:
    images = np.zeros((60_000, 32, 32, 3), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(60_000) % 250, np.arange(60_000) // 250
    images[-1] = images[0]
    started = time.monotonic()
    kept, touched = clean({"train": labelled(images)}, data("drop_duplicates"))
    assert time.monotonic() - started < 20
    assert counts(touched) == {"train": 1} and len(kept["train"]) == 59_999


def test_dropping_missing_values_of_features_and_labels() -> None:
    part = Examples({"a": np.array([1.0, NAN, 3.0, 4.0])}, np.array(["x", "x", None, "y"], object))
    kept, touched = clean({"train": part}, data("drop_missing"))
    assert kept["train"].x["a"].tolist() == [1, 4] and counts(touched) == {"train": 2}


def test_dropping_missing_values_of_one_column() -> None:
    with pytest.raises(DataError, match=r"word \(1\)"):
        clean({"train": table([1, NAN], [None, "b"])}, data({"drop_missing": {"columns": "number"}}))
    part = Examples({"a": np.array([NAN, 2.0])}, np.array([1.0, NAN]))
    with pytest.raises(DataError, match=r"a \(1\)"):
        clean({"train": part}, data({"drop_missing": {"columns": "price"}}, label="price"))


@pytest.mark.parametrize(
    ("step", "number", "word"),
    [
        ({"strategy": "mean"}, 3.0, None),  # (1 + 2 + 2 + 7) / 4
        ({"strategy": "median"}, 2.0, None),
        ({"strategy": "mode"}, 2.0, "b"),
        ({"strategy": "constant", "value": -1}, -1.0, None),
        ({"strategy": "constant", "value": "none"}, None, "none"),
    ],
)
def test_filling_uses_the_train_split_alone(step: dict, number: float | None, word: str | None) -> None:
    holes_n = [1, 2, 2, 7, NAN if number is not None else 1]
    holes_w = ["b", "b", "a", "c", None if word is not None else "b"]
    test = table([NAN, 100] if number is not None else [1, 1], [None, "z"] if word is not None else ["z", "z"])
    kept, touched = clean({"train": table(holes_n, holes_w), "test": test}, data({"fill_missing": step}))
    if number is not None:
        assert kept["train"].x["number"].tolist() == [1, 2, 2, 7, number]
        assert kept["test"].x["number"].tolist() == [number, 100]
    if word is not None:
        assert kept["train"].x["word"].tolist() == ["b", "b", "a", "c", word]
        assert kept["test"].x["word"].tolist() == [word, "z"]
    both = (number is not None) + (word is not None)
    assert counts(touched) == {"train": both, "test": both}


def test_filling_an_array_goes_by_position() -> None:
    x = np.array([[1.0, 10.0], [3.0, NAN], [NAN, 30.0]])
    kept, _ = clean({"train": labelled(x)}, data("fill_missing"))
    assert kept["train"].x.tolist() == [[1, 10], [3, 20], [2, 30]]
    assert np.isnan(x[1, 1])


def test_clipping_by_quartiles() -> None:
    # of 1..8: Q1 = 2.75, Q3 = 6.25, so the range is 2.75 - 3.5 to 6.25 + 3.5
    parts = {"train": table(list(range(1, 9))), "test": table([-5, 5, 50])}
    kept, touched = clean(parts, data({"clip_outliers": {"factor": 1}}))
    assert kept["test"].x["number"].tolist() == [-0.75, 5, 9.75]
    assert counts(touched) == {"train": 0, "test": 2}


def test_clipping_by_deviation_and_by_quantile() -> None:
    parts = {"train": table([0, 2]), "test": table([10, -10])}  # mean 1, standard deviation 1
    kept, _ = clean(parts, data({"clip_outliers": {"method": "zscore", "factor": 2}}))
    assert kept["test"].x["number"].tolist() == [3, -1]
    parts = {"train": labelled(np.arange(11.0)[:, None]), "test": labelled(np.array([[0.5], [9.5]]))}
    kept, _ = clean(parts, data({"clip_outliers": {"method": "quantile", "factor": 0.1}}))
    assert kept["test"].x.tolist() == [[1], [9]]
    assert kept["train"].x.ravel().tolist() == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]


def test_labels_are_dropped_and_renamed_by_text() -> None:
    part = Examples(np.arange(4), np.array(["good", "bad", "godo", "?"], object))
    steps = ({"map_labels": {"labels": {"godo": "good"}}}, {"drop_labels": {"labels": "?"}})
    kept, touched = clean({"train": part}, data(*steps))
    assert kept["train"].y.tolist() == ["good", "bad", "good"]
    assert [(t.step, t.count) for t in touched] == [("map_labels", 1), ("drop_labels", 1)]


def test_labels_of_known_classes_go_by_name_or_id() -> None:
    part = Examples(np.arange(4), np.array([0, 1, 2, 2]))
    names = ("cat", "dog", "kitten")
    kept, _ = clean({"train": part}, data({"map_labels": {"labels": {"kitten": "cat"}}}), names)
    assert kept["train"].y.tolist() == [0, 1, 0, 0] and kept["train"].y.dtype == np.int64
    kept, _ = clean({"train": part}, data({"drop_labels": {"labels": [1, "kitten"]}}), names)
    assert kept["train"].y.tolist() == [0]
    with pytest.raises(DataError, match="did you mean 'cat'"):
        clean({"train": part}, data({"map_labels": {"labels": {"kitten": "catt"}}}), names)


TEXTS = labelled(np.array(["a", "b"], object))
IMAGES = labelled(np.zeros((2, 4, 4, 1), np.uint8))
VECTORS = Examples(np.zeros((2, 3)), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("part", "step", "message"),
    [
        (TEXTS, "clip_outliers", "no table of numbers"),
        (IMAGES, "clip_outliers", "no table of numbers"),
        (TEXTS, "fill_missing", "does not fit any of the features"),
        (TEXTS, {"drop_missing": {"columns": "a"}}, "only tables have columns"),
        (VECTORS, {"drop_labels": {"labels": 0}}, "one label per example"),
        (table([1.0]), {"clip_outliers": {"columns": "word"}}, "'word' holds no numbers"),
        (table([1.0]), {"clip_outliers": {"columns": "numbr"}}, "did you mean 'number'"),
        (table([1.0]), {"fill_missing": {"columns": "word"}}, "does not fit column 'word'"),
        (table([NAN, NAN]), "fill_missing", "no value of 'number' in train"),
        (table([NAN]), "drop_missing", "leaves no example in train"),
    ],
)
def test_a_step_that_cannot_apply_is_refused(part: Examples, step: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        clean({"train": part}, data({"drop_duplicates": {"across_splits": False}}, step))
    assert error.value.problems[0].path[:3] == ("data", "clean", 1)


def test_what_is_still_missing_at_the_end_is_named() -> None:
    parts = {"train": table([1.0, 2.0, 3.0]), "validation": table([1.0, NAN, NAN])}
    with pytest.raises(DataError, match="missing values in validation") as error:
        clean(parts, data())
    (problem,) = error.value.problems
    assert problem.found == "number (2)" and "fill_missing" in problem.hint
    with pytest.raises(DataError, match=r"price \(1\)"):
        clean({"train": Examples(np.zeros(2), np.array([1.0, NAN]))}, data(label="price"))


def test_nothing_to_do_changes_nothing() -> None:
    parts = {"train": table([1.0, 2.0]), "validation": None, "test": None}
    assert clean(parts, data()) == (parts, ())
