import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.optimizers import ParameterGroup, assign_groups, grouped

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X @ np.array([[1.0], [-2.0], [0.5]], "float32")
SGD = grouped(keras.optimizers.SGD)


def _fit(optimizer, epochs=3, jit=False):
    """The weights of a small network after some steps."""
    keras.utils.set_random_seed(0)
    # A Sequential that is built at once puts its own name in front of the paths.
    x = keras.Input((3,))
    hidden = keras.layers.Dense(4, activation="tanh", name="body")(x)
    model = keras.Model(x, keras.layers.Dense(1, name="head")(hidden))
    model.compile(optimizer, "mse", jit_compile=jit)
    model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0)
    return model.get_weights()


ARGUMENTS = [
    {},
    {"clipnorm": 0.1},
    {"global_clipnorm": 0.1},
    {"use_ema": True, "ema_momentum": 0.5},
    {"gradient_accumulation_steps": 2},
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_neutral_groups_change_nothing(name, arguments):
    plain = getattr(keras.optimizers, name)
    groups = [{"match": "head/*", "learning_rate": 1.0, "weight_decay": 0.0}]
    expected, ours = _fit(plain(0.1, **arguments)), _fit(grouped(plain)(0.1, groups=groups, **arguments))
    for a, b in zip(expected, ours, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("nesterov", [False, True])
def test_two_steps_by_hand(nesterov):
    kernel = keras.Variable([2.0, -1.0], name="kernel")
    beta = keras.Variable([0.5], name="beta")
    optimizer = SGD(
        0.1,
        momentum=0.9,
        nesterov=nesterov,
        groups=[{"match": "*beta", "learning_rate": 64}, {"match": "*", "weight_decay": 0.5}],
    )
    gradients = np.array([1.0, 3.0]), np.array([0.2])
    expected = [np.array([2.0, -1.0]), np.array([0.5])]
    momenta = [np.zeros(2), np.zeros(1)]
    for _ in range(2):
        optimizer.apply([tf.constant(g, tf.float32) for g in gradients], [kernel, beta])
        for i, (rate, decay) in enumerate([(0.1, 0.5), (6.4, 0.0)]):
            g = gradients[i] + decay * expected[i]
            momenta[i] = 0.9 * momenta[i] - rate * g
            expected[i] = expected[i] + (0.9 * momenta[i] - rate * g if nesterov else momenta[i])
    np.testing.assert_allclose(kernel, expected[0], rtol=1e-5)
    np.testing.assert_allclose(beta, expected[1], rtol=1e-5)


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_rate_zero_freezes_only_its_group(arguments):
    start = _fit(keras.optimizers.SGD(0.0))
    end = _fit(SGD(0.1, groups=[{"match": "head/*", "learning_rate": 0}], **arguments))
    assert not np.array_equal(start[0], end[0])
    np.testing.assert_array_equal(start[2], end[2])
    np.testing.assert_array_equal(start[3], end[3])


def test_schedule_is_multiplied():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    variable = keras.Variable([0.0], name="v")
    optimizer = SGD(schedule, groups=[{"match": "v", "learning_rate": 10}])
    for expected in (-1.0, -1.5, -1.75):
        optimizer.apply([tf.constant([1.0])], [variable])
        np.testing.assert_allclose(variable, [expected], rtol=1e-6)


def test_xla_gives_the_same():
    groups = [{"match": "*/bias", "learning_rate": 2.0}, {"match": "*", "weight_decay": 0.1}]
    for a, b in zip(_fit(SGD(0.1, groups=groups)), _fit(SGD(0.1, groups=groups), jit=True), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_decay_of_a_sparse_gradient():
    table = keras.Variable(np.ones((3, 2)), name="embeddings")
    optimizer = SGD(1.0, groups=[{"match": "embeddings", "weight_decay": 0.25}])
    gradient = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([1]), tf.constant([3, 2]))
    optimizer.apply([gradient], [table])
    np.testing.assert_allclose(table, [[0.75, 0.75], [-0.25, -0.25], [0.75, 0.75]])


def test_decoupled_decay_on_all_is_keras_own():
    expected = _fit(keras.optimizers.AdamW(0.1, weight_decay=0.2))
    groups = [{"match": "*", "weight_decay": 0.2, "decoupled": True}]
    for a, b in zip(expected, _fit(grouped(keras.optimizers.Adam)(0.1, groups=groups)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_decoupled_decay_follows_the_rate_of_its_group():
    kernel = keras.Variable([2.0], name="kernel")
    groups = [{"match": "*", "learning_rate": 3.0, "weight_decay": 0.5, "decoupled": True}]
    SGD(0.1, groups=groups).apply([tf.constant([1.0])], [kernel])
    # 2 * (1 - 0.1 * 3 * 0.5) - 0.1 * 3 * 1
    np.testing.assert_allclose(kernel.numpy(), [1.4], rtol=1e-6)


def test_works_inside_loss_scaling():
    inner = SGD(0.1, groups=[{"match": "head/*", "learning_rate": 0}])
    end = _fit(keras.optimizers.LossScaleOptimizer(inner, initial_scale=4.0))
    np.testing.assert_array_equal(end[3], [0.0])


def test_first_match_wins():
    groups = [ParameterGroup("*/bias", 2.0), ParameterGroup("head/*", 3.0)]
    chosen = assign_groups(groups, ["body/kernel", "body/bias", "head/kernel", "head/bias"])
    assert [group.learning_rate for group in chosen] == [1.0, 2.0, 3.0, 2.0]


@pytest.mark.parametrize(
    ("match", "message"),
    [("*/gamma", "'\\*/gamma' fits no variable; the variables are: body/kernel"), ("head/*", "an earlier group takes")],
)
def test_a_group_without_variables(match, message):
    with pytest.raises(ValueError, match=message):
        _fit(SGD(0.1, groups=[{"match": "*/kernel"}, {"match": "*/bias"}, {"match": match}]))


def test_unknown_field():
    with pytest.raises(TypeError, match="decay"):
        SGD(0.1, groups=[{"match": "*", "decay": 1}])


def test_same_class_every_time_for_every_optimizer():
    assert grouped(keras.optimizers.Adam) is grouped(keras.optimizers.Adam)
    assert keras.saving.get_registered_object("kspec>GroupedLion") is grouped(keras.optimizers.Lion)


def test_config_round_trip():
    groups = [{"match": "*/kernel", "learning_rate": 1.0, "weight_decay": 0.1, "decoupled": True}]
    optimizer = SGD(0.1, momentum=0.5, groups=groups)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is SGD
    assert again.get_config() == optimizer.get_config()
    assert again.get_config()["groups"] == groups


def test_saves_and_continues(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name="head")])
    model.compile(SGD(0.05, momentum=0.9, groups=[{"match": "*/kernel", "weight_decay": 0.1}]), "mse")
    model.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, again):
        each.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
