import keras
import numpy as np
import pytest

from kspec.parts.models.resnet import ResNet


def trainable(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def test_parameters_of_resnet_20_by_hand():
    # conv: 3*3*3*16 + 6 * 9*16*16 + 9*16*32 + 5 * 9*32*32 + 9*32*64 + 5 * 9*64*64 = 267,696
    # norm: 2 * (7*16 + 6*32 + 6*64) = 1,376; dense: 64*10 + 10 = 650. The paper says 0.27M.
    assert trainable(ResNet((32, 32, 3), 10)) == 267_696 + 1_376 + 650 == 269_722


def test_parameters_of_projection_by_hand():
    # Two 1x1 convolutions 16 -> 32 -> 64, each with its norm.
    added = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    assert trainable(ResNet((32, 32, 3), 10, shortcut="projection")) == 269_722 + added


def test_parameters_of_version_2_by_hand():
    # The stem has no norm; blocks norm their inputs (16, 16, 16, 16, 32, 32, 32, 64, 64), their middles, and the end.
    norm = 2 * ((4 * 16 + 3 * 32 + 2 * 64) + 3 * (16 + 32 + 64) + 64)
    assert trainable(ResNet((32, 32, 3), 10, version="v2")) == 267_696 + norm + 650


@pytest.mark.parametrize("depth", [20, 32, 44, 56])
def test_depth_counts_the_layers_with_weights(depth):
    model = ResNet((8, 8, 1), 10, depth=depth, width=2)
    assert sum(isinstance(layer, keras.layers.Conv2D | keras.layers.Dense) for layer in model.layers) == depth


@pytest.mark.parametrize(("depth", "nearest"), [(18, "14 or 20"), (21, "20 or 26"), (2, "8 or 14"), (0, "8 or 14")])
def test_a_depth_that_is_no_resnet_names_the_nearest(depth, nearest):
    with pytest.raises(ValueError, match=rf"6n \+ 2, such as {nearest}, not {depth}"):
        ResNet((8, 8, 1), 10, depth=depth)


def test_the_identity_shortcut_takes_every_second_pixel_and_pads_channels_with_zeros():
    model = ResNet((5, 5, 1), 10, depth=8, width=2)
    before = keras.Model(model.input, model.get_layer("stage2_block1_subsample").input)
    after = keras.Model(model.input, model.get_layer("stage2_block1_widen").output)
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 1)).astype("float32")
    expected = np.pad(before(x)[:, ::2, ::2], [(0, 0), (0, 0), (0, 0), (1, 1)])
    np.testing.assert_array_equal(after(x), expected)


def test_without_batch_norm_every_block_starts_as_the_identity():
    model = ResNet((8, 8, 1), 10, depth=14, width=4, batch_norm=False)
    pair = [model.get_layer("stem_relu1").output, model.get_layer("stage1_block2_relu2").output]
    stem, stage = keras.Model(model.input, pair)(np.ones((1, 8, 8, 1)))
    np.testing.assert_array_equal(stem, stage)
