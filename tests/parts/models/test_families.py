"""What holds for every family."""

import keras
import numpy as np
import pytest

from kspec.parts.models.adapt import adapt_model
from kspec.parts.models.cnn import CNN
from kspec.parts.models.mlp import MLP
from kspec.parts.models.resnet import ResNet
from kspec.parts.models.rnn import RNN
from kspec.parts.models.transformer import Transformer
from kspec.parts.models.wide_resnet import WideResNet

SMALL_TRANSFORMER = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 8, "dropout": 0.0}
CASES = {
    "mlp": (MLP, (6,), {"hidden": [8]}),
    "mlp on images": (MLP, (8, 8, 1), {"hidden": [8], "batch_norm": True}),
    "cnn": (CNN, (8, 8, 1), {"filters": [4, 8], "dense": [8]}),
    "cnn of every option": (
        CNN,
        (9, 7, 3),
        {"filters": [4], "convolutions": 2, "pooling": "average", "global_pooling": "flatten", "batch_norm": False},
    ),
    "resnet v1": (ResNet, (8, 8, 1), {"depth": 8, "width": 4}),
    "resnet v1 projection": (ResNet, (9, 9, 1), {"depth": 8, "width": 4, "shortcut": "projection"}),
    "resnet v2": (ResNet, (9, 9, 3), {"depth": 8, "width": 4, "version": "v2"}),
    "resnet v2 projection": (ResNet, (8, 8, 1), {"depth": 8, "width": 4, "version": "v2", "shortcut": "projection"}),
    "resnet without norm": (ResNet, (8, 8, 1), {"depth": 8, "width": 4, "batch_norm": False}),
    "wide": (WideResNet, (8, 8, 1), {"depth": 10, "width": 1}),
    "rnn": (RNN, (5,), {"vocabulary_size": 9, "units_per_layer": [4], "embedding_dim": 4}),
    "rnn last": (RNN, (5,), {"vocabulary_size": 9, "units_per_layer": [4, 4], "pooling": "last", "cell": "GRU"}),
    "rnn on numbers": (RNN, (5, 3), {"units_per_layer": [4], "bidirectional": False, "batch_norm": True}),
    "transformer": (Transformer, (5,), {"vocabulary_size": 9, **SMALL_TRANSFORMER}),
    "transformer cls": (Transformer, (5,), {"vocabulary_size": 9, "pooling": "cls", **SMALL_TRANSFORMER}),
    "transformer on numbers": (
        Transformer,
        (5, 3),
        {"normalize_first": False, "norm": "batch", **SMALL_TRANSFORMER},
    ),
}


def data(shape, options, count=24):
    """Examples whose values tell the class."""
    rng = np.random.default_rng(0)
    y = np.arange(count) % 3
    if "vocabulary_size" in options:
        x = rng.integers(4, 9, (count, *shape))
        x[:, 0] = 1 + y
        x[::2, 3:] = 0
        return x.astype("int32"), y
    x = rng.normal(size=(count, *shape)) + y.reshape(-1, *[1] * len(shape))
    return (x * 40 + 100 if len(shape) == 3 else x).astype("float32"), y


@pytest.mark.parametrize("case", CASES)
def test_it_learns_and_comes_back_from_its_file(case, tmp_path):
    family, shape, options = CASES[case]
    keras.utils.set_random_seed(0)
    model = family(shape, 3, **options)
    x, y = data(shape, options)
    adapt_model(model, x)
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", jit_compile=False)
    losses = model.fit(x, y, epochs=12, batch_size=24, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("case", ["mlp", "cnn", "resnet v1", "wide", "rnn", "transformer"])
@pytest.mark.parametrize(("activation", "units"), [("softmax", 3), ("sigmoid", 1), ("linear", 2)])
def test_it_ends_in_float32_predictions_under_mixed_precision(case, activation, units):
    family, shape, options = CASES[case]
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = family(shape, units, activation, **options)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.output_shape == (None, units)
    assert model.layers[-1].name == "predictions"
    assert model.layers[-1].activation is keras.activations.get(activation)
    assert model.output.dtype == "float32"


@pytest.mark.parametrize("family", [MLP, CNN, ResNet, WideResNet, RNN, Transformer])
def test_dropout_makes_training_random_and_leaves_predictions_alone(family):
    case = next(options for function, _, options in CASES.values() if function is family)
    shape = next(shape for function, shape, _ in CASES.values() if function is family)
    model = family(shape, 3, **{**case, "dropout": 0.5})
    x, _ = data(shape, case)
    assert not np.allclose(model(x, training=True), model(x, training=True))
    np.testing.assert_array_equal(model(x), model(x))
    assert any(isinstance(layer, keras.layers.Dropout) and layer.rate == 0.5 for layer in model.layers)


@pytest.mark.parametrize("family", [MLP, CNN, ResNet, WideResNet, RNN])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_batch_norm_can_be_switched(family, batch_norm):
    shape = next(shape for function, shape, _ in CASES.values() if function is family)
    case = next(options for function, _, options in CASES.values() if function is family)
    model = family(shape, 3, **{**case, "batch_norm": batch_norm})
    assert any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers) is batch_norm


@pytest.mark.parametrize("case", ["mlp on images", "cnn", "resnet v1", "wide"])
def test_pixels_are_standardised_inside(case):
    family, shape, options = CASES[case]
    model = family(shape, 3, **options)
    x, _ = data(shape, options)
    assert adapt_model(model, x) == ["standardize"]
    standardised = np.asarray(model.get_layer("standardize")(x))
    np.testing.assert_allclose(standardised.mean(), 0, atol=1e-4)
    np.testing.assert_allclose(standardised.std(), 1, atol=1e-3)
