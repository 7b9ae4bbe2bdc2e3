import keras
import numpy as np
import pytest
from keras import ops

from kspec.parts.views import predict_views, view_model


def _corner_model(row, column):
    """Answers the value of one pixel: shows which pixel a view put there."""
    inputs = keras.Input((3, 4, 1))
    return keras.Model(inputs, inputs[:, row, column])


IMAGE = np.arange(12, dtype="float32").reshape(1, 3, 4, 1)


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        ((), 0.0),
        (("mirror",), (0 + 3) / 2),
        # Reflected around the first pixel the one at (-1, -1) is (1, 1) = 5; the other shift puts (1, 1) = 5 there too.
        (("shift",), 0 / 2 + 5 / 4 + 5 / 4),
        # Mirrored, the corner shows the right end of each row: 3, (1, 2) = 6 and (1, 2) = 6.
        (("mirror", "shift"), (0 / 2 + 5 / 4 + 5 / 4) / 2 + (3 / 2 + 6 / 4 + 6 / 4) / 2),
    ],
)
def test_mean_by_hand(views, expected):
    np.testing.assert_allclose(predict_views(_corner_model(0, 0), IMAGE, views), [[expected]])


def test_shift_in_the_middle():
    # Pixel (1, 1) = 5; moved it shows (0, 0) = 0 or (2, 2) = 10.
    np.testing.assert_allclose(predict_views(_corner_model(1, 1), IMAGE, ("shift",)), [[5 / 2 + 0 / 4 + 10 / 4]])
    # (1, 2) = 6; moved it shows (0, 1) = 1 or (2, 3) = 11.
    np.testing.assert_allclose(predict_views(_corner_model(1, 2), IMAGE, ("shift",)), [[6 / 2 + 1 / 4 + 11 / 4]])


def test_shares_weights_and_evaluates():
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    seen = view_model(model)
    images = np.random.default_rng(0).normal(size=(6, 4, 4, 1)).astype("float32")
    before = seen.predict(images, verbose=0)
    model.layers[-1].bias.assign([1.0, 2.0])
    np.testing.assert_allclose(seen.predict(images, verbose=0), before + np.array([1.0, 2.0]), atol=1e-5)
    seen.compile(loss="mse", metrics=["mae"])
    assert seen.evaluate(images, np.zeros((6, 2)), verbose=0)[0] > 0


def test_integer_images_are_taken_as_they_are():
    model = _corner_model(0, 3)
    np.testing.assert_allclose(predict_views(model, IMAGE.astype("uint8"), ("mirror",)), [[1.5]])


@pytest.mark.parametrize("views", [("miror",), ("mirror", "mirror")])
def test_wrong_names(views):
    with pytest.raises(ValueError, match="views must be different names"):
        view_model(_corner_model(0, 0), views)


def test_not_for_tables():
    inputs = keras.Input((3,))
    with pytest.raises(ValueError, match="one input"):
        view_model(keras.Model(inputs, ops.sum(inputs)))
