"""The callback in plain Keras: what a training ends with, whatever the model and whatever else changes weights."""

import itertools
import re

import keras
import numpy as np
import pytest

from kspec import ConstantSparsity, PolynomialDecay, PruneLowMagnitude, prune_low_magnitude
from kspec.parts.pruning import engines, masked

STEPS, BATCH = 5, 8
X = np.random.default_rng(0).normal(size=(STEPS * BATCH, 8)).astype("float32")
Y = X[:, :1] - X[:, 1:2]
TO_80 = PolynomialDecay(0.0, 0.8, 0, 8, frequency=2)
ENGINES = ["native", pytest.param("tfmot", marks=pytest.mark.skipif(not engines.is_installed(), reason="no TF-MOT"))]


def mlp():
    layers = [keras.layers.Dense(16, "relu", name="one"), keras.layers.Dense(1, name="two")]
    return keras.Sequential([keras.Input((8,)), *layers], name="mlp")


def nested():
    x = keras.Input((8,))
    inner = keras.Model(x, keras.layers.Dense(12, "relu", name="inside")(x), name="inner")
    outer = keras.Input((8,))
    return keras.Model(outer, keras.layers.Dense(1, name="head")(inner(inner(outer)[:, :8])))


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.one, self.two = keras.layers.Dense(12, "relu"), keras.layers.Dense(1)

    def call(self, inputs):
        return self.two(self.one(inputs))


def fit(model, callbacks, optimizer=None, epochs=2, jit=False, **arguments):
    keras.utils.set_random_seed(0)
    model.compile(optimizer or keras.optimizers.Adam(0.01), "mse", jit_compile=jit)
    known = {"batch_size": BATCH, "shuffle": False, "verbose": 0, "epochs": epochs}
    return model.fit(X, Y, callbacks=callbacks, **{**known, **arguments})


def zeros(model):
    return {one.path: int((one.numpy() == 0).sum()) for one in model.trainable_variables if one.name == "kernel"}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("make", "jit"), [(mlp, False), (nested, False), (Own, False), (nested, True)])
def test_every_kind_of_model_reaches_the_sparsity(make, engine, jit):
    """To within one weight: 0.8 * 128 = 102.4 and so on."""
    model = make()
    pruning = PruneLowMagnitude(TO_80, engine=engine)
    assert pruning.engine.name == engine
    fit(model, [pruning], jit=jit)
    for one in pruning.report():
        assert abs(one.zeros - 0.8 * one.size) <= 1
    assert {one.path: one.zeros for one in pruning.report()} == zeros(model)
    assert pruning.shortfalls() == []


def test_two_nested_models_whose_weights_have_the_same_paths():
    x, inner = keras.Input((8,)), []
    for name in ("left", "right"):
        inside = keras.Input((8,))
        inner.append(keras.Model(inside, keras.layers.Dense(16, name="inside")(inside), name=name))
    model = keras.Model(x, keras.layers.Dense(1, name="head")(keras.layers.Add()([one(x) for one in inner])))
    pruning = PruneLowMagnitude(TO_80)
    fit(model, [pruning])
    assert [(one.path, one.zeros) for one in pruning.report()] == [
        *(("inside/kernel", 102), ("inside/kernel", 102), ("head/kernel", 13))
    ]
    assert [int((one.get_layer("inside").kernel.numpy() == 0).sum()) for one in inner] == [102, 102]


def test_both_engines_train_to_the_same_bits():
    if not engines.is_installed():
        pytest.skip("no TF-MOT")
    trained = []
    for engine in ("native", "tfmot"):
        keras.utils.set_random_seed(3)
        model = mlp()
        fit(model, [PruneLowMagnitude(TO_80, engine=engine)], epochs=3)
        trained.append(model.get_weights())
    for ours, theirs in zip(*trained, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_are_masked_after_every_step_and_can_come_back():
    masks, seen = [], []

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            masks.append(pruning._masks[0].numpy())
            seen.append(self.model.trainable_variables[0].numpy())

    pruning = PruneLowMagnitude(ConstantSparsity(0.5, 0, frequency=3))
    fit(mlp(), [pruning, Look()], keras.optimizers.SGD(0.3), epochs=4)
    assert all(np.all(weight[mask == 0] == 0) for weight, mask in zip(seen[1:], masks[1:], strict=True))
    changed = [np.any((old == 0) & (new == 1)) for old, new in itertools.pairwise(masks)]
    assert any(changed)
    # Renewed for the steps 3, 9, 12, ... at the end of the step before. Step 6 begins an epoch, where TF-MOT has masked
    # the weights before it renews masks, so that none comes back.
    assert [step for step, (old, new) in enumerate(itertools.pairwise(masks), 2) if np.any(old != new)] == [
        *(2, 8, 11, 14, 17)
    ]


def test_a_count_goes_on_in_the_next_fit_and_masks_stay():
    model, pruning = mlp(), PruneLowMagnitude(PolynomialDecay(0.0, 0.8, 0, 8, frequency=2))
    with pytest.warns(UserWarning, match="the training ended at step 5, the schedule ends at step 8"):
        fit(model, [pruning], epochs=1)
    assert pruning.step == 5
    first = zeros(model)
    model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=[pruning], epochs=1)
    assert pruning.step == 10
    assert all(zeros(model)[path] > count for path, count in first.items())
    model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=[pruning], epochs=1)
    assert all(abs(one.zeros - 0.8 * one.size) <= 1 for one in pruning.report())


@pytest.mark.parametrize("make", [mlp, Own])
def test_another_model_begins_anew(make):
    """As in a loop over folds: neither the count nor the masks of the model before."""
    trained = []
    for callbacks in ([PruneLowMagnitude(TO_80)] * 2, [PruneLowMagnitude(TO_80)]):
        for seed, pruning in enumerate(callbacks, 3 - len(callbacks)):
            keras.utils.set_random_seed(seed)
            model = make()
            fit(model, [pruning])
        assert pruning.step == 10
        assert {one.path: one.zeros for one in pruning.report()} == zeros(model)
        trained.append(model.get_weights())
    for used, fresh in zip(*trained, strict=True):
        np.testing.assert_array_equal(used, fresh)


def test_masks_stay_where_a_layer_is_frozen_between_two_fits():
    model, pruning = mlp(), PruneLowMagnitude(ConstantSparsity(0.5, 3, 3, frequency=1))
    fit(model, [pruning], epochs=1)
    before = model.layers[1].kernel.numpy() == 0
    model.layers[0].trainable = False
    fit(model, [pruning], epochs=1)
    assert pruning.step == 10
    assert [one.zeros for one in pruning.report()] == [8]
    np.testing.assert_array_equal(model.layers[1].kernel.numpy() == 0, before)


def test_a_model_that_was_trained_without_it_is_pruned_by_the_next_fit():
    """The step that the first `fit` has compiled knows no masks: it has to be made again."""
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(zeros(self.model)["mlp/one/kernel"])

    model = mlp()
    fit(model, [])
    assert set(zeros(model).values()) == {0}
    once = PruneLowMagnitude(ConstantSparsity(0.5, 2, frequency=100), warn=False)
    model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=[once, Look()], epochs=2)
    assert seen == [64] * 10


def test_nothing_is_left_behind(tmp_path):
    """Constraints and optimizer are as without pruning, and the saved model loads in plain Keras with its state."""
    model = mlp()
    model.layers[0].kernel.constraint = keras.constraints.MaxNorm(0.5)
    fit(model, [PruneLowMagnitude(TO_80)])
    assert isinstance(model.layers[0].kernel.constraint, keras.constraints.MaxNorm)
    assert np.linalg.norm(model.layers[0].kernel.numpy(), axis=0).max() <= 0.5001
    assert len(model.optimizer.variables) == 2 + 2 * 4
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert zeros(again).values() != {0}
    assert list(zeros(again).values()) == list(zeros(model).values())
    for one, other in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    model.fit(X, Y, verbose=0)
    assert set(zeros(model).values()) == {0}


def test_a_file_saved_while_pruning_is_on_gives_its_masks_back(tmp_path):
    class Save(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if pruning.step == 7:
                self.model.save_weights(tmp_path / "middle.weights.h5")
                kept.extend(mask.numpy() for mask in pruning._masks)

    kept, pruning = [], PruneLowMagnitude(TO_80)
    fit(mlp(), [pruning, Save()])
    model, again = mlp(), PruneLowMagnitude(TO_80, warn=False)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    again.attach(model)
    model.load_weights(tmp_path / "middle.weights.h5")
    for mask, value in zip(again._masks, kept, strict=True):
        np.testing.assert_array_equal(mask.numpy(), value)
    model.fit(X, Y, verbose=0, callbacks=[again])
    assert all(one.zeros > 0 for one in again.report())


@pytest.mark.parametrize(("swaps", "every"), [("", None), ("", 2), ("epoch", None), ("test", None)])
def test_an_average_of_the_weights_does_not_undo_zeros(swaps, every):
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(min(zeros(self.model).values()))

    swap = [keras.callbacks.SwapEMAWeights(swap_on_epoch=swaps == "epoch")] if swaps else []
    pruning = PruneLowMagnitude(TO_80)
    optimizer = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=every)
    model = mlp()
    validation = None if swaps == "epoch" else (X, Y)
    fit(model, [pruning, *swap, Look()], optimizer, epochs=3, validation_data=validation)
    assert all(one.zeros >= int(0.8 * one.size) for one in pruning.report())
    assert seen[1:] == [13, 13]


def test_accumulated_gradients_do_not_undo_zeros():
    pruning = PruneLowMagnitude(TO_80)
    model = mlp()
    fit(model, [pruning], keras.optimizers.SGD(0.1, gradient_accumulation_steps=3), epochs=3)
    assert all(abs(one.zeros - 0.8 * one.size) <= 1 for one in pruning.report())


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(16, "relu", dtype=policy), keras.layers.Dense(1, dtype=policy)]
    )
    pruning = PruneLowMagnitude(TO_80)
    optimizer = keras.optimizers.Adam(0.01)
    if policy == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    fit(model, [pruning], optimizer)
    assert all(abs(one.zeros - 0.8 * one.size) <= 1 for one in pruning.report())


def test_several_steps_in_one_execution():
    model, pruning = mlp(), PruneLowMagnitude(TO_80)
    model.compile("adam", "mse", steps_per_execution=3)
    model.fit(X, Y, batch_size=BATCH, epochs=3, verbose=0, callbacks=[pruning])
    assert all(abs(one.zeros - 0.8 * one.size) <= 1 for one in pruning.report())


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_epochs_of_unknown_length():
    import tensorflow as tf

    def batches():
        yield from ((X[i : i + 8], Y[i : i + 8]) for i in range(0, 40, 8))

    signature = (tf.TensorSpec((None, 8)), tf.TensorSpec((None, 1)))
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    model, pruning = mlp(), PruneLowMagnitude(PolynomialDecay(0.0, 0.8, 0, 10, frequency=1))
    model.compile("adam", "mse", jit_compile=False)
    model.fit(data, epochs=3, shuffle=False, verbose=0, callbacks=[pruning])
    assert all(abs(one.zeros - 0.8 * one.size) <= 1 for one in pruning.report())
    assert pruning.step == 15


def test_forms_of_zeros():
    model, blocks = mlp(), PruneLowMagnitude(TO_80, exclude=["*two/*"], block_size=(2, 4))
    fit(model, [blocks])
    kept = (model.layers[0].kernel.numpy() != 0).reshape(4, 2, 4, 4).any(axis=(1, 3))
    assert kept.sum() == 3  # of 16 blocks
    model, two_of_four = mlp(), PruneLowMagnitude(sparsity_m_by_n=(2, 4))
    fit(model, [two_of_four])
    quarters = (model.layers[0].kernel.numpy() != 0).reshape(2, 4, 16).sum(axis=1)
    assert quarters.max() == 2
    model, together = mlp(), PruneLowMagnitude(TO_80, scope="global")
    fit(model, [together])
    found = together.report()
    assert abs(sum(one.zeros for one in found) - 0.8 * sum(one.size for one in found)) <= 1
    assert abs(found[1].zeros - 0.8 * found[1].size) > 1


def test_a_weight_of_many_equal_numbers_cannot_be_pruned_and_that_is_said():
    model, pruning = mlp(), PruneLowMagnitude(ConstantSparsity(0.5, 0, frequency=1), match="*/kernel")
    model.layers[0].kernel.assign(np.ones((8, 16)))
    with pytest.warns(
        UserWarning, match="0 of 128 are 0 .0.0%., 64 .50.0%. were asked for: weights of the same magnitu"
    ):
        fit(model, [pruning], keras.optimizers.SGD(0.0))
    quiet = PruneLowMagnitude(ConstantSparsity(0.5, 0, frequency=1), warn=False)
    fit(model, [quiet], keras.optimizers.SGD(0.0))
    assert len(quiet.shortfalls()) == 1


def test_a_frequency_that_misses_the_end_is_said():
    with pytest.warns(UserWarning, match="last renewed at step 6; let `frequency` divide"):
        fit(mlp(), [PruneLowMagnitude(PolynomialDecay(0.0, 0.8, 0, 9, power=1, frequency=6), match="*one/kernel")])
    with pytest.warns(UserWarning, match="none of the 10 steps renewed the masks"):
        fit(mlp(), [PruneLowMagnitude(ConstantSparsity(0.5, 0, frequency=50), match="*one/kernel")])


ENDED = "the training ended at step 10, the schedule ends at step "
NEVER = "none of the 10 steps renewed the masks; "


@pytest.mark.parametrize(
    ("schedule", "arguments", "said"),
    [
        (
            PolynomialDecay(0.0, 0.8, 500, 2000),
            {},
            f"0 of 128 are 0 (0.0%), 102 (79.7%) were asked for: {NEVER}{ENDED}2,000",
        ),
        (PolynomialDecay(0.0, 0.8, 0, 20, 1, 5), {}, f"51 of 128 are 0 (39.8%), 102 (79.7%) were asked for: {ENDED}20"),
        (ConstantSparsity(0.5, 20, 30), {}, f"0 of 128 are 0 (0.0%), 64 (50.0%) were asked for: {NEVER}{ENDED}30"),
        (PolynomialDecay(0.0, 0.8, 500, 2000), {"block_size": (2, 4)}, "0 of 128 are 0 (0.0%), 104 (81.2%) were"),
    ],
)
def test_a_training_that_ends_before_its_schedule_says_so(schedule, arguments, said):
    with pytest.warns(UserWarning, match=f"mlp/one/kernel: {re.escape(said)}"):
        fit(mlp(), [PruneLowMagnitude(schedule, match="*one/kernel", **arguments)])


def test_an_early_stop_before_the_final_sparsity_is_said():
    stop = keras.callbacks.EarlyStopping(monitor="loss", mode="max", patience=1)
    pruning = PruneLowMagnitude(PolynomialDecay(0.0, 0.8, 0, 40, frequency=5), match="*one/kernel")
    with pytest.warns(UserWarning, match="the training ended at step 10, the schedule ends at step 40"):
        fit(mlp(), [pruning, stop], keras.optimizers.SGD(0.0), epochs=10)


def test_a_sparsity_that_is_there_before_the_schedule_ends_is_not_said():
    fit(mlp(), [PruneLowMagnitude(ConstantSparsity(0.5, 0, 2000, frequency=3))])


def test_what_is_refused():
    with pytest.raises(ValueError, match="block_size"):
        PruneLowMagnitude(TO_80, block_size=(2,))
    with pytest.raises(ValueError, match="block_pooling_type"):
        PruneLowMagnitude(TO_80, block_pooling_type="SUM")
    with pytest.raises(ValueError, match="0 < m < n"):
        PruneLowMagnitude(sparsity_m_by_n=(4, 2))
    with pytest.raises(ValueError, match="cannot be combined"):
        PruneLowMagnitude(sparsity_m_by_n=(2, 4), block_size=(2, 2))
    with pytest.raises(ValueError, match="single weights"):
        PruneLowMagnitude(TO_80, scope="global", block_size=(2, 2))
    with pytest.raises(ValueError, match="scope must be"):
        PruneLowMagnitude(TO_80, scope="all")
    with pytest.raises(ValueError, match="in layers"):
        PruneLowMagnitude(TO_80, layers={"*": 1.0})
    with pytest.raises(ValueError, match="engine must be one of"):
        PruneLowMagnitude(TO_80, engine="keras")
    with pytest.raises(ValueError, match="matches no trainable weight"):
        fit(mlp(), [PruneLowMagnitude(TO_80, match=["nothing/*"])])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"pruning_schedule": 0.5},
            r"^pruning_schedule must be a schedule such as ConstantSparsity\(0.5, 0\), not 0.5",
        ),
        ({"pruning_schedule": ConstantSparsity}, "^pruning_schedule must be a schedule"),
        ({"layers": {"*": "0.5"}}, "^the sparsity of '\\*' in layers must be a number, not '0.5'"),
        ({"layers": 0.5}, "^layers must map patterns to sparsities"),
        ({"block_size": 2}, "^block_size must be two whole numbers, e.g. .2, 4., not 2"),
        ({"sparsity_m_by_n": 4}, "^sparsity_m_by_n must be two whole numbers"),
        ({"sparsity_m_by_n": ("2", 4)}, "^sparsity_m_by_n must be a number, not '2'"),
        ({"exclude": 3}, "^exclude must be a pattern such as '\\*/kernel', or a list of them, not 3"),
        ({"match": ["*", 3]}, "^a pattern in match must be a string such as '\\*/kernel', not 3"),
    ],
)
def test_arguments_of_another_kind_are_named(arguments, said):
    with pytest.raises(TypeError, match=said):
        PruneLowMagnitude(**arguments)


def test_numbers_of_numpy_and_a_single_pattern_are_taken():
    numpy = PruneLowMagnitude(layers={"*": np.float32(0.5)}, block_size=np.array([2, 4]), exclude="*two/kernel")
    assert (numpy.choice.layers, numpy.pattern.block_size, numpy.choice.exclude) == (
        {"*": 0.5},
        (2, 4),
        ("*two/kernel",),
    )


def test_a_schedule_out_of_range_zeroes_nothing():
    model = mlp()
    with pytest.raises(ValueError, match=r"the schedule gives 1\.5 at step 2"):
        fit(model, [PruneLowMagnitude(lambda step: (step == 2, 1.5))])
    assert set(zeros(model).values()) == {0}


def test_masks_need_a_compiled_and_built_model():
    with pytest.raises(ValueError, match="compile the model first"):
        PruneLowMagnitude(TO_80).attach(mlp())
    unbuilt = keras.Sequential([keras.layers.Dense(1)])
    unbuilt.compile("sgd", "mse")
    with pytest.raises(ValueError, match="build the model first"):
        PruneLowMagnitude(TO_80).attach(unbuilt)


def test_masks_of_a_training_that_failed_are_taken_off_by_the_next():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise RuntimeError("stop")

    model = mlp()
    with pytest.raises(RuntimeError):
        fit(model, [PruneLowMagnitude(TO_80), Stop()])
    assert isinstance(model.layers[0].kernel.constraint, masked.Masked)
    model.fit(X, Y, verbose=0, callbacks=[PruneLowMagnitude(TO_80, warn=False)])
    assert model.layers[0].kernel.constraint is None
    assert len(model.optimizer.variables) == 2 + 2 * 4


@pytest.mark.parametrize("make", [mlp, Own])
def test_a_second_one_in_one_fit_is_refused(make):
    both = [PruneLowMagnitude(ConstantSparsity(0.5, 1), match="*kernel") for _ in range(2)]
    with pytest.raises(ValueError, match=r"two PruneLowMagnitude in one `fit`.*`layers="):
        fit(make(), both)


@pytest.mark.parametrize("frozen", [False, True])
def test_detach_takes_the_masks_of_an_interrupted_training_off(frozen, tmp_path):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:  # the update of this step was let through unmasked
                raise KeyboardInterrupt

    model, pruning = mlp(), PruneLowMagnitude(ConstantSparsity(0.5, 0, frequency=2), warn=False)
    with pytest.raises(KeyboardInterrupt):
        fit(model, [Interrupt(), pruning])
    assert zeros(model)["mlp/two/kernel"] < 8
    model.layers[0].trainable = not frozen
    pruning.detach(model)
    assert [int((layer.kernel.numpy() == 0).sum()) for layer in model.layers] == [64, 8]
    assert [layer.kernel.constraint for layer in model.layers] == [None, None]
    assert len(model.optimizer.variables) == 2 + 2 * 4
    model.layers[0].trainable = True
    model.save(tmp_path / "model.keras")
    keras.saving.load_model(tmp_path / "model.keras")
    model.fit(X, Y, verbose=0)
    assert set(zeros(model).values()) == {0}


def test_detach_undoes_attach():
    model, pruning = mlp(), PruneLowMagnitude(TO_80)
    pruning.detach(model)  # not even compiled: nothing to take off
    model.compile("adam", "mse")
    pruning.attach(model)
    pruning.detach(model)
    assert [layer.kernel.constraint for layer in model.layers] == [None, None]
    assert len(model.optimizer.variables) == 2 + 2 * 4


def test_weights_that_an_early_stop_restores_before_it_get_the_last_masks():
    """The order that the docstring asks for: the best epoch is the first, the zeros are those of the last."""
    stop = keras.callbacks.EarlyStopping(monitor="loss", mode="max", patience=2, restore_best_weights=True)
    pruning = PruneLowMagnitude(TO_80)
    model = mlp()
    fit(model, [stop, pruning], keras.optimizers.SGD(0.01), epochs=10)
    assert pruning.step == 15
    assert zeros(model) == {"mlp/one/kernel": 102, "mlp/two/kernel": 13}


def test_for_people_who_come_from_tfmot():
    model = mlp()
    pruning = prune_low_magnitude(model, pruning_schedule=TO_80, match="*/kernel")
    fit(model, [pruning])
    assert all(abs(one.zeros - 0.8 * one.size) <= 1 for one in pruning.report())
    with pytest.raises(TypeError, match="needs a model of Keras 3, not Dense"):
        prune_low_magnitude(model.layers[0], TO_80)
    with pytest.raises(ValueError, match="pruning_policy"):
        prune_low_magnitude(model, TO_80, pruning_policy="xnnpack")
    with pytest.raises(ValueError, match="matches no trainable weight"):
        prune_low_magnitude(model, TO_80, match="nothing")


@pytest.mark.skipif(not engines.is_installed(), reason="no TF-MOT")
def test_schedules_of_tfmot_itself():
    _, module = engines.load()

    class Late(module.PruningSchedule):
        def __call__(self, step):
            import tensorflow as tf

            return tf.equal(step, 6), tf.constant(0.5)

        def get_config(self):
            return {}

    for engine in ("native", "tfmot"):
        for schedule, share in ((module.PolynomialDecay(0.0, 0.8, 0, 8, frequency=2), 0.8), (Late(), 0.5)):
            pruning = PruneLowMagnitude(schedule, engine=engine)
            fit(mlp(), [pruning])
            assert all(abs(one.zeros - share * one.size) <= 1 for one in pruning.report())
