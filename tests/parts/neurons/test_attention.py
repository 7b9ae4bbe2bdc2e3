"""Heads and hidden units of transformers."""

from contextlib import nullcontext

import keras
import keras_hub
import numpy as np
import pytest
from keras import layers

from kspec import BackboneTextClassifier, Transformer, prune_neurons
from tests.parts.neurons.bert import bert, output
from tests.parts.neurons.reference import difference, examples

LIMIT = 1e-5


def reloaded(model, tmp_path):
    model.save(tmp_path / "model.keras")
    return keras.saving.load_model(tmp_path / "model.keras")


def test_backbone_without_some_heads_and_units(tmp_path):
    model = bert()
    worst, structure, cut, new = difference(model)
    assert worst <= LIMIT
    heads = [inner["heads"] for inner in structure.inner.values() if "heads" in inner]
    assert any(cut.count(one) < 4 for one in heads)
    # No class of KerasHub can hold such encoders: they become Keras' own layers.
    kinds = {type(layer).__module__.split(".")[0] for layer in new.layers if "transformer_layer" in layer.name}
    assert kinds == {"keras"}
    x = examples(model)
    assert np.array_equal(output(reloaded(new, tmp_path), x), output(new, x))


def test_padding_is_masked_as_before():
    small, _ = prune_neurons(bert(), ratio=0.5, criterion="l2")
    x = examples(small)
    x["padding_mask"][:, 4:] = 0
    before = output(small, x)
    x["token_ids"][:, 4:] = 7
    np.testing.assert_allclose(output(small, x)[:, :4], before[:, :4], atol=1e-6)


def test_implicit_mask_and_normalize_first():
    tokens = keras.Input((6,), dtype="int32")
    x = layers.Embedding(20, 8, mask_zero=True)(tokens)
    x = keras_hub.layers.TransformerEncoder(12, 4, normalize_first=True, activation="gelu")(x)
    model = keras.Model(tokens, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))
    worst, _, _, new = difference(model)
    assert worst <= LIMIT
    assert new.count_params() < model.count_params()


def test_units_alone_give_a_stock_backbone(tmp_path):
    model = bert()
    small, report = prune_neurons(model, ratio={"*/units": 0.5}, criterion="l1")
    assert type(small) is keras_hub.models.BertBackbone
    assert (small.intermediate_dim, small.num_heads) == (12, 4)
    assert [(group.name, group.after) for group in report.groups][:2] == [
        ("transformer_layer_0/heads", 4),
        ("transformer_layer_0/units", 12),
    ]
    x = examples(model)
    assert np.array_equal(output(reloaded(small, tmp_path), x), output(small, x))


def test_units_of_different_number_are_no_stock_backbone():
    small, _ = prune_neurons(bert(), ratio={"transformer_layer_1/units": 0.5}, criterion="l1")
    assert type(small) is not keras_hub.models.BertBackbone
    assert sorted(layer.intermediate_dim for layer in small.layers if hasattr(layer, "intermediate_dim")) == [
        12,
        24,
        24,
    ]


@pytest.mark.parametrize("task", [keras_hub.models.BertTextClassifier, BackboneTextClassifier])
def test_a_task_stays_one(task, tmp_path):
    model = task(backbone=bert(), num_classes=2)
    worst, _, _, new = difference(model)
    assert worst <= LIMIT
    assert type(new) is task
    assert new.preprocessor is model.preprocessor
    x = examples(model)
    # KerasHub's own classes warn that they compile themselves.
    warns = pytest.warns(UserWarning, match="compile") if task.__module__.startswith("keras_hub") else nullcontext()
    with warns:
        again = reloaded(new, tmp_path)
    assert np.array_equal(output(again, x), output(new, x))


def test_multi_head_attention_keeps_its_class():
    model = Transformer((10,), 2, vocabulary_size=30, num_layers=2, num_heads=4, hidden_dim=8, intermediate_dim=12)
    worst, _, _, new = difference(model)
    assert worst <= LIMIT
    attention = [layer for layer in new.layers if isinstance(layer, layers.MultiHeadAttention)]
    assert [layer.num_heads for layer in attention] == [2, 2]
    assert [layer.key_dim for layer in attention] == [2, 2]


def test_the_width_of_a_transformer_without_layer_norm_can_shrink():
    inputs = keras.Input((5, 3))
    x = layers.Dense(8)(inputs)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 3, value_dim=4)(x, x)])
    x = layers.MultiHeadAttention(3, 2, output_shape=6)(layers.BatchNormalization()(x), layers.Dense(5)(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))
    worst, _, _, new = difference(model, share=0.5)
    assert worst <= LIMIT
    assert new.layers[1].units == 4


def test_scores_that_are_read_keep_the_heads():
    inputs = keras.Input((5, 6))
    x, scores = layers.MultiHeadAttention(4, 2)(inputs, inputs, return_attention_scores=True)
    model = keras.Model(inputs, [layers.Dense(2)(layers.Dense(4)(x)), scores])
    worst, _, _, new = difference(model)
    assert worst <= LIMIT
    assert new.layers[1].num_heads == 4
