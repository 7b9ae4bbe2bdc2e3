import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax

from kspec import DeterministicViews, Distiller, LogitsDistillation, PredictionDistillation, TeacherCache
from kspec.parts.distillation.scores import Scores

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(20, 8, 8, 1)).astype("float32")
Y = np.arange(20) % 3


def _augment(image, seed):
    return image + tf.random.stateless_normal(image.shape, seed)


@pytest.fixture
def views():
    return DeterministicViews(X, Y, _augment, batch_size=8, views=3)


def test_a_batch_brings_what_the_teacher_says_of_its_views(network, views):
    teacher = network(8, seed=1)
    cache = TeacherCache(20, 3, "float32").fill(teacher, views.all())
    for inputs, y in cache.attach(views.epochs()).take(7):
        expected = np.log(teacher.predict(inputs["inputs"], verbose=0))
        np.testing.assert_allclose(inputs["teacher_scores"], expected, atol=1e-5)
        assert len(y) == len(expected)


@settings(max_examples=60, deadline=None)
@given(logits=arrays("float32", (4, 5), elements=st.floats(-100, 100, width=32)), shift=st.sampled_from([0, 1e4]))
def test_half_precision_keeps_log_probabilities_to_half_a_thousandth(logits, shift):
    cache = TeacherCache(4, 1)
    positions = np.arange(4)
    cache._put(positions, positions * 0, Scores(tf.constant(logits), "softmax"))
    expected = log_softmax(logits.astype("float64"), -1)
    np.testing.assert_allclose(cache.table[:, 0], expected, rtol=6e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "first", "second", "mean"),
    [
        ("softmax", [0.5, 0.25, 0.25], [0.1, 0.75, 0.15], [0.3, 0.5, 0.2]),
        ("sigmoid", [0.5, 0.9, 0.25], [0.3, 0.7, 0.25], [0.4, 0.8, 0.25]),
    ],
)
def test_the_mean_of_the_views_is_that_of_their_probabilities(kind, first, second, mean):
    scores = np.array([first, second], "float32")
    scores = np.log(scores) if kind == "softmax" else np.log(scores / (1 - scores))
    cache = TeacherCache(1, 2, "float32")
    cache._put(np.array([0, 0]), np.array([0, 1]), Scores(tf.constant(scores), kind))
    found = np.exp(cache.average().table)
    found = found if kind == "softmax" else found / (1 + found)
    np.testing.assert_allclose(found, [[mean]], rtol=1e-5)


def test_a_view_that_is_not_filled_does_not_count_in_the_mean():
    cache = TeacherCache(3, 2, "float32")
    scores = np.log(np.array([[0.5, 0.5], [0.1, 0.9], [0.2, 0.8]], "float32"))
    cache._put(np.array([0, 0, 1]), np.array([0, 1, 0]), Scores(tf.constant(scores), "softmax"))
    average = cache.average()
    np.testing.assert_allclose(np.exp(average.table), [[[0.3, 0.7]], [[0.2, 0.8]], [[1, 1]]], rtol=1e-5)
    assert average.filled.tolist() == [[True], [True], [False]]
    assert cache.filled.tolist() == [[True, True], [True, False], [False, False]]


def test_the_mean_answers_for_any_view_after_a_file_too(network, views, tmp_path):
    cache = TeacherCache(20, 3, "float32").fill(network(8), views.all()).average()
    cache.save(tmp_path / "mean.npz")
    batches = tf.data.Dataset.from_tensors(((tf.range(20), tf.fill([20], 11)), (X, Y)))
    for one in (cache, TeacherCache.load(tmp_path / "mean.npz")):
        ((inputs, _),) = one.attach(batches)
        np.testing.assert_array_equal(inputs["teacher_scores"], cache.table[:, 0])


def test_the_memory_is_what_the_docstring_says():
    cache = TeacherCache(50_000, 8)
    cache._put(np.array([0]), np.array([0]), Scores(tf.zeros((1, 10)), "softmax"))
    assert cache.nbytes == 50_000 * 8 * (10 * 2 + 1)


@pytest.mark.parametrize("activation", ["softmax", None])
def test_training_with_the_cache_is_training_with_the_teacher(network, views, activation):
    results = []
    for cached in (True, False):
        teacher, student = network(8, activation, seed=1), network(4, seed=2)
        batches = views.epochs()
        cache = TeacherCache(20, 3, "float32").fill(teacher, views.all()) if cached else None
        distiller = Distiller(cache or teacher, student, LogitsDistillation(3.0), hard_weight=0.5)
        distiller.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
        data = cache.attach(batches) if cached else batches.map(lambda key, batch: batch)
        weights = {0: 1.0, 1: 2.0, 2: 0.5}
        fit = distiller.fit(
            data, steps_per_epoch=3, epochs=4, verbose=0, shuffle=False, class_weight=weights, validation_data=(X, Y)
        )
        results.append([*fit.history["loss"], *fit.history["val_loss"]])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-4)


def test_a_view_that_is_missing_ends_the_training(network, views):
    cache = TeacherCache(20, 3).fill(network(8), views.all().take(1))  # 20 examples in view 0
    assert cache.filled.sum() == 20
    batches = iter(cache.attach(views.epochs()))
    assert all(next(batches) is not None for _ in range(3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not hold every"):
        next(batches)


def test_several_teachers_and_a_file(network, views, tmp_path):
    teachers = [network(8, seed=1), network(4, None, seed=2)]
    cache = TeacherCache(20, 3).fill(teachers, views.all(), teacher_weights=[1, 3])
    cache.save(tmp_path / "cache.npz")
    loaded = TeacherCache.load(tmp_path / "cache.npz")
    assert (loaded.examples, loaded.views, loaded.kind, loaded.dtype) == (20, 3, "softmax", "float16")
    np.testing.assert_array_equal(loaded.table, cache.table)
    np.testing.assert_array_equal(loaded.filled, cache.filled)
    (inputs, _) = next(iter(loaded.attach(views.epochs())))
    logs = [
        log_softmax(scores, -1) for scores in (np.log(teachers[0](inputs["inputs"])), teachers[1](inputs["inputs"]))
    ]
    expected = log_softmax(0.25 * logs[0] + 0.75 * logs[1], -1)
    np.testing.assert_allclose(inputs["teacher_scores"], expected, atol=2e-3)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        cache.save(tmp_path / "cache.npz")
    cache.save(tmp_path / "cache.npz", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["cache.npz"]


def test_what_is_wrong(network, views):
    for make, message in (
        (lambda: TeacherCache(0, 1), "at least 1"),
        (lambda: TeacherCache(1, 1, "bfloat16"), "dtype must be"),
        (lambda: TeacherCache(20, 3).attach(views.epochs()), "empty"),
        (
            lambda: TeacherCache(19, 3).fill(network(), views.all()),
            "the cache has 19 positions, and a batch position 19",
        ),
        (lambda: TeacherCache(20, 2).fill(network(), views.all()), "the cache has 2 views, and a batch view 2"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    cache = TeacherCache(20, 3).fill(network(), views.all())
    with pytest.raises(ValueError, match=r"the cache holds softmax \(3,\), not softmax \(4,\)"):
        cache.fill(network(classes=4), views.all())


def test_a_cache_and_its_batches_belong_together(network, views):
    cache = TeacherCache(20, 3).fill(network(8), views.all())
    for teacher, data, message in (
        (cache, views.epochs().map(lambda key, batch: batch), "brings no scores along"),
        (network(8), cache.attach(views.epochs()), "give the TeacherCache as the teacher"),
    ):
        distiller = Distiller(teacher, network(4))
        distiller.compile("sgd", "sparse_categorical_crossentropy")
        with pytest.raises(ValueError, match=message):
            distiller.fit(data, steps_per_epoch=2, shuffle=False, verbose=0)


def _numbers(bias):
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.set_weights([np.zeros((64, 2), "float32"), np.array([bias, 2 * bias], "float32")])
    return model


def test_a_cache_of_a_regression(views, tmp_path):
    cache = TeacherCache(20, 3, "float32").fill(_numbers(3.0), views.all(), teacher_activation="numbers")
    cache.save(tmp_path / "numbers.npz")
    student = _numbers(1.0)
    for one in (cache, TeacherCache.load(tmp_path / "numbers.npz"), cache.average()):
        np.testing.assert_array_equal(one.table[:, 0], [[3.0, 6.0]] * 20)
        distiller = Distiller(one, student, PredictionDistillation(1.0), hard_weight=0.0)
        distiller.compile(keras.optimizers.SGD(0.0), "mse")
        batches = one.attach(views.epochs()).map(lambda x, _: (x, tf.zeros((tf.shape(x["inputs"])[0], 2))))
        logs = distiller.fit(batches, steps_per_epoch=views.steps, shuffle=False, verbose=0).history
        assert logs["soft_loss"] == pytest.approx([10.0])  # (2^2 + 4^2) / 2


def test_the_mean_of_numbers_over_the_views_that_are_there():
    cache = TeacherCache(2, 3, "float32")
    scores = Scores(tf.constant([[1.0], [4.0], [7.0]]), "numbers")
    cache._put(np.array([0, 0, 1]), np.array([0, 2, 1]), scores)
    np.testing.assert_array_equal(cache.average().table, [[[2.5]], [[7.0]]])


def test_numbers_that_half_precision_cannot_hold(views):
    with pytest.raises(ValueError, match="the teacher says 80000, which float16 cannot hold: give dtype='float32'"):
        TeacherCache(20, 3).fill(_numbers(40000.0), views.all(), teacher_activation="numbers")
