"""The whole life of a run on small data of every task: run, evaluate, predict, and training on from its file."""

import csv
import json

import keras
import numpy as np
import pandas as pd
import pytest
import yaml

import kspec as library

ROWS = 120


def people():
    """A table with numbers, text, booleans and whole numbers, and labels of every task that follow from them."""
    generate = np.random.default_rng(0)
    age, member = generate.normal(40, 12, ROWS), generate.random(ROWS) > 0.5
    city, children = generate.choice(["Bern", "Oslo", "Rome"], ROWS), generate.integers(0, 4, ROWS)
    score = (age - 40) / 12 + 3 * member
    return pd.DataFrame(
        {
            "age": age,
            "city": city,
            "member": member,
            "children": children,
            "rank": np.where(score > 2, "high", np.where(score > 0.5, "middle", "low")),
            "price": 10 * score,
            "height": 170 + score,
            "buys": np.where(score > 1.5, "yes", "no"),
            "tall": (score > 1).astype(int),
            "old": (age > 40).astype(int),
        }
    )


FEATURES = ["age", "city", "member", "children"]


@pytest.fixture
def live(kspec, tmp_path):
    """Runs a spec given as a dictionary: `live(name, data, model)` -> the run's folder."""

    def call(name, data, model=None, **training):
        spec = {
            "data": {"validation": 0.2, "test": 0.2, "batch_size": 16, **data},
            "model": model or {"MLP": {"hidden": [8]}},
            "training": {"epochs": 2, **training},
            "device": {"precision": "float32"},
        }
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(spec))
        result = kspec("run", f"{name}.yaml")
        assert (result.code, result.err) == (0, "")
        [record] = (tmp_path / "runs" / name).glob("*/run.json")
        return record.parent

    return call


def table(tmp_path, label, frame=None):
    path = tmp_path / "people.csv"
    (people() if frame is None else frame).to_csv(path, index=False)
    labels = [label] if isinstance(label, str) else label
    others = [name for name in people().columns if name not in (*FEATURES, *labels)]
    return {"csv": str(path), "label": label, "columns": {"ignore": others}}


def record(folder):
    return json.loads((folder / "run.json").read_text())


def history(folder):
    return list(csv.DictReader((folder / "history.csv").read_text().splitlines()))


def predicted(kspec, folder, data):
    result = kspec("predict", folder, data)
    assert (result.code, result.err) == (0, "")
    return list(csv.DictReader(result.out.splitlines()))


def assert_measures_the_same(kspec, folder):
    result = kspec("evaluate", folder)
    assert (result.code, result.err) == (0, "")
    rows = [[cell.strip() for cell in line.strip("│ ").split("│")] for line in result.out.splitlines() if "│" in line]
    wanted = [
        [split, name, f"{value:.4f}", f"{value:.4f}"]
        for split, values in record(folder)["metrics"].items()
        if split != "train"
        for name, value in values.items()
    ]
    assert [row for row in rows if len(row) == 4] == wanted


def test_a_messy_table_with_three_named_classes(kspec, live, tmp_path):
    frame = people()
    frame["member"] = frame["member"].astype(object)
    frame.loc[[3, 50, 99], "member"] = None
    frame.loc[[4, 51], "age"] = np.nan
    frame.loc[10, "rank"] = "hihg"
    frame = pd.concat([frame, frame.iloc[:4]])
    steps = [
        "drop_duplicates",
        {"map_labels": {"labels": {"hihg": "high"}}},
        {"fill_missing": {"strategy": "median"}},
        {"fill_missing": {"strategy": "mode"}},
    ]
    folder = live("ranks", {**table(tmp_path, "rank", frame), "clean": steps})
    found = record(folder)
    assert found["data"]["class_names"] == ["high", "low", "middle"]
    total = {}
    for touched in found["data"]["cleaning"]:
        total.setdefault(touched["step"], []).append(touched["count"])
    assert sum(total["map_labels"]) == 1
    assert 3 + 2 <= sum(total["fill_missing"]) <= 3 + 2 + 1  # a duplicate of row 3 may be in another split
    log = (folder / "log.txt").read_text()
    train, validation, test = total["drop_duplicates"]
    assert f"clean  drop_duplicates: {train} train, {validation} validation, {test} test" in log
    assert_measures_the_same(kspec, folder)
    people().to_csv(tmp_path / "new.csv", index=False)
    rows = predicted(kspec, folder, "new.csv")
    assert list(rows[0]) == ["example", "prediction", "high", "low", "middle"]
    assert len(rows) == ROWS


def test_booleans_with_gaps_in_train_are_known_when_they_come_without(kspec, live, tmp_path):
    frame = people()
    frame["member"] = frame["member"].astype(object)
    frame.loc[3, "member"] = None
    data = {**table(tmp_path, "buys", frame), "clean": [{"fill_missing": {"strategy": "mode"}}]}
    folder = live("gaps", data, learning_rate=0.1, epochs=10)
    rows = people().iloc[[0, 0]].assign(member=[True, False])
    rows.to_csv(tmp_path / "two.csv", index=False)
    members, others = predicted(kspec, folder, "two.csv")
    assert float(members["yes"]) > float(others["yes"]) + 0.1


def test_two_classes_with_a_binary_loss(kspec, live, tmp_path):
    metrics = ["accuracy", "AUC", "Precision", "Recall"]
    data, weights = table(tmp_path, "buys"), {"yes": 2.0, "no": 1.0}
    folder = live(
        "buys", data, loss="BinaryCrossentropy", metrics=metrics, class_weight=weights, learning_rate=0.1, epochs=15
    )
    assert set(record(folder)["metrics"]["test"]) == {"loss", "accuracy", "auc", "precision", "recall"}
    assert record(folder)["data"]["class_names"] == ["no", "yes"]
    assert_measures_the_same(kspec, folder)
    rows = predicted(kspec, folder, "people.csv")
    assert list(rows[0]) == ["example", "prediction", "no", "yes"]
    right = np.mean([row["prediction"] for row in rows] == people()["buys"].to_numpy())
    assert right > 0.8


def test_several_labels(kspec, live, tmp_path):
    folder = live("labels", table(tmp_path, ["tall", "old"]))
    assert (record(folder)["data"]["task"], record(folder)["data"]["label_names"]) == ("multi_label", ["tall", "old"])
    assert {"accuracy", "val_accuracy"} <= set(history(folder)[0])
    assert_measures_the_same(kspec, folder)
    rows = predicted(kspec, folder, "people.csv")
    assert list(rows[0]) == ["example", "tall", "old"]
    assert all(0 < float(row["tall"]) < 1 for row in rows)


def test_numbers_to_predict_have_names_and_no_accuracy(kspec, live, tmp_path):
    folder = live("numbers", table(tmp_path, ["price", "height"]))
    assert list(history(folder)[0]) == [
        "epoch", "loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error", "learning_rate",
    ]  # fmt: skip
    assert_measures_the_same(kspec, folder)
    assert list(predicted(kspec, folder, "people.csv")[0]) == ["example", "price", "height"]


def test_the_numbers_of_linnerud_have_the_names_of_the_set(live):
    folder = live("linnerud", {"sklearn": "linnerud", "batch_size": 4})
    assert record(folder)["data"]["label_names"] == ["Weight", "Waist", "Pulse"]


def test_a_table_run_trains_on_from_its_file(kspec, live, tmp_path):
    first = live("first", table(tmp_path, "buys"))
    second = live("second", table(tmp_path, "buys"), {"file": str(first / "model.keras")}, learning_rate=1e-9)
    (first / "model.keras").rename(tmp_path / "elsewhere.keras")  # a run's folder is enough to evaluate it
    assert record(second)["metrics"]["test"] == pytest.approx(record(first)["metrics"]["test"], rel=1e-4)
    assert_measures_the_same(kspec, second)
    (tmp_path / "elsewhere.keras").rename(first / "model.keras")
    one, two = (predicted(kspec, folder, "people.csv") for folder in (first, second))
    assert [row["prediction"] for row in one] == [row["prediction"] for row in two]


def test_a_table_with_other_columns_than_the_file(kspec, live, tmp_path):
    first = live("first", table(tmp_path, "buys"))
    second = yaml.safe_load((first / "spec.yaml").read_text())
    second["model"] = {"file": str(first / "model.keras")}
    second["data"]["columns"]["ignore"].append("age")
    (tmp_path / "second.yaml").write_text(yaml.safe_dump(second))
    result = kspec("run", "second.yaml")
    assert result.code == 2
    assert "the columns are not those of the saved model" in result.err


TEXTS = [("a fine and happy film " * 2, "good"), ("a dull and boring plot " * 3, "bad")] * 30


@pytest.mark.parametrize(
    ("model", "output"),
    [({"RNN": {"units_per_layer": [4], "embedding_dim": 4}}, "auto"), ({"MLP": {"hidden": [4]}}, "tf_idf")],
)
def test_a_text_run_trains_on_from_its_file_with_its_own_words(kspec, live, tmp_path, model, output):
    pd.DataFrame(TEXTS, columns=["text", "mood"]).to_csv(tmp_path / "texts.csv", index=False)
    data = {"csv": str(tmp_path / "texts.csv"), "label": "mood", "columns": {"text": "text"}}
    first = live("first", {**data, "text": {"output": output, "sequence_length": 8}}, model)
    file = {"file": str(first / "model.keras")}
    second = live("second", data, file, learning_rate=1e-9)
    assert record(second)["metrics"]["test"] == pytest.approx(record(first)["metrics"]["test"], rel=1e-4)
    assert_measures_the_same(kspec, second)
    (tmp_path / "lines.txt").write_text("a happy film\na dull plot\n")
    assert predicted(kspec, first, "lines.txt")[0]["good"][:4] == predicted(kspec, second, "lines.txt")[0]["good"][:4]
    loaded = library.load_model(second / "model.keras")
    assert isinstance(loaded, keras.Model)
    assert loaded.predict(np.array(["a happy film"], object), verbose=0).shape == (1, 1)


def test_a_smoke_run_of_cleaned_data_has_a_batch_left(kspec, tmp_path):
    frame = pd.concat([people()] * 8)
    once = {"drop_duplicates": {"across_splits": False}}
    data = {**table(tmp_path, "buys", frame), "validation": 0.2, "clean": [once], "batch_size": ROWS - 4}
    spec = {"data": data, "model": {"MLP": {"hidden": [4]}}, "training": {"epochs": 1}}
    (tmp_path / "many.yaml").write_text(yaml.safe_dump(spec))
    assert kspec("run", "many.yaml", "--smoke").code == 0


def test_words_of_a_vectorization_in_the_list_of_layers_come_from_train(kspec, live, tmp_path):
    pd.DataFrame(TEXTS, columns=["text", "mood"]).to_csv(tmp_path / "texts.csv", index=False)
    data = {"csv": str(tmp_path / "texts.csv"), "label": "mood", "columns": {"text": "text"}}
    layers = [
        {"TextVectorization": {"max_tokens": 20, "output_sequence_length": 8}},
        {"Embedding": {"input_dim": 20, "output_dim": 4}},
        "GlobalAveragePooling1D",
    ]
    folder = live("list", data, {"layers": layers}, learning_rate=0.1, epochs=10)
    assert record(folder)["metrics"]["test"]["accuracy"] == 1.0
    (tmp_path / "lines.txt").write_text("a happy film\na dull plot\n")
    assert [row["prediction"] for row in predicted(kspec, folder, "lines.txt")] == ["good", "bad"]
