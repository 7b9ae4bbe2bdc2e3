import keras
import numpy as np
import pytest

from kspec.parts.activations import gelu
from kspec.parts.models.adapt import adapt_model
from kspec.parts.models.fast_resnet import FastResNet

SMALL = {"input_shape": (9, 9, 3), "units": 4, "widths": (6, 8)}


def test_parameters_of_the_full_network():
    model = FastResNet((32, 32, 3), 10)
    kernels = 9 * (24 * 64 + 64 * 64 + 64 * 256 + 3 * 256 * 256) + 2560
    betas = 2 * (64 + 256 + 256)
    whitening = 2 * 2 * 3 * 24 + 24
    statistics = 2 * betas + 3 + 3 + 1
    assert model.count_params() == kernels + betas + whitening + statistics
    assert model.output_shape == (None, 10)


def test_predictions_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = FastResNet(**SMALL)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("group1_conv1").compute_dtype == "bfloat16"
    assert model.get_layer("whiten").compute_dtype == "float32"
    assert model(np.zeros((1, 9, 9, 3), "uint8")).dtype == "float32"


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("whitening", [True, False])
def test_learns_colours(batch_norm, whitening):
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 96)
    images = random.integers(0, 100, (96, 9, 9, 3)).astype("uint8")
    images[np.arange(96), :, :, labels] += 100
    model = FastResNet((9, 9, 3), 3, widths=(8, 8), whitening=whitening, batch_norm=batch_norm, seed=0)
    adapt_model(model, images)
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"], jit_compile=False)
    model.fit(images, labels, batch_size=32, epochs=12, verbose=0)
    assert model.evaluate(images, labels, verbose=0)[1] > 0.9


def test_ends_in_the_activation():
    images = np.random.default_rng(0).integers(0, 256, (5, 9, 9, 3)).astype("uint8")
    np.testing.assert_allclose(FastResNet(**SMALL)(images).numpy().sum(axis=1), 1.0, rtol=1e-5)
    model = FastResNet(**SMALL, output_activation="linear", output_scale=0.5)
    head = keras.Model(model.input, model.get_layer("head").output)
    np.testing.assert_allclose(model(images), 0.5 * head(images).numpy(), rtol=1e-6)


def test_skip_connection():
    model = FastResNet(**SMALL)
    add = model.get_layer("group1_skip")
    sources = {tensor._keras_history.operation.name for tensor in add.input}
    assert sources == {"group1_norm2", "group1_activation1"}


def test_switches():
    model = FastResNet(**SMALL, batch_norm=False, dropout=0.25, activation="relu", whitening=False)
    names = [layer.name for layer in model.layers]
    assert "whiten" not in names
    assert not any("norm" in name for name in names)
    assert model.get_layer("dropout").rate == 0.25
    assert model.get_layer("group1_conv1").use_bias
    assert model.get_layer("group1_activation1").activation is keras.activations.relu
    assert FastResNet(**SMALL).get_layer("group1_activation1").activation is gelu


def test_seed_decides_the_weights():
    first, same, other = (FastResNet(**SMALL, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    kernels = [weight for weight in first if weight.shape == (3, 3, 8, 8)]
    assert len(kernels) == 1


def test_saves_and_loads(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (8, 9, 9, 3)).astype("uint8")
    model = FastResNet(**SMALL)
    adapt_model(model, images)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(images), model(images))


def test_images_too_small():
    with pytest.raises(ValueError, match="at least 9 pixels a side"):
        FastResNet((8, 8, 1), 10)
