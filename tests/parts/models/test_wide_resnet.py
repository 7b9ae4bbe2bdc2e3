import numpy as np
import pytest

from kspec.parts.models.wide_resnet import WideResNet


def test_parameters_of_wrn_16_4_by_hand():
    stem = 9 * 3 * 16
    stage1 = 9 * 16 * 64 + 3 * 9 * 64 * 64 + 16 * 64
    stage2 = 9 * 64 * 128 + 3 * 9 * 128 * 128 + 64 * 128
    stage3 = 9 * 128 * 256 + 3 * 9 * 256 * 256 + 128 * 256
    norm = 2 * ((16 + 3 * 64) + (64 + 3 * 128) + (128 + 3 * 256) + 256)
    dense = 256 * 10 + 10
    model = WideResNet((32, 32, 3), 10, depth=16, width=4)
    count = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    assert count == stem + stage1 + stage2 + stage3 + norm + dense == 2_748_890


@pytest.mark.parametrize(("depth", "nearest"), [(4, "10 or 16"), (20, "16 or 22"), (27, "22 or 28")])
def test_a_depth_that_is_none_names_the_nearest(depth, nearest):
    with pytest.raises(ValueError, match=rf"6n \+ 4, such as {nearest}, not {depth}"):
        WideResNet((8, 8, 1), 10, depth=depth)
