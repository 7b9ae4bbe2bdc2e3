import keras
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.augmentation.mixing import CutMix, MixUp, symmetric_beta

COUNT = 200
# Example i is filled with the value i, and its label is the i-th unit vector: what was mixed can be read off.
IMAGES = np.arange(COUNT, dtype="float32").reshape(-1, 1, 1, 1) * np.ones((1, 8, 10, 3), "float32")
LABELS = np.eye(COUNT, dtype="float32")


def _augment(layer, images=IMAGES, labels=LABELS, seed=(1, 2)):
    images, labels = layer.augment(tf.constant(images), tf.constant(labels), tf.constant(seed), None, None)
    return images.numpy(), labels.numpy()


def test_mixup_blends_images_as_labels():
    images, labels = _augment(MixUp(alpha=1.0))
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
    # The blended value is that of the two labels' examples, weighted by the labels.
    expected = labels @ np.arange(COUNT)
    np.testing.assert_allclose(images, expected.reshape(-1, 1, 1, 1) * np.ones_like(IMAGES), rtol=1e-4, atol=1e-3)
    assert (labels > 0).sum(axis=1).max() == 2


def test_mixup_shares_are_drawn_for_each_example():
    _, labels = _augment(MixUp(alpha=1.0))
    shares = np.diag(labels)
    assert len(np.unique(shares)) > 0.95 * COUNT
    # Uniform: mean 1/2 and standard deviation 0.289, here with 5 standard errors.
    assert abs(shares.mean() - 0.5) < 0.11


def test_mixup_partners_are_a_permutation():
    _, labels = _augment(MixUp(alpha=1.0))
    np.testing.assert_array_equal(((labels - np.diag(np.diag(labels))) > 0).sum(axis=0) <= 1, True)


def test_mixup_rounds_uint8():
    images = IMAGES.astype("uint8")
    mixed, labels = _augment(MixUp(alpha=1.0), images)
    assert mixed.dtype == "uint8"
    np.testing.assert_allclose(mixed[:, 0, 0, 0], labels @ np.arange(COUNT), atol=0.501)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_cutmix_labels_are_the_areas(dtype):
    images, labels = _augment(CutMix(alpha=1.0), IMAGES.astype(dtype))
    assert images.dtype == dtype
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        values, counts = np.unique(image[..., 0], return_counts=True)
        expected = np.zeros(COUNT)
        expected[values.astype(int)] = counts / 80
        np.testing.assert_allclose(label, expected, atol=1e-6)
        foreign = (image != number).all(axis=-1)
        assert foreign.sum() == foreign.any(axis=0).sum() * foreign.any(axis=1).sum()
        assert len(np.unique(image[foreign])) <= 1


def test_cutmix_rectangles_differ_in_size():
    _, labels = _augment(CutMix(alpha=1.0))
    assert len(np.unique(np.diag(labels))) > 20


@pytest.mark.parametrize("layer", [MixUp(0.4), CutMix()])
def test_numbers_and_several_axes_are_blended(layer):
    values = np.arange(COUNT, dtype="float32").reshape(-1, 1)
    _, ordinary = _augment(layer)
    _, numbers = _augment(layer, labels=values)
    np.testing.assert_allclose(numbers, ordinary @ values, rtol=1e-4, atol=1e-3)
    _, cubes = _augment(layer, labels=np.repeat(values, 6, axis=1).reshape(-1, 2, 3))
    np.testing.assert_allclose(cubes[:, 1, 2], numbers[:, 0], rtol=1e-5)


@pytest.mark.parametrize("layer", [MixUp(0.4), CutMix()])
def test_a_pure_function_of_the_seed(layer):
    first, second, other = _augment(layer), _augment(layer), _augment(layer, seed=(1, 3))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert (first[1] != other[1]).any()


@pytest.mark.parametrize("alpha", [1e-4, 0.2, 1.0, 50.0])
def test_beta(alpha):
    drawn = symmetric_beta(20000, alpha, tf.constant([3, 4])).numpy()
    assert np.isfinite(drawn).all()
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    # Mean 1/2, variance 1 / (4 (2 alpha + 1)); 5 standard errors of the mean of 20000 are at most 0.018.
    assert abs(drawn.mean() - 0.5) < 0.018
    assert drawn.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.05)


@pytest.mark.parametrize("layer", [MixUp(0.4), CutMix(0.7)])
def test_as_a_keras_layer(layer):
    batch = {"images": tf.constant(IMAGES), "labels": tf.constant(LABELS)}
    same = layer(batch)
    np.testing.assert_array_equal(same["labels"], LABELS)
    mixed = layer(batch, training=True)
    assert (mixed["labels"].numpy() != LABELS).any()
    assert (mixed["images"].numpy() != IMAGES).any()
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert restored.alpha == layer.alpha
    with pytest.raises(ValueError, match="blends labels too: call it with"):
        layer(IMAGES)


@pytest.mark.parametrize("layer", [MixUp(), CutMix()])
def test_class_ids_cannot_be_blended(layer):
    with pytest.raises(ValueError, match=r"must be floating-point.*, not int64"):
        _augment(layer, labels=np.arange(COUNT))


@pytest.mark.parametrize("alpha", [0, -1.0, "much"])
def test_wrong_alpha(alpha):
    with pytest.raises(ValueError, match="alpha must be a positive number"):
        MixUp(alpha)
