import numpy as np
import pytest
import tensorflow_datasets as tfds
from hypothesis import given, settings
from hypothesis import strategies as st

from kspec.builders.data.splits import Slice, slices, split
from kspec.builders.examples import Examples, Source
from kspec.errors import DataError
from kspec.spec.data import Data

SIZES = {"train": 100, "test": 7}


def source(n: int = 100, classes: int = 4, test: int = 0) -> Source:
    """x is the number of the row; labels cycle through the classes."""
    held = {"train": Examples(np.arange(n), np.arange(n) % classes)}
    if test:
        held["test"] = Examples(np.arange(1000, 1000 + test), np.arange(test) % classes)
    return Source("array", held, tuple(f"c{i}" for i in range(classes)), "classification")


def data(**settings: object) -> Data:
    return Data.model_validate({"npz": "any.npz", "batch_size": 1, **settings})


def rows(expression: str) -> list[Slice]:
    return list(slices(expression, SIZES, ("data", "train")))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("train", [Slice("train", 0, 100)]),
        ("train[:90%]", [Slice("train", 0, 90)]),
        ("train[90%:]", [Slice("train", 90, 100)]),
        ("train[-10:]", [Slice("train", 90, 100)]),
        ("train[5:-5%]", [Slice("train", 5, 95)]),
        ("test[:50%]", [Slice("test", 0, 4)]),
        ("train[10:20]+test", [Slice("train", 10, 20), Slice("test", 0, 7)]),
        ("train[10:20] + train[30:]", [Slice("train", 10, 20), Slice("train", 30, 100)]),
        ("all", [Slice("train", 0, 100), Slice("test", 0, 7)]),
    ],
)
def test_the_syntax(expression: str, expected: list[Slice]) -> None:
    assert rows(expression) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("trian", "did you mean 'train'?"),
        ("train[5]", "not a split"),
        ("train[a:]", "not a split"),
        ("train[1:2:3]", "not a split"),
        ("train+", "not a split"),
        ("train[:101]", "reaches beyond"),
        ("train[:200%]", "reaches beyond"),
        ("train[50:20]", "empty"),
        ("test[:1%]", "empty"),
    ],
)
def test_wrong_syntax_is_one_clear_error(expression: str, message: str) -> None:
    with pytest.raises(DataError, match=message.replace("?", r"\?")) as error:
        rows(expression)
    assert error.value.problems[0].path == ("data", "train")


bounds = st.one_of(st.none(), st.integers(-20, 20))


@given(st.integers(1, 20), bounds, bounds)
def test_slices_select_what_python_slices_select(size: int, start: int | None, stop: int | None) -> None:
    expected = list(range(size))[start:stop]
    text = f"train[{'' if start is None else start}:{'' if stop is None else stop}]"
    if max(abs(start or 0), abs(stop or 0)) > size or not expected:
        with pytest.raises(DataError):
            slices(text, {"train": size}, ())
    else:
        (selected,) = slices(text, {"train": size}, ())
        assert list(range(selected.start, selected.stop)) == expected


@given(st.integers(1, 3000), st.integers(-100, 100), st.integers(-100, 100))
def test_percentages_select_what_tfds_selects(size: int, start: int, stop: int) -> None:
    text = f"train[{start}%:{stop}%]"
    info = tfds.core.SplitInfo(
        name="train",
        shard_lengths=[size],
        num_bytes=0,
        filename_template=tfds.core.ShardedFileTemplate(
            dataset_name="any", data_dir="/", split="train", filetype_suffix="tfrecord"
        ),
    )
    (theirs,) = tfds.core.ReadInstruction.from_spec(text).to_absolute({"train": info})
    expected = (theirs.from_ or 0, size if theirs.to is None else theirs.to)
    try:
        (ours,) = slices(text, {"train": size}, ())
    except DataError:
        assert expected[0] >= expected[1]
    else:
        assert (ours.start, ours.stop) == expected


def test_splits_by_syntax() -> None:
    parts = split(source(test=8), data(train="train[:90%]", validation="train[90%:]"), seed=0)
    assert parts["train"].x.tolist() == list(range(90))
    assert parts["validation"].x.tolist() == list(range(90, 100))
    assert parts["test"].x.tolist() == list(range(1000, 1008))


def test_auto_test_is_none_where_the_source_has_none() -> None:
    parts = split(source(), data(), seed=0)
    assert parts["validation"] is None and parts["test"] is None


@given(
    st.integers(40, 120),
    st.floats(0.1, 0.4),
    st.floats(0.1, 0.4),
    st.booleans(),
    st.integers(0, 5),
)
def test_fractions_are_disjoint_and_complete(n: int, validation: float, test: float, stratify: bool, seed: int) -> None:
    parts = split(source(n, classes=2), data(validation=validation, test=test, stratify=stratify), seed)
    drawn = [part.x.tolist() for part in parts.values() if part is not None]
    assert sorted(row for part in drawn for row in part) == list(range(n))
    assert len(drawn[1]) == round(validation * n) and len(drawn[2]) == round(test * n)
    assert all(part == sorted(part) for part in drawn)


def test_stratified_fractions_keep_each_class_s_share() -> None:
    held = Source(
        "array", {"train": Examples(np.arange(100), np.repeat([0, 1], [80, 20]))}, ("a", "b"), "classification"
    )
    part = split(held, data(validation=0.1), seed=3)["validation"]
    assert np.bincount(part.y).tolist() == [8, 2]


def test_the_seed_decides_what_is_drawn() -> None:
    first, again, other = (split(source(), data(validation=0.2), seed)["validation"].x for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()


def folds(held: Source, of: int, seed: int = 0, **settings: object) -> list[dict[str, Examples | None]]:
    return [split(held, data(fold={"number": number, "of": of}, **settings), seed) for number in range(of)]


@settings(deadline=None)  # the first call imports scikit-learn
@given(st.integers(20, 90), st.integers(2, 5), st.booleans())
def test_folds_hold_each_example_once(n: int, of: int, stratify: bool) -> None:
    drawn = folds(source(n), of, stratify=stratify)
    assert sorted(row for parts in drawn for row in parts["validation"].x.tolist()) == list(range(n))
    for parts in drawn:
        train, held_out = parts["train"].x.tolist(), parts["validation"].x.tolist()
        assert sorted(train + held_out) == list(range(n))
        assert train == sorted(train) and held_out == sorted(held_out)
        assert parts["train"].y.tolist() == [row % 4 for row in train]
        assert len(held_out) in (n // of, n // of + 1) or stratify


def test_folds_keep_each_class_s_share() -> None:
    held = Source(
        "array", {"train": Examples(np.arange(100), np.repeat([0, 1], [80, 20]))}, ("a", "b"), "classification"
    )
    for parts in folds(held, 5):
        assert np.bincount(parts["validation"].y).tolist() == [16, 4]
    by_chance = folds(held, 5, stratify=False)
    assert any(np.bincount(parts["validation"].y).tolist() != [16, 4] for parts in by_chance)


def test_folds_are_scikit_learns_and_the_same_for_every_seed() -> None:
    from sklearn.model_selection import StratifiedKFold

    theirs = StratifiedKFold(3, shuffle=True, random_state=0).split(np.arange(100), np.arange(100) % 4)
    for parts, other, (rest, held_out) in zip(folds(source(), 3), folds(source(), 3, seed=7), theirs, strict=True):
        assert parts["validation"].x.tolist() == other["validation"].x.tolist() == held_out.tolist()
        assert parts["train"].x.tolist() == rest.tolist()


def test_folds_leave_the_test_split_alone() -> None:
    drawn = folds(source(), 4, test=0.2)
    tests = [parts["test"].x.tolist() for parts in drawn]
    assert tests == [tests[0]] * 4 and len(tests[0]) == 20
    held_out = {row for parts in drawn for row in parts["validation"].x.tolist()}
    assert held_out == set(range(100)) - set(tests[0])


@pytest.mark.parametrize(
    ("labels", "stratify", "found"),
    [([0] * 10 + [1, 1], True, "a class with 2 examples"), ([0, 1], False, "2 examples")],
)
def test_too_many_folds_are_one_clear_error(labels: list[int], stratify: bool, found: str) -> None:
    held = Source("array", {"train": Examples(np.arange(len(labels)), np.array(labels))}, ("a", "b"), "classification")
    with pytest.raises(DataError, match="3 folds are too many") as error:
        split(held, data(fold={"number": 0, "of": 3}, stratify=stratify), seed=0)
    [problem] = error.value.problems
    assert (problem.path, problem.found) == (("data", "fold"), found)


def test_a_regression_has_folds_without_classes() -> None:
    held = Source("array", {"train": Examples(np.arange(10.0), np.arange(10.0))}, task="regression")
    assert [len(parts["validation"]) for parts in folds(held, 3)] == [4, 3, 3]


def test_a_misspelt_label_does_not_hinder_stratification() -> None:
    labels = np.array(["cat", "dog"] * 20 + ["catt"], object)
    held = Source("array", {"train": Examples(np.arange(41), labels)})
    wanted = data(validation=0.2, clean=[{"map_labels": {"labels": {"catt": "cat"}}}])
    assert len(split(held, wanted, seed=0)["validation"]) == 8
    with pytest.raises(DataError, match="cannot hold every class"):
        split(held, data(validation=0.2), seed=0)


@pytest.mark.parametrize(
    ("settings", "path", "message"),
    [
        ({"validation": "train[50:]"}, "validation", "share 50 examples"),
        ({"validation": "test"}, "test", "share 8 examples"),
        ({"validation": "val"}, "validation", "no split 'val'"),
        ({"train": "train[:0]"}, "train", "empty"),
        ({"validation": 0.001}, "validation", "empty"),
        ({"validation": 0.6, "test": 0.5}, "test", "nothing for train"),
        ({"validation": 0.02}, "validation", "every class"),
        ({"batch_size": 101}, "batch_size", "larger than the train split"),
    ],
)
def test_what_cannot_be_is_one_clear_error(settings: dict[str, object], path: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        split(source(test=8), data(**settings), seed=0)
    assert error.value.problems[0].path == ("data", path)


def test_tables_are_split_by_rows() -> None:
    table = {"a": np.arange(10.0), "b": np.array(list("abcdefghij"), object)}
    held = Source("table", {"train": Examples(table, np.arange(10.0))}, task="regression")
    parts = split(held, data(train="train[:4]+train[8:]"), seed=0)
    assert parts["train"].x["a"].tolist() == [0, 1, 2, 3, 8, 9]
    assert parts["train"].x["b"].tolist() == list("abcdij")
