import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.augmentation.rand_augment import OPERATIONS, RandAugment, apply_chosen

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 20, 24, 3), dtype="uint8")


def _augment(layer, images=IMAGES, seed=(1, 2)):
    result, _ = layer.augment(tf.constant(images), None, tf.constant(seed), None, None)
    return result.numpy()


def test_every_image_goes_through_its_own_operation():
    choices = np.random.default_rng(1).integers(0, len(OPERATIONS), 30)
    signs = np.random.default_rng(2).choice([-1.0, 1.0], 30).astype("float32")
    levels = tf.constant(IMAGES, tf.float32)
    together = apply_chosen(levels, tf.constant(choices, tf.int32), tf.constant(signs), 0.5).numpy()
    for number, choice in enumerate(choices):
        operation, strongest, signed = OPERATIONS[choice]
        strength = 0.5 * strongest * (signs[number] if signed else 1)
        alone = operation(levels[number : number + 1], tf.constant([strength], tf.float32)).numpy()
        expected = np.clip(np.round(alone[0]), 0, 255)
        np.testing.assert_allclose(together[number], expected, atol=1, err_msg=operation.__name__)


@pytest.mark.parametrize("choice", range(len(OPERATIONS)), ids=[row[0].__name__ for row in OPERATIONS])
def test_all_examples_may_choose_the_same(choice):
    chosen = tf.fill([30], choice)
    result = apply_chosen(tf.constant(IMAGES, tf.float32), chosen, tf.ones(30), 1.0)
    assert result.shape == IMAGES.shape
    changed = (result.numpy() != IMAGES).any()
    assert changed == (choice != 0)


def test_magnitude_zero_leaves_only_what_has_no_strength():
    names = [row[0].__name__ for row in OPERATIONS]
    for choice, name in enumerate(names):
        result = apply_chosen(tf.constant(IMAGES, tf.float32), tf.fill([30], choice), tf.ones(30), 0.0).numpy()
        if name in ("equalize", "autocontrast"):
            continue
        # solarize inverts pure white, as Pillow's does with a threshold of 255.
        expected = np.where(IMAGES == 255, 0, IMAGES) if name == "solarize" else IMAGES
        np.testing.assert_array_equal(result, expected, err_msg=name)


@pytest.mark.parametrize("num_ops", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_each_example_its_own_draw_and_a_pure_function_of_the_seed(num_ops, dtype):
    layer = RandAugment(num_ops=num_ops, magnitude=15)
    equal = np.repeat(IMAGES[:1], 60, axis=0).astype(dtype)
    first = _augment(layer, equal)
    assert first.dtype == dtype
    assert first.min() >= 0
    assert first.max() <= 255
    # One of 14 operations, most of them with a sign: 23 ways if there is one step.
    assert len({image.tobytes() for image in first}) > 15
    np.testing.assert_array_equal(_augment(layer, equal), first)
    assert (_augment(layer, equal, seed=(1, 3)) != first).any()


def test_floats_are_the_same_256_levels():
    whole = _augment(RandAugment(magnitude=20))
    unit = _augment(RandAugment(magnitude=20, value_range=(-1, 1)), (IMAGES / 127.5 - 1).astype("float32"))
    np.testing.assert_allclose((unit + 1) * 127.5, whole, atol=1e-3)


def test_one_channel_and_one_image():
    assert _augment(RandAugment(num_ops=8), IMAGES[:1, ..., :1]).shape == (1, 20, 24, 1)


def test_in_a_saved_model(tmp_path):
    layer = RandAugment(num_ops=3, magnitude=5)
    model = keras.Sequential([keras.Input((20, 24, 3)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == layer.get_config()
    images = IMAGES.astype("float32")
    np.testing.assert_array_equal(loaded(images), images)
    assert (loaded(images, training=True).numpy() != images).any()


def test_in_a_dataset():
    layer = RandAugment()
    data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(16).map(lambda images: layer(images, training=True))
    assert [batch.shape for batch in data] == [(16, 20, 24, 3), (14, 20, 24, 3)]
    assert data.element_spec.shape == (None, 20, 24, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_ops": 0}, "num_ops must be at least 1, not 0"),
        ({"magnitude": 31}, "magnitude must lie in 0..30, not 31"),
        ({"value_range": (1, 1)}, "value_range must be two rising numbers"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandAugment(**arguments)
