"""What a spec for a table says: task, columns, cleaning, size of steps."""

from pathlib import Path

import numpy as np
import pandas
import pytest

from kspec import text
from kspec.errors import UsageError
from kspec.guess import guess

RANDOM = np.random.default_rng(0)
COUNT = 200


@pytest.fixture
def look(tmp_path):
    """Writes a table and returns the tree of the spec for it, and the notes."""

    def call(frame, *label, name="t.csv", **options):
        path = tmp_path / name
        frame.to_csv(path, index=False, **options)
        made = guess(path, name, label)
        return text.read_text(made.spec).tree, "\n".join(made.notes), made.spec

    return call


def columns(**more):
    return pandas.DataFrame({"x": RANDOM.normal(0, 1, COUNT), **more})


@pytest.mark.parametrize(
    ("label", "task"),
    [
        (np.array(["a", "b"] * (COUNT // 2)), "classification"),
        (np.arange(COUNT) % 5, "classification"),
        (np.arange(COUNT) % 5 * 1.0, "classification"),
        (np.arange(COUNT) % 2 == 0, "classification"),
        (np.arange(COUNT) % 50, "regression"),
        (np.arange(COUNT) % 5 + 0.5, "regression"),
    ],
)
def test_the_task_by_the_values_of_the_label(look, label, task):
    tree, notes, _ = look(columns(target=label))
    assert tree["data"]["task"] == task
    assert f"task   {task}" in notes
    assert ("metrics" in tree["training"]) == (task == "regression")


def test_several_labels(look):
    bits = {"a": RANDOM.integers(0, 2, COUNT), "b": RANDOM.integers(0, 2, COUNT)}
    tree, _, _ = look(columns(**bits), "a", "b")
    assert (tree["data"]["label"], tree["data"]["task"]) == (["a", "b"], "multi_label")
    tree, _, _ = look(columns(a=RANDOM.normal(0, 1, COUNT), b=RANDOM.normal(0, 1, COUNT)), "a", "b")
    assert tree["data"]["task"] == "regression"


def test_columns_that_say_nothing_are_left_out_with_the_reason(look):
    frame = columns(
        customer_id=RANDOM.permutation(COUNT),
        day=pandas.date_range("2020-01-01", periods=COUNT).strftime("%Y-%m-%d"),
        constant=1,
        empty=np.nan,
        street=[f"street {number % 150}" for number in range(COUNT)],
        note=[f"a text of words number {number}" for number in range(COUNT)],
        target=np.arange(COUNT) % 2,
    )
    tree, notes, spec = look(frame)
    assert tree["data"]["columns"]["ignore"] == ["customer_id", "day", "constant", "empty", "street", "note"]
    for reason in ("customer_id: names the rows", "day: dates", "constant: one value only", "empty: empty",
                   "street: 150 distinct texts", "note: texts"):  # fmt: skip
        assert reason in notes
    assert "# customer_id: names the rows" in spec


def test_a_table_of_texts(look):
    frame = pandas.DataFrame(
        {
            "target": ["good", "bad"] * (COUNT // 2),
            "review": [f"words about film number {number}" for number in range(COUNT)],
        }
    )
    tree, _, _ = look(frame)
    assert tree["data"]["columns"] == {"text": "review"}
    assert tree["data"]["text"]["output"] == "multi_hot"


def test_what_is_missing_or_twice_is_mended(look):
    frame = columns(side=["n", "s"] * (COUNT // 2), target=["a", "b"] * (COUNT // 2))
    frame.loc[:4, "x"] = np.nan
    frame.loc[5:7, "side"] = None
    frame.loc[8, "target"] = None
    frame = pandas.concat([frame, frame.iloc[100:110]])
    tree, notes, _ = look(frame)
    assert tree["data"]["clean"] == [
        "drop_duplicates",
        {"drop_missing": {"columns": ["target"]}},
        {"fill_missing": {"strategy": "median", "columns": ["x"]}},
        {"fill_missing": {"strategy": "mode", "columns": ["side"]}},
    ]
    assert "5 missing in x; 3 missing in side" in notes.replace("1 missing in target; ", "")
    # The two pairs of equal rows among those without x are rows twice as well.
    assert "rows twice" in notes


def test_a_clean_table_needs_no_cleaning(look):
    tree, _, _ = look(columns(target=np.arange(COUNT) % 2))
    assert "clean" not in tree["data"]
    assert "columns" not in tree["data"]


def test_rare_classes_get_weights(look):
    tree, _, spec = look(columns(target=["rare"] * 20 + ["often"] * (COUNT - 20)))
    assert tree["training"]["class_weight"] == "balanced"
    assert "# the largest class has 180 examples, the smallest 20" in spec


def test_large_labels_get_a_faster_output_layer(look):
    tree, _, _ = look(columns(price=RANDOM.normal(200_000, 10_000, COUNT)))
    assert tree["training"]["parameter_groups"] == [{"match": "predictions/*", "learning_rate": 200_000.0}]
    tree, _, _ = look(columns(target=RANDOM.normal(0, 1, COUNT)))
    assert "parameter_groups" not in tree["training"]


@pytest.mark.parametrize(("separator", "encoding"), [(";", "utf-8"), ("\t", "latin-1"), (",", "latin-1")])
def test_separator_and_encoding(look, separator, encoding):
    frame = columns(**{"größe": RANDOM.normal(0, 1, COUNT), "target": np.arange(COUNT) % 2})
    tree, _, _ = look(frame, sep=separator, encoding=encoding)
    expected = {"path": "t.csv"}
    expected |= {"encoding": "latin-1"} if encoding == "latin-1" else {}
    expected |= {"separator": separator} if separator != "," else {}
    assert tree["data"]["csv"] == (expected if len(expected) > 1 else "t.csv")
    assert tree["data"]["label"] == "target"


def test_a_folder_of_tables_uses_its_splits(tmp_path):
    frame = columns(target=np.arange(COUNT) % 2)
    for split in ("train", "test"):
        frame.to_parquet(tmp_path / f"{split}.parquet")
    tree = text.read_text(guess(tmp_path, "folder", ()).spec).tree
    assert tree["data"]["parquet"] == "folder"
    assert (tree["data"]["validation"], tree["data"]["test"]) == (0.15, "test")


def test_too_little_to_learn_from(look):
    with pytest.raises(UsageError, match="3 rows and 2 columns are too few"):
        look(columns(target=1)[:3])
    with pytest.raises(UsageError, match="no feature column is left"):
        look(pandas.DataFrame({"id": np.arange(COUNT), "target": np.arange(COUNT) % 2}))


def test_names_that_yaml_would_misread(look):
    frame = pandas.DataFrame({"a: b": RANDOM.normal(0, 1, COUNT), "no, [x]": np.arange(COUNT) % 9})
    frame.loc[0, "a: b"] = np.nan
    tree, _, _ = look(frame, "no, [x]", name="#1.csv")
    assert (tree["data"]["csv"], tree["data"]["label"]) == ("#1.csv", "no, [x]")
    assert tree["data"]["clean"] == [{"fill_missing": {"strategy": "median", "columns": ["a: b"]}}]


def test_a_file_that_is_no_table(tmp_path):
    (tmp_path / "t.parquet").write_text("x")
    with pytest.raises(UsageError, match="not a table in parquet"):
        guess(Path(tmp_path / "t.parquet"), "t.parquet", ())
