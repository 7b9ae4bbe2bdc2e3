import keras
import pytest

from kspec.parts.distillation.objectives import regression_loss, takes_sigmoid_logits


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("mse", "mean_squared_error"),
        ("MeanAbsoluteError", "mean_absolute_error"),
        (keras.losses.Huber(), "huber"),
        (keras.losses.LogCosh(), "log_cosh"),
        (keras.losses.mean_squared_logarithmic_error, "mean_squared_logarithmic_error"),
        ({"y": keras.losses.Poisson()}, "poisson"),
        (None, None),
        ([None], None),
        ("sparse_categorical_crossentropy", None),
        (keras.losses.BinaryCrossentropy(), None),
        (lambda y, prediction: prediction, None),
    ],
)
def test_losses_of_numbers(loss, name):
    assert regression_loss(loss) == name


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (keras.losses.BinaryCrossentropy(from_logits=True), True),
        ([keras.losses.BinaryFocalCrossentropy(from_logits=True)], True),
        (keras.losses.BinaryCrossentropy(), False),
        ("binary_crossentropy", False),
        (keras.losses.CategoricalCrossentropy(from_logits=True), False),
        (None, False),
    ],
)
def test_losses_of_sigmoids_before_their_function(loss, expected):
    assert takes_sigmoid_logits(loss) is expected
