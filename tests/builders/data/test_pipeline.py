import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.builders.data.order import ENDLESS
from kspec.builders.data.pipeline import pipeline
from kspec.builders.examples import Examples
from kspec.builders.targets import targets
from kspec.errors import DataError, SpecError
from kspec.parts.callbacks.epoch_counter import EpochCounter
from kspec.spec.data import Data

IMAGES = np.arange(10, dtype="uint8")[:, None, None, None] * np.ones((1, 6, 6, 3), "uint8")
EXAMPLES = Examples(IMAGES, np.arange(10) % 3)


def _batches(
    examples=EXAMPLES, *, task="classification", outputs=3, loss="auto", training=True, epoch=0, steps=None, **data
):
    spec = Data.model_validate({"sklearn": "digits", "batch_size": 4, **data})
    number = tf.Variable(epoch, dtype=tf.int64)
    wanted = targets(task, outputs, loss, spec.augment)
    return pipeline(examples, spec, wanted, seed=7, training=training, epoch=number, steps=steps)


def _all(dataset):
    x, y = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.concatenate(x), np.concatenate(y)


def test_every_example_once_with_its_label():
    dataset = _batches()
    assert int(dataset.cardinality()) == 3
    assert [len(x) for x, _ in dataset] == [4, 4, 2]
    x, y = _all(dataset)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    first = x[:, 0, 0, 0]
    assert sorted(first) == list(range(10))
    np.testing.assert_array_equal(y, first % 3)


def test_evaluation_keeps_order_and_pixels_and_every_example():
    x, _ = _all(_batches(training=False, augment=["RandomCrop"], drop_remainder=True))
    np.testing.assert_array_equal(x, IMAGES)
    x, _ = _all(_batches(shuffle=False))
    np.testing.assert_array_equal(x, IMAGES)


def test_the_last_smaller_batch_can_be_left_out():
    dataset = _batches(drop_remainder=True)
    assert int(dataset.cardinality()) == 2
    assert dataset.element_spec[0].shape == (4, 6, 6, 3)


def test_steps_go_on_where_the_epoch_before_ended():
    values = [_all(_batches(steps=2, epoch=epoch))[0][:, 0, 0, 0].tolist() for epoch in (0, 1, 2)]
    whole = [_all(_batches(epoch=number))[0][:, 0, 0, 0].tolist() for number in (0, 1)]
    assert values[0] + values[1] + values[2] == whole[0] + whole[1]


@pytest.mark.parametrize(
    ("task", "outputs", "loss", "y", "expected", "dtype"),
    [
        ("classification", 3, "auto", [0, 2], [0, 2], "int64"),
        ("classification", 3, "CategoricalCrossentropy", [0, 2], [[1, 0, 0], [0, 0, 1]], "float32"),
        ("classification", 2, "auto", [0, 1], [[0], [1]], "float32"),
        ("multi_label", 2, "auto", [[0, 1], [1, 1]], [[0, 1], [1, 1]], "float32"),
        ("regression", 1, "auto", [[0.5], [2]], [[0.5], [2]], "float32"),
    ],
)
def test_labels_are_written_for_the_loss(task, outputs, loss, y, expected, dtype):
    examples = Examples(np.zeros((2, 3), "float32"), np.array(y))
    chosen = loss if loss == "auto" else _component(loss)
    _, written = _all(_batches(examples, task=task, outputs=outputs, loss=chosen, training=False))
    assert written.dtype == dtype
    np.testing.assert_array_equal(written, expected)


def _component(name):
    from kspec.spec.component import Component

    return Component(name=name)


@pytest.mark.parametrize(
    "augment",
    [
        [{"RandomCrop": {"padding": 2, "mode": "constant", "fill_value": 255}}, "RandomFlip"],
        [{"RandomShear": {"x_factor": 0.3}}],  # Keras' own
        [{"RandomInvert": {"factor": 0.5}}, {"RandomColorJitter": {"brightness_factor": 0.5}}],  # layers in a layer
        ["MixUp"],
    ],
)
def test_augmentation_is_a_function_of_seed_and_epoch(augment):
    noise = Examples(np.random.default_rng(0).integers(0, 256, IMAGES.shape, dtype="uint8"), EXAMPLES.y)
    first, again, later = (_all(_batches(noise, augment=augment, epoch=epoch, shuffle=False)) for epoch in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], later[0])
    assert not np.array_equal(first[0], noise.x)


def test_two_layers_of_a_kind_draw_differently():
    flip = {"RandomFlip": {"mode": "horizontal"}}
    images = np.random.default_rng(0).integers(0, 255, (64, 4, 4, 1), dtype="uint8")
    x, _ = _all(_batches(Examples(images, np.arange(64) % 3), augment=[flip, flip], batch_size=64, shuffle=False))
    flipped = np.mean([not np.array_equal(a, b) for a, b in zip(x, images, strict=True)])
    assert 0.2 < flipped < 0.8


def test_strings():
    texts = Examples(np.array(["eins", "zwei", "drei"], object), np.array([0, 1, 2]))
    x, _ = _all(_batches(texts, training=False))
    assert x.tolist() == [b"eins", b"zwei", b"drei"]


def test_training_twice_gives_the_same_weights_and_epochs_differ():
    def train():
        epoch = tf.Variable(0, dtype=tf.int64)
        spec = Data.model_validate({"sklearn": "digits", "batch_size": 4, "augment": ["RandomFlip", "RandomErasing"]})
        data = pipeline(EXAMPLES, spec, targets("classification", 3, "auto", ()), seed=1, training=True, epoch=epoch)
        keras.utils.set_random_seed(1)
        layers = [keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
        model = keras.Sequential(layers)
        model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
        model.fit(data, epochs=2, callbacks=[EpochCounter(epoch)], shuffle=False, verbose=0)
        return model.get_weights()

    for one, two in zip(train(), train(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_batch_larger_than_train_is_refused():
    with pytest.raises(DataError) as caught:
        _batches(batch_size=11)
    assert caught.value.problems[0].path == ("data", "batch_size")
    assert len(_all(_batches(batch_size=11, training=False))[0]) == 10


@pytest.mark.parametrize(
    ("augment", "x", "says"),
    [
        ("RandomCrop", np.zeros((10, 5), "float32"), "RandomCrop does not fit the data"),
        ({"CenterCrop": {"height": 2, "width": 2}}, IMAGES, "it makes 2x2x3 of it"),
        ("RandomShear", np.array(["text"] * 10, object), "RandomShear does not fit the data"),
    ],
)
def test_augmentation_that_does_not_fit_is_refused(augment, x, says):
    with pytest.raises(SpecError) as caught:
        _batches(Examples(x, EXAMPLES.y), augment=["RandomFlip", augment] if x is IMAGES else [augment])
    assert caught.value.problems[0].path == ("data", "augment", 1 if x is IMAGES else 0)
    assert says in caught.value.problems[0].message


def test_views_come_again_with_their_positions():
    spec = Data.model_validate({"sklearn": "digits", "batch_size": 4, "augment": ["RandomCrop", "RandomFlip"]})
    wanted = targets("classification", 3, "auto", spec.augment)
    images = np.random.default_rng(0).integers(0, 256, (10, 6, 6, 3)).astype("uint8")
    examples = Examples(images, np.arange(10) % 3)

    def passes(first, count):
        epoch = tf.Variable(first, dtype=tf.int64)
        given = {"seed": 7, "training": True, "views": 2}
        dataset = pipeline(examples, spec, wanted, epoch=epoch, **given) if count == 1 else None
        dataset = dataset or pipeline(examples, spec, wanted, steps=3 * count, **given)
        found = {}
        for (positions, views), (x, y) in dataset.as_numpy_iterator():
            np.testing.assert_array_equal(y, positions % 3)
            found |= {key: image.tobytes() for key, image in zip(zip(positions, views, strict=True), x, strict=True)}
        return found

    both = passes(0, 2)
    assert len(both) == 20
    assert len(set(both.values())) == 20
    for epoch in range(5):
        once = passes(epoch, 1)
        assert once == {key: image for key, image in both.items() if key[1] == epoch % 2}


def test_endless_views_say_where_they_are_from_and_do_not_come_again():
    spec = Data.model_validate({"sklearn": "digits", "batch_size": 5, "augment": [{"RandomCrop": {"padding": 4}}]})
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 3)).astype("uint8")
    examples = Examples(images, np.arange(10) % 3)
    given = {"seed": 7, "training": True, "steps": 12, "views": ENDLESS}
    found = {}
    for (positions, views), (x, _) in pipeline(examples, spec, targets("classification", 3, "auto", ()), **given):
        found |= {(int(p), int(v)): image.tobytes() for p, v, image in zip(positions, views, x.numpy(), strict=True)}
    assert sorted(found) == [(position, view) for position in range(10) for view in range(6)]
    assert len(set(found.values())) > 50
