import keras
import numpy as np
import pytest
from scipy.special import softmax

import kspec
from kspec import (
    AttentionTransfer,
    DecoupledDistillation,
    Distiller,
    FeatureDistillation,
    LogitsDistillation,
    PredictionDistillation,
    SelfTeacher,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(32, 8, 8, 1)).astype("float32")
Y = RANDOM.integers(0, 3, 32)
EVERY_LOSS = (
    LogitsDistillation(3.0, 0.7),
    DecoupledDistillation(weight=0.2),
    FeatureDistillation("conv", "conv"),
    AttentionTransfer("bn", "bn", weight=10.0),
)


def _compiled(distiller, optimizer="sgd", **arguments):
    arguments = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **arguments}
    distiller.compile(optimizer, **arguments)
    return distiller


def _one_step(distiller, **fit):
    """The logs of one step on all data that changes nothing."""
    _compiled(distiller, keras.optimizers.SGD(0.0))
    history = distiller.fit(X, Y, batch_size=len(X), verbose=0, shuffle=False, **fit).history
    return {name: values[0] for name, values in history.items()}


def _expected(teacher, student, temperature):
    """Hard and soft loss of each example, from predicted probabilities, in float64."""
    theirs, ours = (np.log(model.predict(X, verbose=0).astype("float64")) for model in (teacher, student))
    p, q = softmax(theirs / temperature, -1), softmax(ours / temperature, -1)
    return -ours[np.arange(len(X)), Y], temperature**2 * (p * (np.log(p) - np.log(q))).sum(-1)


def _without_batch_norm(width, seed):
    """A network whose training pass is its inference pass."""
    keras.utils.set_random_seed(seed)
    layers = [
        keras.layers.Conv2D(width, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(3, "softmax"),
    ]
    return keras.Sequential([keras.Input((8, 8, 1)), *layers])


@pytest.mark.parametrize("weights", [None, "sample", "class"])
def test_the_loss_is_numpys_and_respects_weights(weights):
    teacher, student = _without_batch_norm(8, 1), _without_batch_norm(2, 2)
    hard, soft = _expected(teacher, student, 3.0)
    fit, weight = {}, np.ones(len(X))
    if weights == "sample":
        weight = RANDOM.uniform(0, 2, len(X))
        fit["sample_weight"] = weight
    if weights == "class":
        fit["class_weight"] = {0: 0.5, 1: 0.0, 2: 2.0}
        weight = np.array([0.5, 0.0, 2.0])[Y]
    found = _one_step(Distiller(teacher, student, LogitsDistillation(3.0, 0.7), hard_weight=0.2), **fit)
    assert found["hard_loss"] == pytest.approx((weight * hard).mean(), rel=1e-5)
    assert found["soft_loss"] == pytest.approx((weight * 0.7 * soft).mean(), rel=1e-5, abs=1e-6)
    assert found["loss"] == pytest.approx((weight * (0.2 * hard + 0.7 * soft)).mean(), rel=1e-5)


def test_weights_of_zero_silence_every_part(network):
    distiller = Distiller(network(8, seed=1), network(4, seed=2), EVERY_LOSS)
    assert _one_step(distiller, sample_weight=np.zeros(len(X)))["loss"] == 0


def test_weights_follow_their_schedules():
    teacher, student = _without_batch_norm(8, 1), _without_batch_norm(2, 2)
    hard, soft = _expected(teacher, student, 3.0)
    loss = LogitsDistillation(3.0, keras.optimizers.schedules.PolynomialDecay(1.0, 4, 0.0))
    distiller = _compiled(
        Distiller(teacher, student, loss, hard_weight=lambda step: 2 * step), keras.optimizers.SGD(0.0)
    )
    history = distiller.fit(X, Y, batch_size=len(X), epochs=3, verbose=0).history["loss"]
    expected = [2 * step * hard.mean() + (1 - step / 4) * soft.mean() for step in range(3)]
    np.testing.assert_allclose(history, expected, rtol=1e-5)


def test_regularizers_of_the_student_count_once_and_whole():
    teacher, student = _without_batch_norm(8, 1), _without_batch_norm(2, 2)
    plain = _one_step(Distiller(teacher, student, hard_weight=0.1))["loss"]
    student.layers[0].kernel_regularizer = keras.regularizers.L2(0.5)
    student.layers[0].kernel.regularizer = student.layers[0].kernel_regularizer
    squares = 0.5 * float((student.layers[0].kernel.numpy() ** 2).sum())
    distiller = Distiller(teacher, student, hard_weight=0.1)
    assert _one_step(distiller)["loss"] == pytest.approx(plain + squares, rel=1e-5)
    assert distiller.evaluate(X, Y, verbose=0)[0] == pytest.approx(_expected(teacher, student, 1)[0].mean() + squares)


def test_without_a_compiled_loss_the_teacher_alone_teaches():
    teacher, student = _without_batch_norm(8, 1), _without_batch_norm(2, 2)
    distiller = Distiller(teacher, student, LogitsDistillation(3.0, 1.0))
    distiller.compile(keras.optimizers.SGD(0.0))
    history = distiller.fit(X, batch_size=len(X), verbose=0).history
    assert history["loss"] == pytest.approx([_expected(teacher, student, 3.0)[1].mean()], rel=1e-5)


def test_evaluation_and_prediction_are_the_students(network):
    student = network(4, seed=2)
    distiller = _compiled(Distiller(network(8, seed=1), student, EVERY_LOSS))
    history = distiller.fit(X, Y, verbose=0, validation_data=(X, Y)).history
    assert set(history) == {"loss", "hard_loss", "soft_loss", "accuracy", "val_loss", "val_accuracy"}
    student.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    assert distiller.evaluate(X, Y, verbose=0, return_dict=True) == student.evaluate(X, Y, verbose=0, return_dict=True)
    assert distiller.evaluate(X, Y, verbose=0) == [history["val_loss"][0], history["val_accuracy"][0]]
    np.testing.assert_array_equal(distiller.predict(X, verbose=0), student.predict(X, verbose=0))


@keras.saving.register_keras_serializable("kspec_tests")
class _Counted(keras.layers.Layer):
    """Counts its runs in training and in inference."""

    def build(self, input_shape):
        self.runs = self.add_weight(shape=(2,), initializer="zeros", trainable=False, name="runs")

    def call(self, inputs, training=None):
        self.runs.assign_add([1.0, 0.0] if training else [0.0, 1.0])
        return inputs


def _counted(seed):
    inner = _without_batch_norm(4, seed)
    keras.utils.set_random_seed(seed)
    x = keras.Input((8, 8, 1))
    y = _Counted(name="counted")(keras.layers.Conv2D(4, 3, name="conv")(x))
    return keras.Model(x, keras.layers.Dense(3, "softmax")(keras.layers.Flatten()(y)), name=inner.name)


@pytest.mark.parametrize(("jit", "features"), [(False, True), (True, True), (False, False)])
def test_one_run_of_each_a_step_and_the_teacher_in_inference_mode(jit, features):
    teacher, student = _counted(1), _counted(2)
    soft = [LogitsDistillation(), FeatureDistillation("conv", "conv"), AttentionTransfer("counted", "counted")]
    distiller = _compiled(Distiller(teacher, student, soft if features else soft[0]), jit_compile=jit)
    distiller.fit(X, Y, batch_size=8, verbose=0)
    assert student.get_layer("counted").runs.numpy().tolist() == [4, 0]
    assert teacher.get_layer("counted").runs.numpy().tolist() == [0, 4]
    distiller.evaluate(X, Y, batch_size=8, verbose=0)
    assert student.get_layer("counted").runs.numpy().tolist() == [4, 4]
    assert teacher.get_layer("counted").runs.numpy().tolist() == [0, 4]  # evaluation asks no teacher


def test_nothing_of_the_teacher_changes(network):
    teacher = network(8, dropout=0.5, seed=1)
    teacher.get_layer("bn").trainable = False
    teacher.compile("adam", "sparse_categorical_crossentropy")
    before = [weight.numpy().copy() for weight in teacher.variables]
    flags = [layer.trainable for layer in teacher.layers]
    distiller = _compiled(Distiller(teacher, network(4, seed=2), EVERY_LOSS), "adam")
    distiller.fit(X, Y, batch_size=8, verbose=0)
    assert [layer.trainable for layer in teacher.layers] == flags
    for now, then in zip(teacher.variables, before, strict=True):
        np.testing.assert_array_equal(now, then)
    teacher.fit(X, Y, verbose=0)  # it can go on learning


def test_every_part_teaches(network):
    """With the teacher's labels alone gone wrong, the loss to the teacher falls."""
    for loss in EVERY_LOSS:
        distiller = Distiller(network(8, seed=1), network(4, seed=2), loss, hard_weight=0.0)
        history = _compiled(distiller, keras.optimizers.Adam(0.01)).fit(X, Y, epochs=12, verbose=0).history["soft_loss"]
        assert history[-1] < 0.7 * history[0], loss


def test_the_student_alone_is_saved(network, tmp_path):
    student = network(4, seed=2)
    distiller = _compiled(Distiller(network(8, seed=1), student, EVERY_LOSS))
    best = keras.callbacks.ModelCheckpoint(str(tmp_path / "best.keras"))
    weights = keras.callbacks.ModelCheckpoint(str(tmp_path / "best.weights.h5"), save_weights_only=True)
    distiller.fit(X, Y, verbose=0, callbacks=[best, weights])
    expected = student.predict(X, verbose=0)
    distiller.save(tmp_path / "student.keras")
    for name in ("best.keras", "student.keras"):
        loaded = keras.models.load_model(tmp_path / name)
        assert isinstance(loaded, keras.Sequential)
        np.testing.assert_array_equal(loaded.predict(X, verbose=0), expected)
        assert loaded.count_params() == student.count_params()
    plain = network(4, seed=9)
    plain.load_weights(tmp_path / "best.weights.h5")
    np.testing.assert_array_equal(plain.predict(X, verbose=0), expected)
    again = Distiller(network(8, seed=1), network(4, seed=9), EVERY_LOSS)
    again.load_weights(tmp_path / "best.weights.h5")
    np.testing.assert_array_equal(again.predict(X, verbose=0), expected)


def test_the_teacher_is_in_no_list_of_variables(network):
    student = network(4, seed=2)
    distiller = Distiller(network(8, seed=1), student, LogitsDistillation())
    own = {id(one) for one in (*student.variables, distiller._step)}
    assert {id(one) for one in distiller.variables} == own
    assert [id(one) for one in distiller.trainable_variables] == [id(one) for one in student.trainable_variables]


def test_early_stopping_restores_the_best_student(network):
    student = network(4, seed=2)
    distiller = _compiled(Distiller(network(8, seed=1), student, EVERY_LOSS), keras.optimizers.SGD(3.0))
    seen = []
    record = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(student.get_weights()))
    stop = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    history = distiller.fit(X, Y, epochs=8, verbose=0, validation_data=(X, Y), callbacks=[record, stop]).history
    best = int(np.argmin(history["val_loss"]))
    assert best < len(seen) - 1
    for now, then in zip(student.get_weights(), seen[best], strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    def mixed(width, seed):
        keras.utils.set_random_seed(seed)
        layers = [keras.layers.Conv2D(width, 3, name="conv"), keras.layers.Flatten()]
        return keras.Sequential([keras.Input((8, 8, 1)), *layers, keras.layers.Dense(3, "softmax", dtype="float32")])

    keras.config.set_dtype_policy(policy)
    try:
        soft = [LogitsDistillation(), FeatureDistillation("conv", "conv")]
        distiller = _compiled(Distiller(mixed(8, 1), mixed(4, 2), soft), keras.optimizers.Adam(0.01))
        history = distiller.fit(X, Y, epochs=8, verbose=0).history
    finally:
        keras.config.set_dtype_policy("float32")
    assert isinstance(distiller.optimizer, keras.optimizers.LossScaleOptimizer) == (policy == "mixed_float16")
    assert distiller.projections[0].compute_dtype == policy.removeprefix("mixed_")
    assert history["soft_loss"][-1] < 0.8 * history["soft_loss"][0]


def test_whole_numbers_reach_the_student_as_they_are():
    """In half precision the Distiller must not cast what the student would not: 2049 is no float16."""

    def network(seed):
        keras.utils.set_random_seed(seed)
        table = keras.layers.Embedding(3000, 4)
        return keras.Sequential(
            [keras.Input((2,), dtype="int32"), table, keras.layers.Flatten(), keras.layers.Dense(3)]
        )

    keras.config.set_dtype_policy("mixed_float16")
    try:
        student = network(1)
        distiller = Distiller(network(2), student)
        x = np.array([[2049, 2047]])
        np.testing.assert_array_equal(distiller(x), student(x))
        assert distiller.predict(np.float32(x), verbose=0) == pytest.approx(student.predict(x, verbose=0))
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda net: Distiller(net(4), net(4), []), "soft must be a loss"),
        (lambda net: Distiller(net(4), net(4), "logits"), "soft must be a loss"),
        (lambda net: Distiller(net(4), net(4), hard_weight=-1), "hard_weight must be"),
        (lambda net: Distiller("teacher", net(4)), "the teacher must be a keras.Model"),
        (lambda net: Distiller([], net(4)), "the teacher must be a keras.Model"),
        (lambda net: Distiller(net(4), keras.Sequential([keras.layers.Dense(3)])), "the student must be built"),
        (lambda net: Distiller([net(4), net(4)], net(4), FeatureDistillation("bn", "bn")), "features come from one"),
        (lambda net: Distiller(net(4), net(4), FeatureDistillation("nb", "bn")), "the teacher has no layer 'nb'"),
        (lambda net: Distiller(net(4), net(4), FeatureDistillation("conv", "pool")), "positions must agree"),
        (lambda net: Distiller(kspec.TeacherCache(4, 1), net(4), AttentionTransfer("bn", "bn")), "features need"),
        (lambda net: Distiller(SelfTeacher(), net(4), teacher_weights=[1]), "SelfTeacher goes without teacher_weights"),
        (
            lambda net: Distiller(kspec.TeacherCache(4, 1), net(4), teacher_activation="softmax"),
            "TeacherCache goes without teacher_activation",
        ),
        (
            lambda net: Distiller(net(4), net(4), [LogitsDistillation(), PredictionDistillation()]),
            "LogitsDistillation is for classes, and PredictionDistillation for numbers",
        ),
        (lambda net: Distiller(net(4), net(4), student_activation="numbers"), "soft=PredictionDistillation"),
        (
            lambda net: Distiller(net(4), net(4), PredictionDistillation(), teacher_activation="softmax"),
            "compares outputs as they are: no teacher_activation='softmax'",
        ),
        (lambda net: Distiller(net(4), net(4), FeatureDistillation("bn", "bn"), student_activation="relu"), "one of"),
    ],
)
def test_what_does_not_fit(network, make, message):
    with pytest.raises(ValueError, match=message):
        make(network)


def test_a_teacher_that_is_the_student(network):
    student = network(4)
    with pytest.raises(ValueError, match="share weights"):
        Distiller(student, student)
    Distiller(SelfTeacher(), student)


@pytest.mark.parametrize(("activation", "classes"), [("softmax", 4), ("sigmoid", 3)])
def test_outputs_that_do_not_fit(network, activation, classes):
    distiller = _compiled(Distiller(network(4, activation, classes), network(4)))
    with pytest.raises(ValueError, match="for each example, the student"):
        distiller.fit(X, Y, verbose=0)


# Lines in the plane: x (32, 2) to numbers or logits.
POINTS = np.random.default_rng(1).normal(size=(32, 2)).astype("float32")


def _line(weights, bias=0.0, activation=None):
    weights = np.array(weights, "float32")
    last = keras.layers.Dense(weights.shape[1], activation=activation)
    model = keras.Sequential([keras.Input((2,)), last])
    model.set_weights([weights, np.full(weights.shape[1], bias, "float32")])
    return model


def _logs(distiller, y, loss, x=POINTS, **fit):
    """The logs of one step on all data that changes nothing."""
    distiller.compile(keras.optimizers.SGD(0.0), loss)
    return {name: one[0] for name, one in distiller.fit(x, y, batch_size=len(x), verbose=0, **fit).history.items()}


@pytest.mark.parametrize("activation", [None, "softplus"])
def test_a_regression_learns_the_teachers_numbers(activation):
    teacher, student = _line([[3, 1], [-1, 2]], 50, activation), _line([[1, 0], [0, 1]], 0, activation)
    theirs, ours = (model.predict(POINTS, verbose=0).astype("float64") for model in (teacher, student))
    y = POINTS * 2
    found = _logs(Distiller(teacher, student, PredictionDistillation(0.7), hard_weight=0.2), y, "mse")
    soft, hard = 0.7 * ((theirs - ours) ** 2).mean(), ((y - ours) ** 2).mean()
    assert soft > 100
    assert found == pytest.approx({"hard_loss": hard, "soft_loss": soft, "loss": 0.2 * hard + soft}, rel=1e-5)


def test_a_student_of_a_regression_gets_near_its_teacher():
    teacher, student = _line([[3], [-1]], 5), _line([[1], [0]])
    distiller = Distiller(teacher, student, PredictionDistillation(), hard_weight=0.0)
    distiller.compile(keras.optimizers.SGD(0.1), "mse")
    distiller.fit(POINTS, POINTS[:, :1], batch_size=32, epochs=100, verbose=0)
    np.testing.assert_allclose(student.get_weights()[0], [[3], [-1]], atol=0.01)
    np.testing.assert_allclose(student.get_weights()[1], [5], atol=0.01)


def test_several_teachers_of_numbers_speak_by_their_mean():
    teachers, student = [_line([[1], [0]], 2), _line([[1], [0]], 6)], _line([[1], [0]])
    distiller = Distiller(teachers, student, PredictionDistillation(1.0), teacher_weights=np.float32([3, 1]))
    assert _logs(distiller, POINTS[:, :1], "mse")["soft_loss"] == pytest.approx(9, rel=1e-5)  # (0.75 * 2 + 0.25 * 6)^2


@pytest.mark.parametrize("loss", ["mse", "MeanAbsoluteError", keras.losses.Huber(), keras.losses.log_cosh, ["mse"]])
@pytest.mark.parametrize("soft", [LogitsDistillation(), DecoupledDistillation(weight=0.2)])
def test_numbers_are_no_logits(loss, soft):
    distiller = Distiller(_line([[1], [0]]), _line([[1], [0]]), soft)
    with pytest.raises(ValueError, match="trains them as numbers: for a regression soft=PredictionDistillation"):
        distiller.compile("sgd", loss)
    assert not distiller.compiled


def test_a_regression_loss_on_probabilities_or_what_is_said_to_be_logits():
    for activation, given in (("softmax", None), (None, "linear")):
        student = _line([[1, 0], [0, 1]], 0, activation)
        distiller = Distiller(_line([[2, 0], [0, 1]]), student, student_activation=given)
        assert np.isfinite(_logs(distiller, POINTS, "mse")["loss"])


def test_a_regression_learns_features_alone():
    distiller = Distiller(_line([[1], [0]], 3), student := _line([[1], [0]]), FeatureDistillation(*_last(student)))
    assert _logs(distiller, POINTS[:, :1], "mse")["soft_loss"] == pytest.approx(9, rel=1e-5)


def _last(student):
    """The names of the only layer, in a teacher that is made before the student, and in the student."""
    number = int(student.layers[-1].name.removeprefix("dense").removeprefix("_") or 0)
    return (f"dense_{number - 1}" if number > 1 else "dense"), student.layers[-1].name


BINARY = keras.losses.BinaryCrossentropy(from_logits=True)
LABELS = (POINTS > 0).astype("float32")


def _multi_label(teacher, student):
    """The mean over examples and classes of 16 KL at T = 4, in float64, from logits."""
    theirs, ours = (1 / (1 + np.exp(-model(POINTS).numpy().astype("float64") / 4)) for model in (teacher, student))
    kl = theirs * np.log(theirs / ours) + (1 - theirs) * np.log((1 - theirs) / (1 - ours))
    return 16 * kl.mean()


@pytest.mark.parametrize(
    ("given", "loss"),
    [
        ({}, BINARY),
        ({}, keras.losses.BinaryFocalCrossentropy(from_logits=True)),
        ({"student_activation": "sigmoid_logits"}, None),
        ({"student_activation": "sigmoid_logits", "teacher_activation": "sigmoid_logits"}, "mse"),
    ],
)
def test_logits_of_several_labels_are_a_sigmoids_each(given, loss):
    """Five more in every logit is nothing to a softmax."""
    teacher, student = _line([[1, 0], [0, 1]]), _line([[1, 0], [0, 1]], 5)
    found = _logs(Distiller(teacher, student, LogitsDistillation(4.0, 1.0), **given), LABELS, loss)
    assert found["soft_loss"] == pytest.approx(_multi_label(teacher, student), rel=1e-5) != pytest.approx(0, abs=0.1)


def test_logits_of_several_labels_of_oneself_and_of_probabilities():
    student = _line([[1, 0], [0, 1]], 5)
    probabilities = _line([[1, 0], [0, 1]], 0, "sigmoid")
    found = _logs(Distiller(probabilities, student, LogitsDistillation(4.0, 1.0)), LABELS, BINARY)
    expected = _multi_label(_line([[1, 0], [0, 1]]), student)
    assert found["soft_loss"] == pytest.approx(expected, rel=1e-5)
    assert _logs(Distiller(SelfTeacher(), student), LABELS, BINARY)["soft_loss"] == pytest.approx(0, abs=1e-6)


def test_compiled_anew_logits_are_what_the_new_loss_says():
    distiller = Distiller(_line([[1, 0], [0, 1]]), _line([[1, 0], [0, 1]], 5))
    several = _logs(distiller, LABELS, BINARY)["soft_loss"]
    one = _logs(distiller, LABELS, keras.losses.CategoricalCrossentropy(from_logits=True))["soft_loss"]
    assert one < 1e-5 < several


def test_logits_that_teacher_and_student_mean_otherwise():
    distiller = Distiller(_line([[1, 0], [0, 1]]), _line([[1, 0], [0, 1]]), teacher_activation="linear")
    with pytest.raises(ValueError, match="say what logits are of by teacher_activation, student_activation"):
        _logs(distiller, LABELS, BINARY)


@pytest.mark.parametrize("wrap", [list, keras.callbacks.CallbackList])
def test_a_backup_of_the_student_alone_is_refused(tmp_path, wrap):
    distiller = Distiller(_line([[1, 0], [0, 1]]), _line([[1, 0], [0, 1]], 5))
    distiller.compile("sgd", BINARY)
    callbacks = wrap([keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))])
    with pytest.raises(ValueError, match="BackupAndRestore would save the student's weights alone"):
        distiller.fit(POINTS, LABELS, callbacks=callbacks)
    with pytest.raises(ValueError, match="BackupAndRestore would save the student's weights alone"):
        distiller.fit(POINTS, LABELS, 8, 1, 0, callbacks)
    assert not list(tmp_path.rglob("*.h5"))


@pytest.mark.parametrize("wrap", [lambda y: {"y": y}, lambda y: [y]])
@pytest.mark.parametrize("whose", ["teacher", "student"])
def test_an_output_in_a_container(wrap, whose):
    plain, x = _line([[1, 0], [0, 1]]), keras.Input((2,))
    boxed = keras.Model(x, wrap(keras.layers.Dense(2)(x)))
    pair = {"teacher": plain, "student": plain, whose: boxed}
    with pytest.raises(ValueError, match=f"the {whose} gives its output in a (dict|list), and distillation needs the"):
        Distiller(**pair, student_activation="linear")
    pair[whose] = keras.Model(boxed.input, boxed.outputs[0])
    Distiller(**pair)


def test_a_subclassed_student_with_a_dict():
    class Boxed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return {"y": self.dense(x)}

    student = Boxed()
    student(POINTS)
    distiller = Distiller(_line([[1, 0], [0, 1]]), student, student_activation="linear")
    with pytest.raises(ValueError, match="the student gives its output in a dict"):
        _logs(distiller, LABELS, None)


def _sequence(seed, activation="softmax"):
    """(batch, 4, 2) to a prediction at each position."""
    keras.utils.set_random_seed(seed)
    last = keras.layers.Dense(3, activation, name="last")
    return keras.Sequential([keras.Input((4, 2)), keras.layers.Dense(5, name="inner"), last])


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_weights_of_positions_count_in_every_part(activation):
    teacher, student = _sequence(1, activation), _sequence(2, activation)
    x = POINTS[:16].reshape(4, 4, 2)
    y = RANDOM.integers(0, 2, (4, 4, 3)).astype("float32")
    weight = RANDOM.uniform(0, 2, (4, 4))
    inner = [keras.Model(model.inputs[0], model.get_layer("inner").output)(x).numpy() for model in (teacher, student)]
    distances = ((inner[0].astype("float64") - inner[1]) ** 2).mean(axis=(1, 2))
    features = FeatureDistillation("inner", "inner", projection=False)
    loss = "binary_crossentropy" if activation == "sigmoid" else "categorical_crossentropy"
    found = _logs(Distiller(teacher, student, features), y, loss, x=x, sample_weight=weight)
    assert found["soft_loss"] == pytest.approx((weight.mean(axis=1) * distances).mean(), rel=1e-5)
    found = _logs(Distiller(teacher, student, LogitsDistillation(1.0, 1.0)), y, loss, x=x, sample_weight=weight)
    p, q = (model(x).numpy().astype("float64") for model in (teacher, student))
    kl = p * np.log(p / q) + (0 if activation == "softmax" else (1 - p) * np.log((1 - p) / (1 - q)))
    kl = kl.sum(-1) if activation == "softmax" else kl.mean(-1)
    assert found["soft_loss"] == pytest.approx((weight * kl).mean(), rel=1e-4)


def test_weights_of_examples_with_several_labels():
    """Of as many labels as examples too, where they would be taken for weights of labels."""
    teacher, student = _line([[1, 0], [0, 1]], 0, "sigmoid"), _line([[1, 0], [0, 1]], 5, "sigmoid")
    for x in (POINTS, POINTS[:2]):
        weight = np.arange(len(x), dtype="float32")
        p, q = (model(x).numpy().astype("float64") for model in (teacher, student))
        kl = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).mean(-1)
        distiller = Distiller(teacher, student, LogitsDistillation(1.0, 1.0))
        found = _logs(distiller, LABELS[: len(x)], "binary_crossentropy", x=x, sample_weight=weight)
        assert found["soft_loss"] == pytest.approx((weight * kl).mean(), rel=1e-4)


def test_numbers_of_numpy():
    soft = LogitsDistillation(np.float64(3), np.float32(0.5))
    numpys = Distiller(_line([[1, 0], [0, 1]]), _line([[2, 0], [0, 1]]), soft, hard_weight=np.float64(0.25))
    ours = Distiller(_line([[1, 0], [0, 1]]), _line([[2, 0], [0, 1]]), LogitsDistillation(3.0, 0.5), hard_weight=0.25)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    assert _logs(numpys, LABELS, loss) == _logs(ours, LABELS, loss)


def test_a_loss_without_labels():
    distiller = Distiller(_line([[1, 0], [0, 1]]), _line([[1, 0], [0, 1]]))
    with pytest.raises(ValueError, match="the compiled loss needs labels, and the data have none"):
        _logs(distiller, None, keras.losses.CategoricalCrossentropy(from_logits=True))
    distiller = Distiller(_line([[1, 0], [0, 1]]), _line([[1, 0], [0, 1]]))
    distiller.compile("sgd")
    assert distiller.fit(POINTS, verbose=0).history["hard_loss"] == [0]
