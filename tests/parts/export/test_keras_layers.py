"""Keras' own quantization, saved and loaded."""

import keras
import keras_hub
import numpy as np
import pytest

import kspec

TOKENS = np.arange(48).reshape(8, 6) % 20


def bert():
    backbone = keras_hub.models.BertBackbone(20, 1, 2, 8, 16, max_sequence_length=6)
    return keras_hub.models.BertTextClassifier(backbone, 2)


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_a_quantized_bert_is_saved_and_loaded(tmp_path, mode):
    """Quantized whole, as Keras 3.15 does it, it cannot be loaded: its head's weights are not found."""
    model = bert()
    given = {"token_ids": TOKENS, "segment_ids": np.zeros_like(TOKENS), "padding_mask": np.ones_like(TOKENS)}
    before = model.predict(given, verbose=0)
    done = kspec.quantize_layers(model, mode)
    assert any("token_embedding" in one for one in done) and not any("logits" in one for one in done)
    found = model.predict(given, verbose=0)
    assert 0 < np.abs(found - before).max() < 0.2
    model.save(tmp_path / "small.keras")
    loaded = kspec.load_model(tmp_path / "small.keras", compile=False)
    np.testing.assert_array_equal(loaded.predict(given, verbose=0), found)


def test_convolutions_stay_in_float32():
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    [done] = kspec.quantize_layers(model)
    assert "dense" in done and model.layers[0].kernel.dtype == "float32"


@pytest.mark.parametrize(
    ("mode", "reason"), [("float8", "the file grows"), ("gptq", "language model"), ("int2", "int8, int4")]
)
def test_other_modes_are_refused_with_their_reason(mode, reason):
    with pytest.raises(ValueError, match=reason):
        kspec.quantize_layers(keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]), mode)


def test_nothing_to_quantize():
    with pytest.raises(ValueError, match="no Dense"):
        kspec.quantize_layers(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]))
