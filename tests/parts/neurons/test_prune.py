"""kspec.prune_neurons: arguments, targets, reports, and what it gives back."""

from typing import ClassVar

import keras
import numpy as np
import pytest
from keras import layers

import kspec
from kspec import prune_neurons

X = np.random.default_rng(0).normal(size=(16, 8, 8, 3)).astype("float32")
Y = np.random.default_rng(1).integers(0, 3, 16)


@pytest.fixture(scope="module")
def model():
    """A residual network with the groups stem + out (residual), inner, and hidden."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same", name="stem")(inputs)
    y = layers.BatchNormalization(name="norm")(layers.Conv2D(12, 3, padding="same", name="inner")(x))
    y = layers.Conv2D(8, 3, padding="same", name="out")(layers.ReLU()(y))
    x = layers.GlobalAveragePooling2D()(layers.Add()([x, y]))
    x = layers.Dense(10, activation="relu", name="hidden")(x)
    net = keras.Model(inputs, layers.Dense(3, activation="softmax", name="classes")(x), name="net")
    net.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return net


def counts(report):
    return {group.name: (group.before, group.after) for group in report.groups}


def test_internal_scope(model):
    small, report = prune_neurons(model, (X, Y), ratio=0.5)
    assert counts(report) == {"inner": (12, 6), "hidden": (10, 5)}
    reasons = {one.layers: one.reason for one in report.frozen}
    assert reasons[("classes",)] == "an output of the model (classes)"
    assert "an addition ties them" in reasons[("stem", "out")]
    assert [layer.name for layer in small.layers] == [layer.name for layer in model.layers]
    assert small.get_layer("inner").filters == 6


def test_all_scope(model):
    _, report = prune_neurons(model, (X, Y), ratio=0.5, scope="all")
    assert counts(report) == {"stem + out": (8, 4), "inner": (12, 6), "hidden": (10, 5)}
    assert [group.residual for group in report.groups] == [True, False, False]


def test_the_report_by_hand(model):
    _, report = prune_neurons(model, ratio={"inner": 0.5}, criterion="l2")
    # Kernels 3 x 3: 3 -> 8 -> 12 -> 8 channels at 64 positions; 8 -> 10 -> 3 units.
    assert report.macs_before == 64 * 9 * (3 * 8 + 8 * 12 + 12 * 8) + 8 * 10 + 10 * 3
    assert report.macs_after == 64 * 9 * (3 * 8 + 8 * 6 + 6 * 8) + 8 * 10 + 10 * 3
    assert report.parameters_before == model.count_params()
    assert report.parameters_before - report.parameters_after == 9 * 8 * 6 + 6 + 4 * 6 + 9 * 6 * 8
    lines = str(report).splitlines()
    assert lines[0].startswith("parameters  ") and "->" in lines[0]
    assert any(line.split() == ["12", "->", "6", "inner"] for line in lines)


@pytest.mark.parametrize("criterion", ["taylor", "l1", "l2", "bn_gamma", "random"])
def test_every_criterion_reaches_a_target(model, criterion):
    small, report = prune_neurons(model, (X, Y), macs=0.8, criterion=criterion)
    assert report.macs_after <= 0.8 * report.macs_before
    assert small.count_params() == report.parameters_after < report.parameters_before
    assert (criterion == "bn_gamma") == ("hidden" not in counts(report))


def test_parameters_as_the_target(model):
    small, report = prune_neurons(model, parameters=0.5, criterion="l2", round_to=2, min_channels=4)
    assert small.count_params() <= 0.5 * model.count_params()
    assert all(after % 2 == 0 and after >= 4 for _, after in counts(report).values())


def test_the_old_model_stays(model):
    before = [np.array(value) for value in model.get_weights()]
    output = model.predict_on_batch(X)
    prune_neurons(model, (X, Y), ratio=0.5, scope="all")
    assert all(np.array_equal(one, two) for one, two in zip(model.get_weights(), before, strict=True))
    assert np.array_equal(model.predict_on_batch(X), output)
    assert model.optimizer.iterations == 0


def test_the_new_model_trains_saves_and_exports(model, tmp_path):
    small, _ = prune_neurons(model, (X, Y), ratio=0.5)
    small.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", jit_compile=False)
    losses = small.fit(X, Y, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    small.save(tmp_path / "small.keras")
    again = keras.saving.load_model(tmp_path / "small.keras")
    assert np.array_equal(again.predict_on_batch(X), small.predict_on_batch(X))
    assert not any(type(layer).__module__.startswith("kspec") for layer in again._flatten_layers())
    small.export(tmp_path / "exported", verbose=False)
    import tensorflow as tf

    served = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(served.serve(X), small.predict_on_batch(X), atol=1e-6)


def test_excluded_layers(model):
    _, report = prune_neurons(model, ratio=0.5, criterion="l1", exclude=["inn*"])
    assert counts(report) == {"hidden": (10, 5)}
    assert "excluded by 'inn*'" in [one.reason for one in report.frozen]


def test_one_pattern_needs_no_list(model):
    _, report = prune_neurons(model, ratio=np.float32(0.5), criterion="l1", exclude="inner")
    assert counts(report) == {"hidden": (10, 5)}


@pytest.mark.parametrize("wrong", ["x", None, layers.Dense(3)])
def test_what_is_no_model(wrong):
    with pytest.raises(
        ValueError, match=f"neurons can be removed from a Keras model, not from {type(wrong).__name__} "
    ):
        prune_neurons(wrong, ratio=0.5, criterion="l2")


def test_a_sequential_model_stays_one():
    net = keras.Sequential([keras.Input((4,)), layers.Dense(6, name="a"), layers.Dense(2)], name="line")
    small, _ = prune_neurons(net, ratio=0.5, criterion="l2")
    assert type(small) is keras.Sequential
    assert (small.name, small.layers[0].units) == ("line", 3)


def test_frozen_layers_stay_frozen(model):
    net = keras.models.clone_model(model)
    net.get_layer("stem").trainable = False
    small, _ = prune_neurons(net, ratio=0.5, criterion="l2")
    assert [layer.trainable for layer in small.layers] == [layer.trainable for layer in net.layers]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one of ratio, macs and parameters says how much goes; given: none"),
        ({"ratio": 0.5, "macs": 0.5}, "given: ratio and macs"),
        ({"ratio": 1.5}, "ratio is a share, more than 0 and less than 1, not 1.5"),
        ({"macs": 0}, "macs is a share"),
        ({"parameters": "half"}, "parameters is a share, more than 0 and less than 1, not 'half'"),
        ({"ratio": {"inner": 2}}, "ratio is a share, more than 0 and less than 1, not 2"),
        ({"ratio": {"outer": 0.5, "oter": 0.1}, "criterion": "l1"}, "ratio: no layer of .* fits 'outer' .*; 'oter'"),
        ({"ratio": 0.5, "criterion": "tailor"}, "criterion is one of taylor, l1, l2, bn_gamma, random, not 'tailor'"),
        ({"ratio": 0.5, "scope": "inner", "criterion": "l1"}, "scope is one of internal, all, not 'inner'"),
        ({"ratio": 0.5}, "the criterion 'taylor' needs data"),
        ({"ratio": 0.5, "criterion": "l1", "round_to": 0}, "round_to is a whole number of at least 1, not 0"),
        (
            {"ratio": 0.5, "criterion": "l1", "exclude": ["conv*"]},
            r"exclude: no layer .* fits 'conv\*' \(nearest: ",
        ),
        (
            {"ratio": {}, "criterion": "l1"},
            "ratio is a share, or at least one pattern over layers with its share, not {}",
        ),
        (
            {"ratio": 0.5, "criterion": "l1", "round_to": 64},
            r"^ratio=0.5 removes nothing: round_to=64 leaves inner \(12\), hidden \(10\) as they are; loosen it$",
        ),
        (
            {"ratio": {"hid*": 0.5}, "criterion": "l1", "min_channels": 100},
            r"^ratio removes nothing: min_channels=100 leaves hidden \(10\) as they are; loosen it$",
        ),
        ({"ratio": 0.5, "criterion": "l1", "max_ratio": 0.01}, "removes nothing: max_ratio=0.01 leaves inner"),
        # Each alone would let something go: 8 of 12, and 7 of 12 and of 10.
        (
            {"ratio": {"inn*": 0.5}, "criterion": "l1", "round_to": 8, "min_channels": 9},
            r"removes nothing: round_to=8 and min_channels=9 leaves inner \(12\)",
        ),
        (
            {"ratio": 0.05, "criterion": "l1"},
            r"^ratio=0.05 is less than one neuron of each group, inner \(12\), hidden \(10\): give a larger ratio$",
        ),
        ({"macs": 0.05, "criterion": "l1"}, r"macs=0.05 cannot be reached: with max_ratio=0.9, .* is the least"),
        ({"ratio": 0.5, "criterion": "l1", "exclude": ["*"]}, "no neurons that could go: .*excluded"),
    ],
)
def test_wrong_arguments(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        prune_neurons(model, **arguments)


def test_an_open_length_has_no_macs():
    inputs = keras.Input((None, 3))
    net = keras.Model(inputs, layers.Dense(2)(layers.GlobalMaxPooling1D()(layers.Conv1D(6, 3, name="conv")(inputs))))
    with pytest.raises(ValueError, match="the MACs of conv depend on a length"):
        prune_neurons(net, macs=0.5, criterion="l2")
    _, report = prune_neurons(net, ratio=0.5, criterion="l2")
    assert report.macs_before is None
    assert "unknown" in str(report)


class Subclassed(keras.Model):
    def call(self, x):
        return x


@keras.saving.register_keras_serializable(package="tests")
class Doubled(layers.Layer):
    def call(self, x):
        return 2 * x


def with_layer(layer):
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(2)(layer(layers.Dense(6, name="before")(inputs))))


class Tied(layers.Layer):
    def __init__(self, dense):
        super().__init__(name="second")
        self.dense = dense

    def call(self, x):
        return self.dense(x)


def tied_weights():
    inputs, first = keras.Input((4,)), layers.Dense(4, name="first")
    return keras.Model(inputs, Tied(first)(first(inputs)))


def lora():
    net = with_layer(layers.Dense(6, name="big"))
    net.get_layer("big").enable_lora(2)
    return net


def quantized():
    net = with_layer(layers.Dense(6, name="big"))
    net.get_layer("big").quantize("int8")
    return net


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Subclassed(name="mine"), r"the model 'mine' \(Subclassed\) has no graph"),
        (lambda: keras.Sequential([layers.Dense(2)], name="open"), r"the model 'open' \(Sequential\) is not built"),
        (lambda: with_layer(layers.Lambda(lambda x: x, name="anything")), "the layer 'anything' is a Lambda"),
        (lora, r"the layer 'big' \(Dense\) has LoRA weights"),
        (quantized, r"the layer 'big' \(Dense\) is quantized"),
        (tied_weights, "the layers 'first' and 'second' share the weight 'kernel'"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        prune_neurons(make(), ratio=0.5, criterion="l2")


def test_an_unknown_layer_freezes_its_neighbours():
    net = with_layer(Doubled(name="twice"))
    with pytest.raises(ValueError, match=r"twice \(Doubled\): it is not known what Doubled does to channels"):
        prune_neurons(net, ratio=0.5, criterion="l2")


def test_statistics_of_the_data_come_along():
    inputs = keras.Input((3,))
    scale = layers.Normalization()
    net = keras.Model(inputs, layers.Dense(2)(layers.Dense(6, name="hidden")(scale(inputs))))
    x = np.random.default_rng(0).normal(5, 3, size=(20, 3)).astype("float32")
    scale.adapt(x)
    small, _ = prune_neurons(net, ratio=0.5, criterion="l2")
    np.testing.assert_allclose(small.layers[1](x), scale(x), rtol=1e-6)


TABLE = np.random.default_rng(2).normal(size=(10, 8)).astype("float32")


def with_constants(array):
    """The usual recipe for word vectors, and constants in layers that read and scale them."""
    inputs = keras.Input((5,), dtype="int32")
    x = layers.Embedding(10, 8, embeddings_initializer=keras.initializers.Constant(array), name="words")(inputs)
    x = layers.BatchNormalization(gamma_initializer=keras.initializers.Constant(TABLE[0]), name="norm")(x)
    x = layers.Bidirectional(layers.LSTM(4, kernel_initializer=keras.initializers.Constant(TABLE[:8, :1])))(x)
    x = layers.Dense(6, kernel_initializer=keras.initializers.Constant(np.ones((8, 1))), name="ones")(x)
    return keras.Model(inputs, layers.Dense(2, name="out", kernel_initializer=keras.initializers.Constant(2.0))(x))


@pytest.mark.parametrize("array", [TABLE, TABLE.tolist(), keras.ops.convert_to_tensor(TABLE)])
def test_initializers_that_hold_arrays_are_cut_too(array, tmp_path):
    net = with_constants(array)
    net.get_layer("words").embeddings.assign(TABLE * np.arange(1, 9))  # the last columns matter most
    net.get_layer("norm").gamma.assign(np.ones(8))
    small, _ = prune_neurons(net, ratio={"words": 0.5, "bidirectional*": 0.5, "ones": 0.5}, criterion="l2")
    kept = [
        int(np.abs(TABLE * np.arange(1, 9) - one[:, None]).sum(axis=0).argmin()) for one in small.get_weights()[0].T
    ]
    assert len(kept) == 4
    small.save(tmp_path / "small.keras")
    again = keras.saving.load_model(tmp_path / "small.keras")
    tokens = np.arange(10).reshape(2, 5)
    assert np.array_equal(again.predict_on_batch(tokens), small.predict_on_batch(tokens))
    for model in (small, again):
        np.testing.assert_array_equal(model.get_layer("words").embeddings_initializer.value, TABLE[:, kept])
        np.testing.assert_array_equal(model.get_layer("norm").gamma_initializer.value, TABLE[0, kept])
        assert np.shape(model.get_layer("ones").kernel_initializer.value) == (4, 1)
        assert model.get_layer("out").kernel_initializer.value == 2.0


@keras.saving.register_keras_serializable(package="tests")
class OldShape(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return keras.ops.ones((6, 6), dtype)

    def get_config(self):
        return {}


def test_an_initializer_of_the_old_shape_is_refused_with_its_layer():
    net = with_layer(layers.Dense(6, name="own", kernel_initializer=OldShape()))
    message = r"the weight 'kernel' of the layer 'own' \(Dense\) becomes \(3, 3\), and its copy begins with \(6, 6\)"
    with pytest.raises(ValueError, match=message):
        prune_neurons(net, ratio=0.5, criterion="l2")


class Growing(layers.Layer):
    """Counts its objects, and cannot be built a second time."""

    made: ClassVar[list[str]] = []

    def build(self, shape):
        self.made.append(self.name)
        if len(self.made) > 1:
            raise RuntimeError("once is enough")

    def call(self, x):
        return x


def test_a_layer_that_cannot_be_built_again_is_named():
    inputs = keras.Input((4,))
    x = layers.Dense(2)(layers.Dense(6)(Growing(name="growing")(inputs)))
    message = r"^the layer 'growing' \(Growing\) cannot be built in the smaller model: once is enough$"
    with pytest.raises(ValueError, match=message):
        prune_neurons(keras.Model(inputs, x), ratio=0.5, criterion="l2")


@keras.saving.register_keras_serializable(package="tests")
class Nameless(layers.Layer):
    def call(self, x):
        return x

    def get_config(self):
        return {}


def test_a_layer_whose_configuration_has_no_name_keeps_it():
    inputs = keras.Input((4,))
    x = layers.Dense(2, name="out")(layers.Dense(6, name="hidden")(Nameless(name="mine")(inputs)))
    small, _ = prune_neurons(keras.Model(inputs, x), ratio=0.5, criterion="l2")
    assert [layer.name for layer in small.layers[1:]] == ["mine", "hidden", "out"]


def test_an_initializer_for_several_weights_is_refused():
    inputs = keras.Input((4, 6))
    attention = layers.MultiHeadAttention(6, 6, kernel_initializer=keras.initializers.Constant(np.ones(6)), name="mha")
    x = layers.Dense(6, name="before")(inputs)
    net = keras.Model(inputs, layers.Dense(2)(attention(x, x)))
    with pytest.raises(
        ValueError, match=r"the layer 'mha' .* begins several weights with the array of its kernel_init"
    ):
        prune_neurons(net, ratio=0.5, criterion="l2")


def test_a_lambda_is_named_without_its_bytes():
    net = with_layer(layers.Dense(6, name="own", kernel_initializer=lambda shape, dtype=None: keras.ops.ones(shape)))
    message = (
        r"^the layer 'own' \(Dense\) cannot be made anew from its configuration: its kernel_initializer is a lambda; "
        r"give it a function registered with keras.saving.register_keras_serializable$"
    )
    with pytest.warns(UserWarning, match="includes a `lambda`"), pytest.raises(ValueError, match=message):
        prune_neurons(net, ratio=0.5, criterion="l2")


def test_public_names():
    assert {"prune_neurons", "recalibrate", "sensitivity", "plot_sensitivity", "drop_layers"} <= set(kspec.__all__)
