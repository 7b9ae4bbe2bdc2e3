from dataclasses import replace

import keras
import keras_hub
import model_data
import numpy as np
import pytest

from kspec.builders.model import build_model
from kspec.builders.saved import load_model
from kspec.errors import SpecError
from kspec.spec.data import Text
from kspec.spec.model import Model

pytestmark = pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"]
TEXTS = np.array(["good film", "bad film", "film"], object)


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """A BERT of two layers with random weights, width 8, as a local preset."""
    folder = tmp_path_factory.mktemp("bert")
    hub = keras_hub.models
    backbone = hub.BertBackbone(
        vocabulary_size=8, num_layers=2, num_heads=2, hidden_dim=8, intermediate_dim=12, max_sequence_length=8
    )
    preprocessor = hub.BertTextClassifierPreprocessor(hub.BertTokenizer(vocabulary=WORDS), sequence_length=8)
    hub.BertTextClassifier(backbone, 2, preprocessor).save_to_preset(folder)
    return folder


def build(bert, lora):
    keras.utils.set_random_seed(0)
    tree = {"BackboneTextClassifier": {"preset": str(bert), "dropout": 0.0}, "lora": lora}
    data = replace(model_data.texts(), text=Text(sequence_length=8))
    return build_model(Model.model_validate(tree), data, model_data.for_classes(2)), data


def test_only_the_updates_the_biases_beside_them_and_the_head_train(bert):
    model, _ = build(bert, 3)
    # Query and value of two layers: a kernel (8, 2, 4) beside A (8, 2, 3) and B (3, 4), and a bias (2, 4).
    shapes = sorted(tuple(weight.shape) for weight in model.trainable_variables)
    assert shapes == sorted([(8, 2, 3), (3, 4), (2, 4)] * 4 + [(8, 2), (2,)])


def test_the_frozen_weights_stay_and_the_saved_model_predicts_the_same(bert, tmp_path):
    model, data = build(bert, {"rank": 2, "alpha": 4, "match": "*feedforward_output_dense"})
    before = {
        weight.path: weight.numpy()
        for weight in model.variables
        if "lora" not in weight.path and "seed" not in weight.path
    }
    model.compile(keras.optimizers.Adam(0.05), "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    labels = keras.utils.to_categorical(data.train.y)
    model.fit(data.train.x.astype(str), labels, epochs=4, batch_size=4, shuffle=False, verbose=0)
    changed = {path for path, value in before.items() if (value != dict_of(model)[path]).any()}
    assert {path.split("/")[-2] for path in changed} == {"feedforward_output_dense", "predictions"}
    assert {path.split("/")[-1] for path in changed if "feedforward" in path} == {"bias"}
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(loaded.predict(TEXTS, verbose=0), model.predict(TEXTS, verbose=0), atol=1e-6)


def dict_of(model):
    return {weight.path: weight.numpy() for weight in model.variables}


def test_alpha_scales_the_update(bert):
    model, _ = build(bert, {"rank": 2, "alpha": 6, "match": "*feedforward_output_dense"})
    layer = next(one for one in model._flatten_layers() if one.name == "feedforward_output_dense")
    frozen = np.array(layer._kernel)
    layer.lora_kernel_b.assign(np.ones((2, 8)))
    expected = frozen + 3 * np.array(layer.lora_kernel_a) @ np.ones((2, 8))
    np.testing.assert_allclose(np.array(layer.kernel), expected, atol=1e-6)


def test_a_pattern_that_matches_nothing_is_an_error(bert):
    with pytest.raises(SpecError) as caught:
        build(bert, {"rank": 2, "match": ["*query", "*qery*", "*layer_norm"]})
    assert [problem.path for problem in caught.value.problems] == [("model", "lora", "match", n) for n in (1, 2)]
    assert "query" in caught.value.problems[0].expected


def test_a_network_from_scratch_has_nothing_to_adapt():
    tree = {"MLP": {"hidden": [4]}, "lora": 4}
    with pytest.raises(SpecError, match="no pretrained part"):
        build_model(Model.model_validate(tree), model_data.vectors(), model_data.for_classes(3))
