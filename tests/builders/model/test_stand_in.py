import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kspec.builders.model.stand_in import small_random
from kspec.parts.models.backbone_classifier import BackboneTextClassifier
from kspec.spec.data import Text

hub = keras_hub.models
HEAD = {"num_classes": 2, "activation": "softmax", "load_weights": False}
TEXTS = np.array(["A good film.", "", "Bäd"], object)


@pytest.mark.parametrize(
    ("task", "presets", "backbone", "said"),
    [
        (
            BackboneTextClassifier,
            ["gpt2_base_en"],
            hub.GPT2Backbone,
            "gpt2_base_en is not at hand: a small random GPT2",
        ),
        (BackboneTextClassifier, ["hf://a/b", "llama3_8b_en"], hub.Llama3Backbone, "none of hf://a/b, llama3_8b_en is"),
        (hub.AlbertTextClassifier, ["package:a/b"], hub.AlbertBackbone, "AlbertBackbone takes its place"),
        (hub.TextClassifier, ["distil_bert_base_en"], hub.DistilBertBackbone, "DistilBertBackbone"),
        (hub.FNetTextClassifier, ["f_net_base_en"], hub.FNetBackbone, "FNetBackbone"),
    ],
)
def test_the_architecture_is_the_presets_own(task, presets, backbone, said):
    keras.utils.set_random_seed(0)
    model, sentence = small_random(task, presets, Text(sequence_length=9), {**HEAD, "dropout": 0.2})
    assert isinstance(model, task) and type(model.backbone) is backbone
    assert said in sentence and "not known" not in sentence
    assert model.count_params() < 60_000
    found = model.predict(TEXTS, verbose=0)
    assert found.shape == (3, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_what_a_folder_holds_is_not_known_without_it():
    model, sentence = small_random(BackboneTextClassifier, ["./absent"], Text(sequence_length=8), HEAD)
    assert type(model.backbone) is hub.BertBackbone
    assert sentence.endswith("BertBackbone takes its place; the preset's own architecture is not known without it")


def test_bytes_are_the_tokens():
    model, _ = small_random(hub.BertTextClassifier, ["bert_base_en"], Text(sequence_length=6), HEAD)
    texts = tf.data.Dataset.from_tensors(["aé", "abcdefgh"])
    found = texts.map(model.preprocessor).get_single_element()
    assert found["token_ids"].numpy().tolist() == [[97, 195, 169, 0, 0, 0], [97, 98, 99, 100, 101, 102]]
    assert found["padding_mask"].numpy().tolist() == [[1, 1, 1, 0, 0, 0], [1] * 6]
    assert not np.any(found["segment_ids"])


def test_none_for_what_reads_two_texts():
    preset = next(iter(hub.BartBackbone.presets))
    assert small_random(BackboneTextClassifier, [preset], Text(sequence_length=8), HEAD) is None
