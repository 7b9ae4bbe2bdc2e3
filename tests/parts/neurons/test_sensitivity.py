import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kspec import plot_sensitivity, prune_neurons, sensitivity

X = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")


@pytest.fixture(scope="module")
def model():
    """Unit 0 of `a` carries all, and so does unit 2 of `b`."""
    inputs = keras.Input((4,))
    x = layers.Dense(4, use_bias=False, name="b")(layers.Dense(3, use_bias=False, name="a")(inputs))
    net = keras.Model(inputs, layers.Dense(2, activation="softmax", name="c")(x))
    a, b = np.zeros((4, 3)), np.zeros((3, 4))
    a[0, 0], a[1, 1], a[2, 2], b[0, 2], b[1, 0], b[2, 1] = 3, 1, 1, 3, 0.1, 0.1
    c = np.zeros((4, 2))
    c[2], c[:2] = [-3, 3], 0.01
    net.set_weights([a, b, c, np.array([0.001, 0])])
    net.compile(loss="sparse_categorical_crossentropy")
    return net


def test_the_last_unit_is_what_counts(model):
    result = sensitivity(model, (X, Y), ratios=(0.67, 1.0), criterion="l2")
    assert (result.metric, result.groups, result.residual) == ("accuracy", ("a", "b"), (False, False))
    assert result.base == 1.0
    zeros = float((Y == 0).mean())
    np.testing.assert_allclose(result.values, [[1.0, zeros], [1.0, zeros]], atol=1e-6)


def test_the_loss_is_that_of_the_pruned_model(model):
    result = sensitivity(model, (X, Y), ratios=[0.5], metric="loss", criterion="l1", exclude=["a"])
    small, _ = prune_neurons(model, ratio={"b": 0.5}, criterion="l1")
    small.compile(loss="sparse_categorical_crossentropy")
    assert result.groups == ("b",)
    assert result.values[0][0] == pytest.approx(small.evaluate(X, Y, verbose=0), rel=1e-5)


def test_losses_are_weighed_as_the_model_does():
    inputs = keras.Input((4,))
    x = layers.Dense(3, name="hidden")(inputs)
    net = keras.Model(inputs, {name: layers.Dense(1, name=name)(x) for name in "ab"})
    net.compile("sgd", {"a": "mse", "b": "mse"}, loss_weights={"a": 2.0, "b": 0.0})
    result = sensitivity(net, (X, {"a": Y, "b": Y}), ratios=[0.5], metric="loss", criterion="l2")
    predicted = net.predict(X, verbose=0)["a"][:, 0]
    assert result.base == pytest.approx(2 * ((predicted - Y) ** 2).mean(), rel=1e-5)


def test_plot(model, tmp_path):
    result = sensitivity(model, (X, Y), ratios=(0.25, 0.5))
    plot_sensitivity(result, tmp_path / "plot.png", title="net")
    assert (tmp_path / "plot.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ratios": ()}, "ratios are shares"),
        ({"ratios": 0.5}, r"ratios are shares, .* in a list such as \[0.25, 0.5\], not 0.5"),
        ({"ratios": ["a"]}, r"ratios are shares, .*, not \('a',\)"),
        ({"ratios": (0.5, 1.2)}, r"ratios are shares, more than 0 and at most 1, in a list .*, not \(0.5, 1.2\)"),
        ({"metric": "auc"}, "metric is accuracy or loss"),
        ({"criterion": "l3"}, "criterion one of taylor"),
        ({"exclude": ["*"]}, "no neurons that could go"),
    ],
)
def test_wrong_arguments(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        sensitivity(model, (X, Y), **arguments)


def regression(outputs=1):
    inputs = keras.Input((4,))
    x = layers.Dense(3, name="hidden")(inputs)
    net = keras.Model(inputs, [layers.Dense(1)(x) for _ in range(outputs)], name="net")
    net.compile("sgd", ["mse"] * outputs)
    return net


FRACTIONS = X[:, :1]


@pytest.mark.parametrize(
    ("loss", "labels", "metric"),
    [
        ("mse", FRACTIONS, "loss"),
        (keras.losses.MeanSquaredError(), np.round(FRACTIONS), "loss"),
        ("binary_crossentropy", Y[:, None], "accuracy"),
        (keras.losses.BinaryCrossentropy(from_logits=True), Y[:, None].astype("float32"), "accuracy"),
        ("binary_crossentropy", np.abs(np.tanh(FRACTIONS)), "loss"),  # an autoencoder
    ],
)
def test_the_metric_follows_loss_and_labels(loss, labels, metric):
    result = sensitivity(regression(), (X, labels), ratios=[0.5], criterion="l2", loss=loss)
    assert result.metric == metric
    data = tf.data.Dataset.from_tensor_slices((X, labels)).batch(16)
    assert sensitivity(regression(), data, ratios=[0.5], criterion="l2", loss=loss).metric == metric


def test_label_smoothing_and_several_outputs(model):
    smooth = np.eye(2)[Y] * 0.8 + 0.1
    result = sensitivity(model, (X, smooth), ratios=[0.5], criterion="l2", loss=keras.losses.CategoricalCrossentropy())
    assert (result.metric, result.base) == ("accuracy", 1.0)
    result = sensitivity(regression(2), (X, [FRACTIONS, FRACTIONS]), ratios=[0.5], criterion="l2")
    assert result.metric == "loss"


@pytest.mark.parametrize(
    ("outputs", "labels", "why"),
    [
        (1, FRACTIONS, "the labels are fractions, not classes"),
        (2, [FRACTIONS, FRACTIONS], "the model 'net' has several outputs"),
    ],
)
def test_an_accuracy_that_says_nothing_is_refused(outputs, labels, why):
    with pytest.raises(ValueError, match=f"metric='accuracy' says nothing here, as {why}: pass metric='loss'"):
        sensitivity(regression(outputs), (X, labels), metric="accuracy", criterion="l2")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (((X, Y) for _ in range(9)), "data is read once for each group and share, and a generator .* ends after the"),
        (tf.data.Dataset.from_tensors(X), "found an array alone without labels"),
        (tf.data.Dataset.from_tensors((X, Y)).take(0), "found no batch"),
        (tf.data.Dataset.from_tensors((X, Y)).repeat(), "data has no end"),
    ],
)
def test_data_that_cannot_be_measured(model, data, message):
    with pytest.raises(ValueError, match=message):
        sensitivity(model, data)
