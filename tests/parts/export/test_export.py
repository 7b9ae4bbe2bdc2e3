"""Exported files, run in their own runtimes. LiteRT needs no extra: TensorFlow has a converter and an interpreter."""

import os
import re
from importlib.util import find_spec

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

import kspec
from kspec.parts.export import convert
from kspec.parts.export.export import converted_in_vain
from kspec.parts.export.table import NEEDS

FORMATS = [
    pytest.param(form, marks=pytest.mark.skipif(
        any(find_spec(name) is None for name in needs), reason=f"needs kspec[export]: {', '.join(needs)}"))
    for form, needs in NEEDS.items()
]  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_computes_what_keras_does_for_any_batch(convolutional, tmp_path, form):
    model, images = convolutional
    [made] = kspec.export(model, tmp_path, [form], examples=images)
    assert made.reason == "" and made.batch is None
    assert made.compared.examples == 64 and made.compared.agreement == 1
    assert made.size == sum(one.stat().st_size for one in tmp_path.rglob("*") if one.is_file())
    run = kspec.run_file(made.path, threads=1)
    for count in (1, 5):
        wanted = model.predict(images[:count], verbose=0)
        assert np.abs(run({"image": images[:count]}) - wanted).max() < 1e-5
        np.testing.assert_array_equal(run(images[:count]), run({"image": images[:count]}))
    with pytest.raises(ValueError, match="the file reads image; given: picture"):
        run({"picture": images[:2]})


@pytest.mark.filterwarnings("ignore:(?s).*tf.lite.Interpreter is deprecated:UserWarning")
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_activation_of_fast_resnet_is_one_operation_in_litert(tmp_path, precision):
    model = kspec.FastResNet((8, 8, 3), 10, widths=(4,), seed=0)
    images = np.random.default_rng(0).uniform(0, 255, (8, 8, 8, 3)).astype("float32")
    kspec.adapt_model(model, images)
    [made] = kspec.export(
        model, tmp_path, ["litert"], examples=images, precision=precision, calibration=images, agreement=0.0
    )
    assert made.reason == ""
    operations = [one["op_name"] for one in tf.lite.Interpreter(str(made.path))._get_ops_details()]
    assert operations.count("GELU") == 3 and not {"ERF", "EXP", "TANH"} & set(operations)


def test_int8_has_int8_convolutions_and_is_a_quarter(convolutional, tmp_path):
    model, images = convolutional
    made = kspec.quantize(model, tmp_path / "small.tflite", "int8", examples=images, calibration=images[:32])
    assert made.compared.agreement >= 0.95 and os.listdir(tmp_path) == ["small.tflite"]
    run = kspec.run_file(made.path)._run
    kernels = [one for one in run.get_tensor_details() if tuple(one["shape"]) == (8, 3, 3, 3)]
    assert [one["dtype"] for one in kernels] == [np.int8]


@pytest.mark.skipif(find_spec("nncf") is None or find_spec("openvino") is None, reason="needs kspec[export]: nncf")
def test_int8_in_openvino(convolutional, tmp_path):
    model, images = convolutional
    path = tmp_path / "small"
    made = kspec.quantize(model, path, "int8", examples=images, calibration=images[:32], runtime="openvino")
    assert made.compared.agreement >= 0.95 and sorted(os.listdir(path)) == ["model.bin", "model.xml"]
    assert np.isfinite(kspec.run_file(path, precision="auto")({"image": images[:3]})).all()


@pytest.mark.skipif(find_spec("nncf") is None or find_spec("openvino") is None, reason="needs kspec[export]: nncf")
def test_int8_of_a_table_in_openvino_reaches_as_far_as_the_columns(tmp_path):
    model, x = differences({name: keras.Input((1,), name=name) for name in ("mean radius", "price €")})
    made = kspec.quantize(
        model, tmp_path / "a", examples=x, calibration=x, task="regression", runtime="openvino", agreement=0.0
    )
    assert made.compared.max_difference < 0.05


@pytest.mark.parametrize("precision", ["float16", "dynamic_range"])
def test_fewer_bits_without_calibration(convolutional, tmp_path, precision):
    model, images = convolutional
    [made] = kspec.export(model, tmp_path, ["litert"], examples=images, precision=precision)
    assert made.path.name == f"model_{precision}.tflite" and made.compared.agreement >= 0.95


def dense(units):
    inputs = keras.Input((32,))
    x = np.linspace(-1, 1, 640, dtype="float32").reshape(20, 32)
    return keras.Model(inputs, keras.layers.Dense(units)(inputs)), x


@pytest.mark.parametrize(("units", "notes"), [
    (31, ("nothing in it is int8: LiteRT leaves weights of fewer than 1,024 numbers as they are",)),
    (32, ()),
])  # fmt: skip
def test_the_fewest_weights_that_dynamic_range_makes_smaller(tmp_path, units, notes):
    model, x = dense(units)
    [made] = kspec.export(model, tmp_path, ["litert"], examples=x, precision="dynamic_range", task="regression")
    assert (made.reason, made.notes) == ("", notes)


def test_files_in_which_nothing_has_fewer_bits(tmp_path):
    inputs = keras.Input((4,), dtype="int32")
    model = keras.Model(inputs, keras.layers.Flatten()(inputs))
    x = np.arange(20).reshape(5, 4)
    [half] = kspec.export(model, tmp_path, ["litert"], examples=x, precision="float16")
    assert half.notes == ("nothing in it is float16: LiteRT has found no weights to keep so",)
    with pytest.raises(ValueError, match="nothing in the file would be int8"):
        kspec.quantize(model, tmp_path / "a.tflite", "int8", examples=x, calibration=x)
    assert "nothing in the file would be int8" in converted_in_vain(model, x, "litert", "int8")
    assert os.listdir(tmp_path) == ["model_float16.tflite"]


@pytest.mark.parametrize(("wrong", "message"), [
    (lambda x: x[:0], "^calibration holds no examples; give some hundreds of train"),
    (lambda x: np.where(x > 0.99, np.nan, x), "^in calibration, a value of image is NaN or infinite$"),
])  # fmt: skip
def test_calibration_that_shows_no_range_is_refused(convolutional, tmp_path, wrong, message):
    model, images = convolutional
    with pytest.raises(ValueError, match=message):
        kspec.export(model, tmp_path, ["litert"], examples=images, precision="int8", calibration=wrong(images))
    assert os.listdir(tmp_path) == []


def test_what_a_format_cannot_hold_is_refused_with_the_reason_and_leaves_nothing(convolutional, tmp_path):
    model, images = convolutional
    found = kspec.export(
        model, tmp_path, ["saved_model", "onnx"], examples=images, precision="int8", calibration=images
    )
    assert [one.path for one in found] == [None, None]
    assert "no quantized operations" in found[0].reason and "float32" in found[1].reason
    assert os.listdir(tmp_path) == []


def test_a_file_that_computes_something_else_is_removed(convolutional, tmp_path, monkeypatch):
    model, images = convolutional

    def wrong(saved, file, precision, calibration):
        other = keras.models.clone_model(model)  # other weights
        other.export(tmp_path / "other", verbose=False)
        honest(tmp_path / "other", file, precision, calibration)

    honest = convert.to_litert
    monkeypatch.setattr(convert, "to_litert", wrong)
    [made] = kspec.export(model, tmp_path / "files", ["litert"], examples=images)
    assert made.path is None and "differs from Keras by" in made.reason
    assert os.listdir(tmp_path / "files") == []


def test_recurrent_layers_have_a_fixed_batch_in_litert_and_no_int8(tmp_path):
    inputs = keras.Input((6,), dtype="int32", name="tokens")
    x = keras.layers.LSTM(4)(keras.layers.Embedding(20, 4)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    tokens = np.arange(48).reshape(8, 6) % 20
    [made] = kspec.export(model, tmp_path, ["litert"], examples=tokens)
    assert made.batch == 1 and "one" in made.notes[0].replace("1 example", "one")
    assert (
        np.abs(kspec.run_file(made.path)({"tokens": tokens.astype("int32")}) - model.predict(tokens, verbose=0)).max()
        < 1e-5
    )
    with pytest.raises(ValueError, match="recurrent layers in int8; take dynamic_range"):
        kspec.quantize(model, tmp_path / "a.tflite", examples=tokens, calibration=tokens)


@pytest.fixture(scope="module")
def recurrent():
    """An LSTM whose weights are nearly all of the network, and sequences."""
    inputs = keras.Input((6, 16))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.LSTM(128)(inputs)))
    return model, np.random.default_rng(0).normal(size=(8, 6, 16)).astype("float32")


def test_recurrent_weights_become_smaller_by_dynamic_range(recurrent, tmp_path):
    model, x = recurrent
    [whole] = kspec.export(model, tmp_path, ["litert"], examples=x)
    [small] = kspec.export(model, tmp_path, ["litert"], examples=x, precision="dynamic_range")
    assert small.size < 0.4 * whole.size
    assert not any("recurrent layers are no smaller" in one for one in small.notes)


@pytest.mark.skipif(find_spec("nncf") is None or find_spec("openvino") is None, reason="needs kspec[export]: nncf")
def test_recurrent_weights_stay_in_float32_in_openvino_which_its_notes_say(recurrent, tmp_path):
    model, x = recurrent
    [made] = kspec.export(model, tmp_path, ["openvino"], examples=x, precision="int8", calibration=x, agreement=0)
    assert made.size > 4 * model.count_params()
    assert made.notes == (
        "recurrent layers are no smaller: NNCF leaves their weights in float32; LiteRT's dynamic_range does not",
    )


def test_mixed_precision_is_written_in_float32_and_left_as_it_was(tmp_path):
    policy = keras.DTypePolicy("mixed_bfloat16")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax", dtype=policy)])
    x = np.linspace(-1, 1, 40, dtype="float32").reshape(10, 4)
    [made] = kspec.export(model, tmp_path, ["litert"], examples=x)
    assert made.compared.max_difference < 1e-5
    assert model.layers[-1].compute_dtype == "bfloat16"


def test_several_inputs_and_open_lengths(tmp_path):
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = keras.Input((None,), dtype="float32", name="mask")
    x = keras.layers.Embedding(9, 4)(ids) * keras.ops.expand_dims(mask, -1)
    model = keras.Model({"ids": ids, "mask": mask}, keras.layers.Dense(2)(keras.layers.GlobalMaxPooling1D()(x)))
    given = {"ids": np.arange(60).reshape(6, 10) % 9, "mask": np.ones((6, 10))}
    [made] = kspec.export(model, tmp_path, ["litert"], examples=given)
    assert made.notes == ("reads any length of ids, mask",)
    short = {"ids": given["ids"][:2, :3].astype("int32"), "mask": np.ones((2, 3), "float32")}
    assert np.abs(kspec.run_file(made.path)(short) - model.predict(short, verbose=0)).max() < 1e-5


def differences(inputs):
    """A network that tells its inputs apart, and examples for it, in the structure of the inputs."""
    x = list(inputs.values() if isinstance(inputs, dict) else inputs)
    first = keras.layers.Concatenate()([keras.layers.Rescaling(0.5 * place + 1)(one) for place, one in enumerate(x)])
    model = keras.Model(inputs, keras.layers.Dense(2)(first))
    model.layers[-1].set_weights(
        [np.arange(2 * len(x), dtype="float32").reshape(len(x), 2) - 1, np.zeros(2, "float32")]
    )
    given = [np.linspace(-1, place, 40, dtype="float32")[:, None] for place in range(len(x))]
    return model, dict(zip(inputs, given, strict=True)) if isinstance(inputs, dict) else given


@pytest.mark.parametrize("form", FORMATS)
def test_any_name_of_a_column_gets_one_that_a_file_can_hold(tmp_path, form):
    names = ["petal length (cm)", "a-b", "a_b", "price €", "1st", "_a", "class", "self", "A", "a", "output"]
    model, x = differences({name: keras.Input((1,), name=name) for name in names})
    [made] = kspec.export(model, tmp_path, [form], examples=x)
    assert made.reason == ""
    inside = ["petal_length_cm", "a_b_2", "a_b", "price", "input_1st", "a_2", "input_class", "input_self", "A"]
    assert made.inputs == dict(zip(names, [*inside, "a_3", "output"], strict=True))
    run = kspec.run_file(made.path, threads=1)
    wanted = model.predict(x, verbose=0)
    np.testing.assert_allclose(run(x), wanted, atol=1e-5)
    np.testing.assert_allclose(run({made.inputs[name]: values for name, values in x.items()}), wanted, atol=1e-5)


@pytest.mark.parametrize("precision", ["float16", "dynamic_range", "int8"])
def test_fewer_bits_of_columns_with_any_name(tmp_path, precision):
    model, x = differences({name: keras.Input((1,), name=name) for name in ("mean radius", "price €")})
    made = kspec.quantize(model, tmp_path / "a.tflite", precision, examples=x, calibration=x, task="regression")
    assert made.inputs == {"mean radius": "mean_radius", "price €": "price"}
    np.testing.assert_allclose(kspec.run_file(made.path)(x), model.predict(x, verbose=0), atol=0.05)


@pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict:UserWarning")
@pytest.mark.parametrize("form", FORMATS)
def test_files_read_the_keys_of_a_dict_whatever_its_tensors_are_called(tmp_path, form):
    model, x = differences({"one": keras.Input((1,), name="zz"), "two": keras.Input((1,), name="aa")})
    [made] = kspec.export(model, tmp_path, [form], examples=x)
    assert (made.reason, made.inputs) == ("", {"one": "one", "two": "two"})
    np.testing.assert_allclose(kspec.run_file(made.path)(x), model.predict(x, verbose=0), atol=1e-5)


@pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict:UserWarning")
def test_int8_is_calibrated_by_the_keys_of_a_dict(tmp_path):
    model, x = differences({"one": keras.Input((1,), name="zz"), "two": keras.Input((1,), name="aa")})
    made = kspec.quantize(model, tmp_path / "a.tflite", examples=x, calibration=x, task="regression")
    np.testing.assert_allclose(kspec.run_file(made.path)(x), model.predict(x, verbose=0), atol=0.05)


def test_strings_stay_in_tensorflow(tmp_path):
    layer = keras.layers.TextVectorization(output_mode="multi_hot", name="words")
    layer.adapt(np.array(["good film", "bad film"], object))
    inputs = keras.Input((), dtype="string", name="text")
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(layer(inputs)))
    texts = np.array(["good", "bad film", "film"], object)
    whole, lite = kspec.export(model, tmp_path, ["saved_model", "litert"], examples=texts)
    assert whole.compared.max_difference < 1e-6
    assert lite.path is None and "the layer words needs strings" in lite.reason


def test_a_keras_hub_task_is_exported_from_token_ids_of_any_length(tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"]
    tokenizer = keras_hub.models.BertTokenizer(words, lowercase=True)
    before = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=8)
    backbone = keras_hub.models.BertBackbone(8, 1, 2, 8, 16, max_sequence_length=8)
    model = keras_hub.models.BertTextClassifier(backbone, 2, preprocessor=before)
    [made] = kspec.export(model, tmp_path, ["litert"], examples=np.array(["good film", "bad", "film"], object))
    assert made.notes == (
        "reads token ids: BertTextClassifierPreprocessor stays outside",
        "reads any length of token_ids, segment_ids, padding_mask",
    )
    tokens = {name: np.asarray(values) for name, values in before(["bad film"]).items()}
    found = kspec.run_file(made.path)({name: values[:, :5].astype("int32") for name, values in tokens.items()})
    assert np.abs(found - model.predict(np.array(["bad film"], object), verbose=0)).max() < 1e-5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"formats": ["torchscript"]}, "saved_model, litert"),
        ({"precision": "int4"}, "float32, float16, dynamic_range, int8"),
        ({"precision": "int8"}, "needs calibration"),
        ({"formats": []}, "saved_model, litert"),
        ({"examples": {"picture": np.zeros((2, 8, 8, 3))}}, "reads image; the examples hold picture"),
        ({"examples": np.zeros((0, 8, 8, 3))}, r"no examples to run the files on; give some of test, e\.g\."),
        ({"examples": tf.data.Dataset.range(3)}, "^examples: give arrays, not a tf.data.Dataset, such as x of"),
        ({"precision": "int8", "calibration": tf.data.Dataset.range(3)}, "^calibration: give arrays"),
    ],
)
def test_arguments(convolutional, tmp_path, arguments, message):
    model, images = convolutional
    with pytest.raises(ValueError, match=message):
        kspec.export(model, tmp_path, **{"examples": images, "formats": ["litert"], **arguments})


def test_one_format_by_its_name(convolutional, tmp_path):
    model, images = convolutional
    [made] = kspec.export(model, tmp_path, "litert", examples=images)
    assert (made.format, made.reason) == ("litert", "")


@pytest.mark.parametrize(
    "given",
    [lambda x: [x], lambda x: (x,), lambda x: list(x), lambda x: x.tolist()],
    ids=["a list with the array", "a tuple with it", "a list of arrays", "a list of lists"],
)
def test_examples_of_one_input_as_keras_takes_them(convolutional, tmp_path, given):
    model, images = convolutional
    many = np.tile(images, (5, 1, 1, 1))
    [made] = kspec.export(model, tmp_path, "litert", examples=given(many))
    assert (made.reason, made.compared.examples) == ("", 256)


@pytest.mark.parametrize("given", [list, tuple])
def test_examples_of_several_inputs_in_their_order(tmp_path, given):
    model, x = differences([keras.Input((1,), name="zz"), keras.Input((1,), name="aa")])
    [made] = kspec.export(model, tmp_path, "litert", examples=given(x))
    assert (made.reason, made.compared.examples) == ("", 40)
    run = kspec.run_file(made.path)
    np.testing.assert_allclose(run({"zz": x[0], "aa": x[1]}), model.predict(x, verbose=0), atol=1e-5)


def test_quantize_makes_the_folder_of_its_file(convolutional, tmp_path):
    model, images = convolutional
    made = kspec.quantize(model, tmp_path / "a/b/small.tflite", "float16", examples=images)
    assert made.path == tmp_path / "a/b/small.tflite" and os.listdir(tmp_path / "a/b") == ["small.tflite"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("wrap", [lambda one: {"p": one}, lambda one: [one]], ids=["dict", "list"])
def test_the_one_output_in_a_dict_or_a_list(tmp_path, form, wrap):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, wrap(keras.layers.Dense(2)(inputs)))
    x = np.linspace(-1, 1, 40, dtype="float32").reshape(10, 4)
    [made] = kspec.export(model, tmp_path, form, examples=x)
    assert made.reason == "" and kspec.run_file(made.path)(x).shape == (10, 2)


def test_several_outputs_are_refused(tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, {"a": keras.layers.Dense(2)(inputs), "b": keras.layers.Dense(1)(inputs)}, name="two")
    with pytest.raises(ValueError, match=r"^the model 'two' has 2 outputs; models with one are exported$"):
        kspec.export(model, tmp_path, "litert", examples=np.zeros((3, 4)))


def test_nothing_is_replaced(convolutional, tmp_path):
    model, images = convolutional
    (tmp_path / "model.tflite").write_text("mine")
    with pytest.raises(FileExistsError, match=r"model\.tflite: exists already"):
        kspec.export(model, tmp_path, ["litert"], examples=images)
    with pytest.raises(FileExistsError, match=r"model\.tflite: exists already"):
        kspec.quantize(model, tmp_path / "model.tflite", "float16", examples=images)
    assert (tmp_path / "model.tflite").read_text() == "mine"


def test_a_conversion_is_tried_as_it_will_be_made():
    inputs = keras.Input((8, 8, 3))
    images = np.zeros((2, 8, 8, 3), "float32")

    def network(layer):
        x = keras.layers.Conv2D(4, 3, dtype="mixed_bfloat16")(inputs)
        return keras.Model(inputs, keras.layers.Flatten()(layer(x)))

    assert converted_in_vain(network(keras.layers.ReLU(dtype="mixed_bfloat16")), images, "litert", "int8") == ""
    lanczos = keras.layers.Resizing(4, 4, interpolation="lanczos3")
    said = converted_in_vain(network(lanczos), images, "litert", "float32")
    assert re.fullmatch(r"LiteRT has no operation for TensorFlow's ScaleAndTranslate \(\S+/ScaleAndTranslate\)", said)
