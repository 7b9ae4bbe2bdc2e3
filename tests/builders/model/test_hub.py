import keras
import keras_hub
import model_data
import numpy as np
import pytest
import tensorflow as tf

from kspec.builders.model import build_model
from kspec.builders.model.build import build_network
from kspec.builders.saved import load_model
from kspec.errors import DataError, SpecError
from kspec.spec.model import Model

hub = keras_hub.models
# KerasHub's tasks compile themselves when they are loaded, and that optimizer is not the one in the file.
pytestmark = pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """A tiny BERT with random weights, as a local preset."""
    folder = tmp_path_factory.mktemp("bert")
    tokenizer = hub.BertTokenizer(vocabulary=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"])
    backbone = hub.BertBackbone(
        vocabulary_size=8, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=8, max_sequence_length=8
    )
    preprocessor = hub.BertTextClassifierPreprocessor(tokenizer, sequence_length=8)
    hub.BertTextClassifier(backbone, 2, preprocessor).save_to_preset(folder)
    return folder


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    """A tiny GPT-2 with random weights, as a local preset."""
    folder = tmp_path_factory.mktemp("gpt2")
    letters = {letter: number for number, letter in enumerate(["a", "b", "d", "f", "g", "i", "l", "m", "o", "Ġ", "go"])}
    tokenizer = hub.GPT2Tokenizer(vocabulary={**letters, "<|endoftext|>": len(letters)}, merges=["g o"])
    backbone = hub.GPT2Backbone(
        vocabulary_size=12, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=8, max_sequence_length=12
    )
    preprocessor = hub.GPT2CausalLMPreprocessor(tokenizer, sequence_length=12)
    hub.GPT2CausalLM(backbone, preprocessor).save_to_preset(folder)
    return folder


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    """A tiny ResNet with random weights, as a local preset."""
    folder = tmp_path_factory.mktemp("resnet")
    backbone = hub.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64],
        stackwise_num_blocks=[1],
        stackwise_num_strides=[1],
        block_type="basic_block",
    )
    converter = hub.ResNetImageClassifierPreprocessor(
        keras_hub.layers.ResNetImageConverter(image_size=(16, 16), scale=1 / 255)
    )
    hub.ResNetImageClassifier(backbone, 2, converter).save_to_preset(folder)
    return folder


def build(tree, datasets, **options):
    targets = model_data.for_classes(datasets.num_outputs)
    return build_model(Model.model_validate(tree), datasets, targets, **options)


def batches(datasets):
    x = datasets.train.x.astype(str) if datasets.kind == "text" else datasets.train.x
    labels = keras.utils.to_categorical(datasets.train.y)
    return tf.data.Dataset.from_tensor_slices((x, labels)).batch(8)


def learns(model, data, tmp_path):
    """Trains on what the user has, and compares the saved model's predictions with the model's."""
    model.compile(keras.optimizers.Adam(0.03), "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    losses = model.fit(data, epochs=6, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * losses[0]
    model.save(tmp_path / "model.keras")
    given = data.map(lambda x, _: x)
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    predictions = model.predict(given, verbose=0)
    np.testing.assert_array_equal(again.predict(given, verbose=0), predictions)
    np.testing.assert_allclose(predictions.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["BertTextClassifier", "BackboneTextClassifier"])
def test_a_text_model_learns_from_strings_and_predicts_from_strings(name, bert, tmp_path):
    keras.utils.set_random_seed(0)
    data = model_data.texts()
    model = build({name: {"preset": str(bert), "dropout": 0.0}}, data)
    assert (model.preprocessor.sequence_length, model.preprocessor.truncate) == (6, "head")
    assert (model.preset, model.stand_in) == (str(bert), "")
    learns(model, batches(data), tmp_path)


@pytest.mark.parametrize("name", ["BertTextClassifier", "BackboneTextClassifier"])
def test_a_saved_text_model_in_bfloat16_predicts_what_it_predicted_before(name, bert, tmp_path):
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build({name: {"preset": str(bert)}}, model_data.texts())
    finally:
        keras.config.set_dtype_policy("float32")
    model.save(tmp_path / "model.keras")
    texts = np.array(["good film", "bad", "film film bad good"], object)
    before, after = (
        one.predict(texts, verbose=0) for one in (model, load_model(tmp_path / "model.keras", compile=False))
    )
    np.testing.assert_allclose(after, before, rtol=1e-2)  # the backbone computes in bfloat16
    assert np.all(after != after.astype(tf.bfloat16.as_numpy_dtype).astype("float32"))  # the head does not


def test_gpt_2_is_read_at_its_last_token(gpt2, tmp_path):
    keras.utils.set_random_seed(0)
    data = model_data.texts(length=12)
    tree = {"BackboneTextClassifier": {"preset": str(gpt2), "pooling": "last", "dropout": 0.0}}
    model = build(tree, data)
    assert isinstance(model.backbone, hub.GPT2Backbone)
    assert model.get_layer("pool").mode == "last"
    learns(model, batches(data), tmp_path)


def test_an_image_model_learns_from_images_of_any_size(resnet, tmp_path):
    keras.utils.set_random_seed(0)
    data = model_data.images((12, 12, 3), classes=2, count=16)
    learns(build({"ResNetImageClassifier": {"preset": str(resnet)}}, data), batches(data), tmp_path)


def test_weights_come_from_the_preset_or_are_random(bert):
    keras.utils.set_random_seed(0)
    data, tree = model_data.texts(), {"BertTextClassifier": {"preset": str(bert)}}
    saved = hub.BertBackbone.from_preset(str(bert)).get_weights()
    loaded = build(tree, data).backbone.get_weights()
    random = build(tree, data, pretrained=False).backbone.get_weights()
    assert all((one == other).all() for one, other in zip(saved, loaded, strict=True))
    assert [one.shape for one in saved] == [one.shape for one in random]
    assert any((one != other).any() for one, other in zip(saved, random, strict=True))


def test_a_frozen_base_trains_the_head_alone(bert):
    model = build({"BertTextClassifier": {"preset": str(bert)}, "freeze": "base"}, model_data.texts())
    assert [variable.path for variable in model.trainable_variables] == ["logits/kernel", "logits/bias"]


def test_regularizers_reach_into_the_backbone(bert):
    tree = {"BertTextClassifier": {"preset": str(bert)}, "regularizer": {"*feedforward*/kernel": {"L2": {"l2": 0.5}}}}
    model = build(tree, model_data.texts())
    kernels = [v for v in model.trainable_variables if "feedforward" in v.path and v.name == "kernel"]
    assert len(kernels) == 2
    np.testing.assert_allclose(sum(model.losses), sum(0.5 * np.sum(v.numpy() ** 2) for v in kernels), rtol=1e-5)


@pytest.mark.parametrize(
    ("tree", "message", "hint"),
    [
        ({"GPT2CausalLM": {"preset": "gpt2_base_en"}}, "GPT2CausalLM is no classifier", "BackboneTextClassifier"),
        ({"BertTextClassifier": {"preset": "bert_tini_en_uncased"}}, "no such preset", "bert_tiny_en_uncased"),
        ({"BackboneTextClassifier": {"preset": "gpt2_bas_en"}}, "no such preset", "gpt2_base_en"),
        ({"BertTextClassifier": {"preset": "./absent"}}, "no such folder", ""),
    ],
)
def test_what_cannot_be_built_is_one_clear_error(tree, message, hint):
    with pytest.raises(SpecError) as caught:
        build(tree, model_data.texts())
    [problem] = caught.value.problems
    assert problem.message == message
    assert hint in problem.hint


def test_a_folder_that_is_no_preset(tmp_path):
    with pytest.raises(SpecError) as caught:
        build({"BertTextClassifier": {"preset": str(tmp_path)}}, model_data.texts())
    [problem] = caught.value.problems
    assert problem.path == ("model", "BertTextClassifier", "preset")
    assert problem.message.startswith("cannot be loaded: ")


def test_data_that_the_task_cannot_read(bert, resnet):
    with pytest.raises(DataError, match="BertTextClassifier reads texts, the data are images"):
        build({"BertTextClassifier": {"preset": str(bert)}}, model_data.images())
    with pytest.raises(DataError, match="ResNetImageClassifier reads images, the data are texts"):
        build({"ResNetImageClassifier": {"preset": str(resnet)}}, model_data.texts())


def test_the_first_preset_of_a_list_that_is_at_hand(bert):
    presets = ["package:no_such_package/model", str(bert), "./absent"]
    model = build({"BackboneTextClassifier": {"preset": presets}}, model_data.texts())
    assert model.preset == str(bert)


@pytest.mark.parametrize("length", [3, 9])
def test_a_length_that_the_model_cannot_read(bert, length):
    with pytest.raises(SpecError) as caught:
        build({"BertTextClassifier": {"preset": str(bert)}}, model_data.texts(length=length))
    [problem] = caught.value.problems
    assert (problem.path, problem.expected, problem.found) == (
        ("data", "text", "sequence_length"),
        "4 to 8",
        str(length),
    )


def test_a_stand_in_where_it_is_asked_for_alone():
    targets, data = model_data.for_classes(2), model_data.texts(length=9)
    tree = {"BackboneTextClassifier": {"preset": ["./absent", "package:no_such_package/model"], "pooling": "max"}}
    with pytest.raises(SpecError) as caught:
        build_network(Model.model_validate(tree), data, targets, pretrained=False)
    assert [one.message for one in caught.value.problems] == [
        "no such folder",
        "the package no_such_package is not installed",
    ]
    model = build_network(Model.model_validate(tree), data, targets, pretrained=False, stand_in=True)
    assert "BertBackbone takes its place" in model.stand_in and model.preset == ""
    assert (model.preprocessor.sequence_length, model.pooling) == (9, "max")
