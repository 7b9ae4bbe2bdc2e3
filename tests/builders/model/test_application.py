import socket

import keras
import model_data
import numpy as np
import pytest

from kspec.builders.model import build_model
from kspec.builders.model.application import PIXELS, read_pixels
from kspec.catalog import names
from kspec.errors import DataError, SpecError
from kspec.spec.model import Model


def build(tree, datasets):
    return build_model(Model.model_validate(tree), datasets, model_data.for_classes(datasets.num_outputs))


@pytest.fixture(autouse=True)
def clear():
    yield
    keras.backend.clear_session()


SMALL = {"MobileNet": {"weights": None, "alpha": 0.25, "dropout": 0.3}}


def test_a_small_network_trains_and_comes_back_from_its_file(tmp_path):
    keras.utils.set_random_seed(0)
    data = model_data.images((32, 32, 1), count=12)
    model = build(SMALL, data)
    y = keras.utils.to_categorical(data.train.y)
    model.compile("adam", "categorical_crossentropy", jit_compile=False)
    losses = model.fit(data.train.x, y, batch_size=12, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(data.train.x, verbose=0), model.predict(data.train.x, verbose=0))
    assert [layer.name for layer in model.layers][-3:] == ["pool", "dropout", "predictions"]
    assert model.get_layer("dropout").rate == 0.3


def test_a_frozen_base_neither_trains_nor_moves_its_statistics():
    data = model_data.images((32, 32, 3), count=6)
    model = build({**SMALL, "freeze": "base"}, data)
    assert [variable.path for variable in model.trainable_variables] == ["predictions/kernel", "predictions/bias"]
    [base] = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    before = base.get_weights()
    model.compile("adam", "categorical_crossentropy", jit_compile=False)
    model.fit(data.train.x, keras.utils.to_categorical(data.train.y), verbose=0)
    for old, new in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("VGG16", keras.applications.vgg16),
        ("ResNet50", keras.applications.resnet),
        ("ResNet50V2", keras.applications.resnet_v2),
        ("InceptionV3", keras.applications.inception_v3),
        ("InceptionResNetV2", keras.applications.inception_resnet_v2),
        ("Xception", keras.applications.xception),
        ("NASNetMobile", keras.applications.nasnet),
        ("MobileNet", keras.applications.mobilenet),
        ("MobileNetV2", keras.applications.mobilenet_v2),
        ("MobileNetV3Small", keras.applications.mobilenet_v3),
        ("DenseNet121", keras.applications.densenet),
        ("EfficientNetB0", keras.applications.efficientnet),
        ("EfficientNetV2B0", keras.applications.efficientnet_v2),
        ("ConvNeXtTiny", keras.applications.convnext),
    ],
)
def test_pixels_are_read_as_keras_reads_them(name, module, tmp_path):
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, keras.layers.Identity()(read_pixels(inputs, name)))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype("float32")
    np.testing.assert_allclose(model(pixels), module.preprocess_input(pixels.copy()), rtol=1e-5, atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(pixels), model(pixels))


def test_every_network_with_its_own_way_to_read_pixels_exists():
    assert set(PIXELS) <= set(names("application"))


def test_images_below_the_minimum_say_what_to_set():
    with pytest.raises(SpecError) as caught:
        build({"VGG16": {"weights": None}}, model_data.images((8, 8, 3)))
    [problem] = caught.value.problems
    assert problem.path == ("model", "VGG16")
    assert "at least 32x32" in problem.message
    assert "data.image.size" in problem.hint


def test_missing_weights_and_data_that_are_no_images():
    with pytest.raises(SpecError) as caught:
        build({"VGG16": {"weights": "/nowhere.weights.h5"}}, model_data.images((32, 32, 3)))
    assert caught.value.problems[0].path == ("model", "VGG16", "weights")
    with pytest.raises(DataError, match="VGG16 reads images, the data are texts"):
        build({"VGG16": {"weights": None}}, model_data.texts())


def test_a_failed_download_says_how_to_do_without(monkeypatch, tmp_path):
    def refuse(*_args, **_kwargs):
        raise OSError("Network is unreachable")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(SpecError) as caught:
        build({"MobileNet": {"alpha": 0.25}}, model_data.images((224, 224, 3), count=3))
    [problem] = caught.value.problems
    assert "could not be downloaded" in problem.message
    assert "weights: null" in problem.hint
    assert socket.getdefaulttimeout() is None


def test_smoke_takes_random_weights_of_the_same_network():
    spec = Model.model_validate({"MobileNet": {"alpha": 0.25}})
    data = model_data.images((32, 32, 3), count=3)
    model = build_model(spec, data, model_data.for_classes(3), pretrained=False)
    assert model.output_shape == (None, 3)
