"""`kspec export` and the stages `quantize` and `export`; then `kspec bench` on what they made."""

import json

import numpy as np
import pytest
import tensorflow as tf

import kspec as library
from tests.commands.runs import only_run

STAGES = "stages: [{quantize: {int8: {calibration: 100}}}, {export: litert}]\n"


def test_from_training_to_measured_files(kspec, small, tmp_path):
    small.write_text(small.read_text() + STAGES)
    done = kspec("run", small)
    assert (done.code, done.err) == (0, "")
    folder = only_run(tmp_path / "runs")
    quantized, exported = json.loads((folder / "run.json").read_text())["stages"]
    assert quantized["precision"] == exported["precision"] == "int8"
    assert quantized["product"] == "model_int8.tflite" and exported["product"] is None
    assert (folder / "stages/2_export/model_int8.tflite").is_file()

    # The metrics in the record are those of the file, run on the test split.
    run = library.run_file(folder / "stages/1_quantize/model_int8.tflite")
    experiment = library.build(library.load_spec(small))
    pairs = [(run(x.astype("float32")), y) for x, y in experiment.test.as_numpy_iterator()]
    right = np.concatenate([found.argmax(1) == labels.argmax(1) for found, labels in pairs])
    assert quantized["metrics"]["test"]["accuracy"] == pytest.approx(right.mean())

    assert kspec("export", folder, "--to", "saved_model,litert").code == 0
    listed = json.loads((folder / "export/export.json").read_text())
    assert [(one["format"], one["path"]) for one in listed] == [
        ("saved_model", "saved_model"),
        ("litert", "model.tflite"),
    ]
    again = kspec("export", folder)
    assert again.code == 2 and "exists already" in again.err and "--output" in again.err
    both = kspec("export", folder, "--int8", "--float16")
    assert both.code == 2 and "--int8 and --float16: " in both.err
    unknown = kspec("export", folder, "--to", "lite,litert,onyx")
    assert unknown.code == 2 and "'lite' is no format, 'onyx' is no format" in unknown.err
    assert "'litert'?" in unknown.err and "'onnx'?" in unknown.err
    failed = kspec("export", folder, "--to", "saved_model,litert", "--dynamic-range")
    assert failed.code == 1 and "saved_model dynamic_range: FAILED" in failed.out
    assert (folder / "export/model_dynamic_range.tflite").is_file()

    measured = kspec("bench", folder, "--rounds", "2")
    assert (measured.code, measured.err) == (0, "")
    found = json.loads((folder / "bench.json").read_text())
    assert (folder / "bench.png").read_bytes()[:4] == b"\x89PNG"
    [model] = found["models"]
    # MLP 64-16-10 with biases, and Normalization's three numbers where it has them.
    assert model["macs"] == 64 * 16 + 16 * 10
    rows = {(one["model"], one["form"], one["precision"], one["runtime"].split()[0]): one for one in found["variants"]}
    assert len(rows) == len(found["variants"]) - 1 == 6  # two ways of Keras are one row here
    base = min(one["latency_ms"]["1"]["p50"] for one in found["variants"] if one["is_baseline"])
    lite = next(
        one
        for one in found["variants"]
        if (one["model"], one["precision"]) == ("export", "float32") and one["form"] == "litert"
    )
    assert lite["faster"]["1"] == pytest.approx(base / lite["latency_ms"]["1"]["p50"])
    assert lite["size"] == (folder / "export/model.tflite").stat().st_size
    assert kspec("bench", folder, "--rounds", "1").code == 0 and (folder / "bench-2.json").is_file()


@pytest.fixture
def table(tmp_path):
    """A table with a number and a category, and its spec."""
    rows = [f"{value / 10},{'ab'[value % 2]},{'xy'[value // 20]}" for value in range(40)]
    (tmp_path / "table.csv").write_text("\n".join(["size,kind,label", *rows]) + "\n")
    path = tmp_path / "table.yaml"
    path.write_text(
        "data: {csv: table.csv, label: label, validation: 0.2, batch_size: 8}\n"
        "model: {MLP: {hidden: [4]}}\ntraining: {epochs: 1}\ndevice: {precision: float32}\n"
    )
    return path


def test_look_up_tables_stay_in_tensorflow(kspec, table, tmp_path):
    pytest.importorskip("pandas")
    assert kspec("run", table).code == 0
    folder = only_run(tmp_path / "runs")
    done = kspec("export", folder, "--to", "saved_model,litert")
    assert (done.code, done.err) == (0, "")
    assert "begins after the preprocessor (kind_one_hot needs strings or look-up tables)" in done.out
    whole, network = json.loads((folder / "export/export.json").read_text())
    assert (whole["reads"], network["reads"]) == ("features", "prepared")
    row = {"size": np.array([[1.0]], "float32"), "kind": np.array([["a"]], object)}
    model = library.load_model(folder / "model.keras", compile=False)
    wanted = model({name: tf.constant(values) for name, values in row.items()})
    np.testing.assert_allclose(library.run_file(folder / "export/saved_model")(row), wanted, atol=1e-6)


def test_a_table_of_numbers_is_exported_whole(kspec, table, tmp_path):
    pytest.importorskip("pandas")
    assert kspec("run", table, "data.columns.ignore=[kind]").code == 0
    folder = only_run(tmp_path / "runs")
    assert kspec("export", folder).code == 0
    [one] = json.loads((folder / "export/export.json").read_text())
    assert one["reads"] == "features" and one["compared"]["examples"] == 8


def test_columns_of_any_name_are_exported_and_their_names_in_the_files_told(kspec, table, tmp_path):
    pytest.importorskip("pandas")
    (tmp_path / "table.csv").write_text((tmp_path / "table.csv").read_text().replace("size", "size (cm)", 1))
    table.write_text(table.read_text() + "stages: [{quantize: {int8: {calibration: 20}}}]\n")
    done = kspec("run", table, "data.columns.ignore=[kind]")
    assert (done.code, done.err) == (0, "")
    assert "inputs in the file: size_cm for 'size (cm)'" in done.out
    folder = only_run(tmp_path / "runs")
    assert kspec("export", folder, "--to", "saved_model,litert").code == 0
    listed = json.loads((folder / "export/export.json").read_text())
    assert [one["inputs"] for one in listed] == 2 * [{"size (cm)": "size_cm"}]
    assert kspec("bench", folder, "--rounds", "1").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "tflite"), "'tflite' is no format"),
        (("--to", ","), "--to names no format"),
        (("--calibration", "9"), "--calibration is for --int8"),
        (("--output", "taken"), "is no folder"),
    ],
)
def test_a_wrong_command_line(arguments, said, tmp_path):
    from kspec.commands.export import export
    from kspec.errors import UsageError

    (tmp_path / "taken").write_text("")
    given = dict(zip(("--to", "--calibration", "--output"), ("litert", None, None), strict=True))
    given[arguments[0]] = int(arguments[1]) if arguments[0] == "--calibration" else arguments[1]
    output = given["--output"] and str(tmp_path / given["--output"])
    with pytest.raises(UsageError, match=said):
        export(str(tmp_path), given["--to"], (), given["--calibration"], output)
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]


def test_no_run(kspec):
    for verb in ("export", "bench"):
        result = kspec(verb, "nothing")
        assert result.code == 2 and "not a run" in result.err


def test_what_a_stage_cannot_do_is_said_before_the_training(kspec, small, tmp_path):
    small.write_text(small.read_text() + "stages: [{quantize: int8}, {export: [litert, saved_model]}]\n")
    result = kspec("run", small)
    assert result.code == 2 and "stages[1].export[1]: saved_model cannot hold this network in int8" in result.err
    assert not (tmp_path / "runs").exists()


def test_what_a_converter_refuses_is_found_by_converting_before_the_training(kspec, small, tmp_path):
    layers = "[{Resizing: {height: 4, width: 4, interpolation: lanczos3}}, Flatten, {Dense: {units: 10}}]"
    small.write_text(small.read_text() + "stages: [{export: litert}]\n")
    result = kspec("run", small, "~model", f"model={{layers: {layers}}}")
    assert result.code == 2
    assert "small.yaml:12:19: stages[0].export: litert cannot hold this network in float32" in result.err
    assert not (tmp_path / "runs").exists()
