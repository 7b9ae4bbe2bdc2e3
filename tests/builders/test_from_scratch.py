"""`renew`: what trains gets new values from its own initializers, and nothing else changes."""

import keras
import numpy as np
import pytest
from keras import layers

import kspec
from kspec.builders.from_scratch import renew
from kspec.errors import SpecError
from kspec.parts.initializers import PartialIdentity
from tests import tiny_bert

PATH = ("stages", 0, "train", "from_scratch")
IMAGES = np.random.default_rng(0).integers(0, 255, (32, 16, 16, 3)).astype("float32")


def values(network):
    return {f"{number} {one.path}": np.array(one) for number, one in enumerate(network.weights)}


def changed(network, seed=5):
    """The names of the weights that are others after it."""
    before = values(network)
    renew(network, seed, PATH)
    after = values(network)
    return {key.split(" ")[1] for key, value in before.items() if not np.array_equal(value, after[key])}


def noised(network):
    """No weight is what its initializer gives, zeros and ones neither."""
    random = np.random.default_rng(1)
    for one in network.weights:
        if one.dtype.startswith("float"):
            one.assign(np.array(one) + random.uniform(0.1, 0.2, one.shape))
    return network


def trained_names(network):
    return {one.path for one in network.trainable_weights}


@pytest.fixture
def fast():
    """A trained FastResNet, without half of its neurons."""
    model = kspec.FastResNet((16, 16, 3), 4, widths=(8, 8), seed=3)
    kspec.adapt_model(model, IMAGES)
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    noised(keras.Model(model.inputs, [one.output for one in norms]))
    small, _ = kspec.prune_neurons(model, ratio=0.5, criterion="l2", scope="all")
    return small


def test_a_pruned_fast_resnet(fast):
    assert fast.get_layer("group2_conv1").kernel.shape == (3, 3, 4, 4)
    conv, norm = fast.get_layer("group2_conv1"), fast.get_layer("group2_norm2")
    before, after = changed(fast), values(fast)
    statistics = {f"group{a}_norm{b}/moving_{what}" for a in (1, 2) for b in (1, 2) for what in ("mean", "variance")}
    assert before == trained_names(fast) | statistics
    assert np.abs(after["4 whiten/kernel"]).max() > 0
    assert (np.array(norm.moving_variance) == 1).all() and (np.array(norm.moving_mean) == 0).all()
    kernel = np.array(conv.kernel)
    expected = np.zeros((4, 4))
    np.fill_diagonal(expected, 1)
    np.testing.assert_array_equal(kernel[1, 1], expected)  # PartialIdentity, of the new shape
    assert not np.array(fast.get_layer("whiten").bias).any()


def test_a_seed_in_an_initializer_is_not_that_of_the_new_values():
    def network():
        inputs = keras.Input((4, 4, 2))
        first = layers.Conv2D(8, 3, kernel_initializer=PartialIdentity(seed=7), name="own")(inputs)
        normal = keras.initializers.HeNormal(seed=7)
        return keras.Model(inputs, layers.Conv2D(3, 1, kernel_initializer=normal, name="keras")(first))

    one, other, third = network(), network(), network()
    assert changed(one) == {"own/kernel", "keras/kernel"}
    renew(other, 5, PATH)
    renew(third, 6, PATH)
    for first, second, another in zip(one.weights, other.weights, third.weights, strict=True):
        np.testing.assert_array_equal(first, second)
        assert "bias" in first.path or not np.array_equal(first, another)


@pytest.mark.parametrize(
    ("make", "stays"),
    [
        (lambda: kspec.MLP((4, 4, 1), 3, hidden=(8, 8), batch_norm=True, dropout=0.5), {"standardize"}),
        (lambda: kspec.RNN((6, 4), 3), set()),
        (lambda: kspec.Transformer((6, 4), 3), set()),
    ],
    ids=["MLP", "RNN", "Transformer"],
)
def test_families(make, stays):
    network = noised(make())
    names = {one.path for one in network.weights}
    expected = {name for name in names if name.split("/")[0] not in stays and "seed_generator" not in name}
    assert changed(network) == expected
    assert stays <= {name.split("/")[0] for name in names}


def test_what_is_frozen_stays():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.BatchNormalization()], name="inner")
    network = keras.Sequential([keras.Input((4,)), inner, layers.Dense(2, name="head")], name="all")
    inner.trainable = False
    assert changed(noised(network)) == {"all/head/kernel", "all/head/bias"}


def test_a_bert_keeps_its_vocabulary(tmp_path):
    tiny_bert.save(tmp_path / "bert")
    import keras_hub

    network = noised(keras_hub.models.TextClassifier.from_preset(str(tmp_path / "bert")))
    assert changed(network) == trained_names(network)
    assert network.preprocessor.tokenizer.get_vocabulary() == tiny_bert.WORDS


@keras.saving.register_keras_serializable(package="tests")
class OwnModel(keras.Model):
    """A class that Keras cannot make from its configuration."""

    def __init__(self, dense):
        super().__init__()
        self.dense = dense

    def call(self, x):
        return self.dense(x)


@keras.saving.register_keras_serializable(package="tests")
class Unbuilt(keras.Model):
    """A class that makes its weights when it is first called."""

    def build(self, shape):
        self.dense = layers.Dense(2)
        self.dense.build(shape)

    def call(self, x):
        return self.dense(x)

    def build_from_config(self, config):
        pass


@pytest.mark.parametrize(
    ("make", "reason"),
    [(lambda: OwnModel(layers.Dense(2)), "a second time: "), (Unbuilt, "weights do not follow from its configuration")],
)
def test_what_cannot_be_made_again(make, reason):
    network = make()
    network(np.zeros((1, 3), "float32"))
    before = values(network)
    with pytest.raises(SpecError, match="the network before this stage cannot be built") as raised:
        renew(network, 5, PATH)
    [problem] = raised.value.problems
    assert reason in problem.message and problem.path == PATH
    assert all(np.array_equal(value, before[key]) for key, value in values(network).items())
