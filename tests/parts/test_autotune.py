"""No dataset that kspec trains or measures on has tf.data's tuner, which can hold up the end of an epoch."""

import keras
import numpy as np
import tensorflow as tf

import kspec
from kspec import text
from kspec.parts.autotune import in_order, untuned
from kspec.parts.distillation.cache import TeacherCache
from kspec.spec.reader import read


def is_tuned(dataset):
    return dataset.options().autotune.enabled is not False


def test_what_is_made_of_it_is_untuned_too():
    plain = tf.data.Dataset.range(6)
    assert is_tuned(plain)
    made = untuned(plain).map(lambda i: i + 1, num_parallel_calls=tf.data.AUTOTUNE).batch(2).prefetch(1)
    assert not is_tuned(made)
    assert [batch.tolist() for batch in made.as_numpy_iterator()] == [[1, 2], [3, 4], [5, 6]]


def test_arrays_in_order():
    x, y = np.arange(6.0).reshape(3, 2), np.arange(3)
    data = in_order(x, y, batch_size=2)["x"]
    assert not is_tuned(data)
    assert [(a.tolist(), b.tolist()) for a, b in data.as_numpy_iterator()] == [
        ([[0.0, 1.0], [2.0, 3.0]], [0, 1]),
        ([[4.0, 5.0]], [2]),
    ]
    [batch] = in_order([x, y], batch_size=3)["x"].as_numpy_iterator()
    assert [one.tolist() for one in batch] == [x.tolist(), y.tolist()]
    [batch] = in_order({"a": x, "b": np.array(["p", "q", "r"], object)}, batch_size=3)["x"].as_numpy_iterator()
    assert batch["b"].tolist() == [b"p", b"q", b"r"]


def test_sample_weights_go_along(monkeypatch):
    x, y, weights = np.zeros((3, 2)), np.arange(3), np.array([1.0, 0.0, 2.0])
    [batch] = in_order(x, y, weights, batch_size=3)["x"].as_numpy_iterator()
    assert [one.tolist() for one in batch[1:]] == [[0, 1, 2], [1.0, 0.0, 2.0]]
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert in_order(x, batch_size=3) == {"x": x, "batch_size": 3}
    assert in_order(x, y, weights, batch_size=3) == {"x": x, "y": y, "sample_weight": weights, "batch_size": 3}


def test_what_is_predicted_for_arrays(monkeypatch):
    seen = []
    real = keras.Model.predict
    monkeypatch.setattr(keras.Model, "predict", lambda self, x, **rest: seen.append(x) or real(self, x, **rest))
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    images = np.random.default_rng(0).normal(size=(5, 4, 4, 1)).astype("float32")
    found = kspec.predict_views(model, images, ("mirror",), batch_size=2)
    by_hand = (model(images) + model(images[:, :, ::-1])) / 2
    np.testing.assert_allclose(found, by_hand, rtol=1e-5, atol=1e-6)
    assert [is_tuned(one) for one in seen] == [False]


def test_the_data_of_a_spec():
    tree = {"data": {"sklearn": "digits", "validation": 0.2, "test": 0.2, "augment": ["RandomFlip"]}, "model": "MLP"}
    experiment = kspec.build(read(text.read_text(text.dump(tree))))
    assert [is_tuned(part) for part in (experiment.train, experiment.validation, experiment.test)] == [False] * 3


def test_the_views_of_a_teacher():
    x, y = np.zeros((4, 2), "float32"), np.zeros(4)
    views = kspec.DeterministicViews(x, y, lambda one, seed: one, batch_size=2, views=2)
    cache = TeacherCache(4, 2)
    cache.table, cache.kind = np.zeros((4, 2, 3), "float16"), "softmax"
    cache.filled[:] = True
    assert [is_tuned(one) for one in (views.all(), views.epochs(), cache.attach(views.epochs()))] == [False] * 3
